"""Monthly bulletins for those who are to get them: once a month, with the first release of the month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from warehouse.errors import UsageError
from warehouse.notify.channels import Attachment
from warehouse.notify.outbox import Entry, EntryKind
from warehouse.notify.recipients import Recipient
from warehouse.report import figures, headlines
from warehouse.report.figures import Bulletin
from warehouse.report.queries import NATION
from warehouse.settings import Home


def entries(home: Home, recipients: Iterable[Recipient]) -> Iterator[Entry]:
    """Yield this month's bulletin for each recipient: its sentences, and whose it is.

    Raises:
        UsageError: nothing is published for a recipient's area.
    """
    for recipient in recipients:
        try:
            bulletin = read(home, recipient.scope)
        except UsageError as error:
            raise UsageError(
                f"recipients.csv: {recipient.name} is to get a bulletin of {recipient.scope}: {error}"
            ) from None
        item = f"{recipient.scope}|{bulletin.built_for:%Y-%m}"
        yield Entry(recipient.name, EntryKind.BULLETIN, item, bulletin=recipient.scope, text=_text(bulletin))


def _text(bulletin: Bulletin) -> str:
    """Return a bulletin's name and sentences, a line each."""
    return "\n".join([f"{bulletin.name}:", *(f"- {told}" for told in headlines.sentences(bulletin)), ""])


def attachment(home: Home, area: str) -> Attachment | None:
    """Return an area's bulletin as PDF; None where a message has none."""
    if not area:
        return None
    from warehouse.report import paper  # it needs the extra `report`, which other messages do not

    bulletin = read(home, area)
    return Attachment(f"{bulletin.file_name}.pdf", paper.write(bulletin))


def read(home: Home, area: str) -> Bulletin:
    """Return the current bulletin of the country (00), a department or a UGEL."""
    if area == NATION:
        return figures.read(home)
    return figures.read(home, ugel=area) if len(area) == 6 else figures.read(home, region=area)
