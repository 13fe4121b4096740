"""What is written to a recipient: a digest that counts and links, and names nobody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from warehouse.notify import news
from warehouse.notify.outbox import Entry
from warehouse.notify.recipients import Recipient

# Role → the board's page of its audience; a sender gets its sheets whole instead.
PAGES = {"school": "lista", "ugel": "calidad"}


@cache
def texts() -> dict[str, Any]:
    """Return what is written, by role."""
    return yaml.safe_load(Path(__file__).with_name("texts.yml").read_text(encoding="utf-8"))


def content(
    to: Recipient, entries: Sequence[Entry], sheets: Mapping[str, str], boards: str, synthetic: bool
) -> dict[str, object]:
    """Return a message's subject, text, counts and link.

    Args:
        to: whom it goes to.
        entries: what it tells of.
        sheets: sheets for senders by file.
        boards: address of the dashboards, with `{ugel}` and `{audience}` where they differ by it; empty: no link.
        synthetic: say that no person is behind the numbers.
    """
    said, link = texts()[to.role], _link(to, boards)
    counts = Counter(one.kind for one in entries)
    shown = {"scope": to.scope, "link": link or texts()["no_link"]}
    text = [
        *[texts()["synthetic"], ""][: 2 * synthetic], said["opening"].format(**shown), "", *_counted(said, counts),
        *_named(entries), "", said["closing"].format(**shown), "", *_enclosed(entries, sheets), texts()["sign"],
    ]  # fmt: skip
    return {"subject": said["subject"].format(**shown), "text": "\n".join(text), "counts": dict(counts), "link": link}


def _counted(said: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    """Return a line a kind, in the singular or the plural."""
    return [f"- {said[kind][n > 1].format(n=n)}" for kind, n in sorted(counts.items(), reverse=True)]


def _named(entries: Sequence[Entry]) -> list[str]:
    """Return a line for each thing that may be named: what is missing, never who is listed."""
    return [f"  - {_missing(one)}" for one in entries if one.kind == news.MISSING]


def _enclosed(entries: Sequence[Entry], sheets: Mapping[str, str]) -> list[str]:
    return [sheets[one.item.split("|")[0]] for one in entries if one.kind == news.SHEET]


def _missing(entry: Entry) -> str:
    source, period, region = entry.item.split("|")
    return texts()["missing_line"].format(source=source, period=period, region=region)


def _link(to: Recipient, boards: str) -> str:
    page = PAGES.get(to.role)
    if not boards or page is None:
        return ""
    audience = "education" if to.role == "school" else "officials"
    return f"{boards.rstrip('/').format(audience=audience)}/d/qhawaq-{page}"
