"""The digest for a recipient: it counts and links, and names no child."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from warehouse.notify.outbox import Content, Entry
from warehouse.notify.recipients import Recipient
from warehouse.settings import read_yaml


class DashboardPage(NamedTuple):
    """A page of an audience's dashboards."""

    audience: str
    name: str


# Role → the page that its messages link to.
PAGES = {"school": DashboardPage("education", "lista"), "ugel": DashboardPage("officials", "calidad")}


@cache
def texts() -> dict[str, Any]:
    """Return the texts of digests, by role."""
    return read_yaml(Path(__file__).with_name("texts.yml"))


def content(recipient: Recipient, entries: Sequence[Entry], link: str, is_synthetic: bool) -> Content:
    """Return a message's content.

    Args:
        recipient: who receives it.
        entries: the new entries.
        link: the page to open; empty where there is none.
        is_synthetic: whether to say that no person is behind the numbers.
    """
    own = texts()[recipient.role]
    counts = Counter(str(entry.kind) for entry in entries)
    values = {"scope": recipient.scope, "link": link or texts()["no_link"]}
    lines = [
        *([texts()["synthetic"], ""] if is_synthetic else []),
        own["opening"].format(**values),
        "",
        *_counted(own, counts),
        *_missing(entries),
        "",
        own["closing"].format(**values),
        "",
        *(entry.text for entry in entries if entry.text),
        texts()["sign"],
    ]
    return Content(
        subject=own["subject"].format(**values),
        text="\n".join(lines),
        counts=dict(counts),
        link=link,
        bulletin="".join({entry.bulletin for entry in entries}),  # those to one recipient are all of its area
    )


def _counted(own: Mapping[str, Any], counts: Mapping[str, int]) -> list[str]:
    """Return a line per kind, in the singular or the plural."""
    return [f"- {own[kind][n > 1].format(n=n)}" for kind, n in sorted(counts.items(), reverse=True)]


def _missing(entries: Sequence[Entry]) -> list[str]:
    """Return a line per missing delivery; listed children are never named."""
    lines = (texts()["missing_line"].format(**entry.missing._asdict()) for entry in entries if entry.missing)
    return [f"  - {line}" for line in lines]


def link(recipient: Recipient, boards: str, ugel: str) -> str:
    """Return the dashboard for a recipient; empty for senders, who receive their sheets whole.

    Args:
        recipient: who receives the message.
        boards: address of the dashboards, with `{audience}` and `{ugel}` where they differ by it; empty: no link.
        ugel: the UGEL of the recipient's schools.
    """
    if not boards or recipient.role not in PAGES:
        return ""
    page = PAGES[recipient.role]
    return f"{boards.rstrip('/').replace('{audience}', page.audience).replace('{ugel}', ugel)}/d/qhawaq-{page.name}"
