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

# Role → the audience whose dashboards it reads, and the page of them.
PAGES = {"school": ("education", "lista"), "ugel": ("officials", "calidad")}


@cache
def texts() -> dict[str, Any]:
    """Return what is written, by role."""
    return yaml.safe_load(Path(__file__).with_name("texts.yml").read_text(encoding="utf-8"))


def content(
    to: Recipient, entries: Sequence[Entry], sheets: Mapping[str, str], link: str, synthetic: bool
) -> dict[str, object]:
    """Return a message's subject, text, counts and link.

    Args:
        to: whom it goes to.
        entries: what it tells of.
        sheets: sheets for senders by file.
        link: where to look; empty where there is no such place.
        synthetic: say that no person is behind the numbers.
    """
    said, counts = texts()[to.role], Counter(one.kind for one in entries)
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


def link(to: Recipient, boards: str, ugel: str) -> str:
    """Return the dashboard that a message leads to; a sender gets its sheets whole instead.

    Args:
        to: whom it goes to.
        boards: address of the dashboards, with `{audience}` and `{ugel}` where they differ by it; empty: no link.
        ugel: whose schools the recipient's is.
    """
    if not boards or to.role not in PAGES:
        return ""
    audience, page = PAGES[to.role]
    return f"{boards.rstrip('/').replace('{audience}', audience).replace('{ugel}', ugel)}/d/qhawaq-{page}"
