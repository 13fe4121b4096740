"""Bulletins go out once a month; a preview shows what would be sent and changes nothing."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Country, qhawaq
from tests.notify import receivers
from tests.notify.conftest import NOON, SCHOOL, Place
from tests.paper.pages import texts
from warehouse.errors import UsageError
from warehouse.notify import notification
from warehouse.notify.notification import Round
from warehouse.report import figures, headlines


@pytest.fixture(scope="module")
def ugel(country: Country) -> str:
    return country.ask("select ugel_code from education.priority_list group by 1 order by count(*) desc, 1 limit 1")[0][
        0
    ]


@pytest.fixture
def reader(country: Country, tmp_path: Path) -> Iterator[Place]:
    """A copy of the country, and people who are to hear of it."""
    home = country.copy(tmp_path / "home", "archive", "compiled", "features")
    with receivers.webhook() as hook, receivers.mailbox() as mail:
        yield Place(home, hook, mail)


def test_a_bulletin_comes_once_with_its_sentences_and_its_pdf(reader: Place, ugel: str) -> None:
    reader.hears("direccion", "bulletin", ugel, "smtp")
    reader.hears("minedu", "bulletin", "00")
    assert reader.tell() == Round(new=2, sent=2, held=0, failed=())
    (mail,), (posted,) = reader.mail.messages, reader.hook.messages
    for told in headlines.sentences(figures.read(reader.home, ugel=ugel)):
        assert told in mail["text"].replace("\xa0", "\N{NO-BREAK SPACE}")
    ((name, pdf),) = mail["files"].items()
    assert name.startswith(f"boletin-{ugel}-")
    assert ugel in texts(pdf)[0]
    assert posted["subject"] == "Qhawaq: boletín mensual"
    assert posted["attachment"]["name"].startswith("boletin-peru-")
    assert "Boletín mensual: Perú" in texts(base64.b64decode(posted["attachment"]["base64"]))[0]
    assert reader.tell() == Round(0, 0, 0, ())  # the next comes with the next month's release


def test_other_messages_have_no_pdf(reader: Place, country: Country) -> None:
    school = country.ask("select service_code from education.priority_list limit 1")[0][0]
    reader.hears("tutora", "school", school)
    assert reader.tell().sent == 1
    assert "attachment" not in reader.hook.messages[0]


def test_a_bulletin_of_nowhere_is_told_to_who_keeps_the_table(reader: Place) -> None:
    reader.hears("nadie", "bulletin", "999999")
    with pytest.raises(UsageError, match="nadie is to get a bulletin of 999999: nothing is published"):
        reader.tell()


def test_a_preview_shows_what_would_be_sent_and_notes_nothing(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, "smtp")
    place.hears("duerme", "school", SCHOOL, quiet_from=0, quiet_until=23)
    place.publish([(SCHOOL, "1234567890123")])
    for _ in range(2):
        (shown,) = notification.preview(place.home, NOON, place.environment)
        assert shown.recipient.name == "tutora"
        assert "una entrada nueva en la lista priorizada" in shown.content.text
    assert not place.home.outbox.exists()
    assert place.mail.messages == place.hook.messages == []
    assert place.tell().sent == 1
    assert notification.preview(place.home, NOON, place.environment) == []


def test_the_command_shows_names_and_texts_but_no_address(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, "smtp")
    place.publish([(SCHOOL, "1234567890123")])
    said = qhawaq(place.home.root, "notify", "--dry-run", "--now", f"{NOON:%Y-%m-%dT%H:%M:%S}").stdout
    assert f"tutora (school {SCHOOL}, smtp): Qhawaq: novedades" in said
    assert "1 messages would be sent; nothing was" in said
    assert "@" not in said
    assert "1234567890123" not in said
    assert place.mail.messages == []
