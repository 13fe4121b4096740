"""Everybody hears of what is new for them once; nobody's name or pseudonym is written."""

from __future__ import annotations

import hashlib
import hmac
import stat
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.conftest import Country, qhawaq
from tests.notify.conftest import NOON, OTHER, SCHOOL, Place
from warehouse.errors import HomeError, QhawaqError, UsageError
from warehouse.landing.fault_sheets import Sheet
from warehouse.notify import notification, outbox
from warehouse.notify.notification import Round
from warehouse.progress import Progress
from warehouse.settings import Home

CHILD, SISTER, THIRD = "1234567890123", "1234567890124", "1234567890125"


def test_a_school_hears_of_each_new_entry_once(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL)
    place.hears("otro", "school", OTHER)
    place.publish([(SCHOOL, CHILD), (SCHOOL, SISTER), (OTHER, THIRD)], [(SCHOOL, CHILD, "long_absence")])
    assert place.tell() == Round(new=4, sent=2, held=0, failed=())
    first = {one["recipient"]: one for one in place.hook.messages}
    assert first["tutora"]["counts"] == {"listed": 2, "at_once": 1}
    assert first["otro"]["counts"] == {"listed": 1}
    assert place.tell() == Round(0, 0, 0, ())
    place.publish([(SCHOOL, CHILD), (SCHOOL, SISTER), (SCHOOL, THIRD)])  # one moves from school to school
    assert place.tell() == Round(1, 1, 0, ())
    assert place.hook.messages[-1]["recipient"] == "tutora"
    assert place.hook.messages[-1]["counts"] == {"listed": 1}


def test_who_left_the_list_is_new_when_they_come_back(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL)
    for listed, told in (([CHILD], 1), ([], 0), ([CHILD], 1), ([CHILD], 0)):
        place.publish([(SCHOOL, one) for one in listed])
        assert place.tell().sent == told


def test_a_rollback_makes_nothing_new(place: Place) -> None:
    from warehouse.publish import switching

    place.hears("tutora", "school", SCHOOL)
    before = place.publish([(SCHOOL, CHILD)])
    after = place.publish([(SCHOOL, SISTER)])
    assert place.tell().sent == 1
    for release, new in ((before, 1), (after, 0), (before, 0), (after, 0)):
        switching.point(place.home, release)
        assert place.tell().new == new


def test_a_message_counts_and_links_and_names_nobody(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, "smtp")
    place.publish([(SCHOOL, CHILD)], [(SCHOOL, SISTER, "long_absence"), (SCHOOL, THIRD, "not_enrolled")])
    place.tell()
    (mail,) = place.mail.messages
    assert mail["to"] == ["tutora@escuela.example"]
    assert mail["from"] == "qhawaq@ugel.example"
    assert mail["subject"] == f"Qhawaq: novedades para la institución {SCHOOL}"
    assert parsedate_to_datetime(mail["date"]) == NOON
    assert "- una entrada nueva en la lista priorizada" in mail["text"].splitlines()
    assert "- 2 estudiantes por buscar de inmediato" in mail["text"].splitlines()
    assert "https://tableros.example/education/150101/d/qhawaq-lista" in mail["text"]
    written = mail["text"] + place.home.outbox.read_bytes().decode("latin-1")
    assert not any(child in written for child in (CHILD, SISTER, THIRD))
    assert stat.S_IMODE(place.home.outbox.stat().st_mode) == 0o600


def test_synthetic_data_say_so(place: Place) -> None:
    place.home.marker.write_text('{"kind": "synthetic"}')
    place.hears("tutora", "school", SCHOOL)
    place.publish([(SCHOOL, CHILD)])
    place.tell()
    assert place.hook.messages[0]["text"].startswith("PRUEBA: los datos son sintéticos")


def test_a_ugel_hears_what_is_missing_in_its_region(place: Place) -> None:
    place.hears("lima", "ugel", "150101")
    place.hears("cusco", "ugel", "080101")
    withheld = ("siagie_attendance", "2025-09", "15", True)
    place.publish(withheld=[withheld, ("siagie_attendance", "2025-08", "08", False)])
    assert place.tell().sent == 1
    (said,) = place.hook.messages
    assert (said["recipient"], said["counts"]) == ("lima", {"missing": 1})
    assert "siagie_attendance, periodo 2025-09, región 15" in said["text"]


def test_a_sender_hears_of_a_sheet_and_again_when_it_says_something_else(place: Place) -> None:
    place.hears("regional", "sender", "siagie_attendance", "smtp")
    place.publish()
    place.home.fault_sheets.mkdir()
    file = "SIAGIE_ASISTENCIA_202509_20251001.txt"
    for fault, sent in (("columna faltas", 1), ("columna faltas", 0), ("columna mes", 1)):
        sheet = Sheet(file, "siagie.siagie_attendance", "Minedu", "2025-10-01", [fault])
        (place.home.fault_sheets / f"{file}.md").write_text(sheet.text())
        assert place.tell().sent == sent
    assert "columna mes" in place.mail.messages[-1]["text"]
    for other in ("SIAGIE_MATRICULA_2025_20251001.txt.md", "archivo-1.md"):  # of another source, of none
        (place.home.fault_sheets / other).write_text("# Ficha\n")
    assert place.tell().sent == 0


def test_what_comes_in_quiet_hours_is_one_digest_after_them(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, quiet_from=20, quiet_until=7)
    night = NOON.replace(hour=3)
    place.publish([(SCHOOL, CHILD)])
    assert place.tell(night) == Round(1, 0, 1, ())
    place.publish([(SCHOOL, CHILD), (SCHOOL, SISTER)])
    assert place.tell(night) == Round(1, 0, 1, ())
    place.publish([(SCHOOL, SISTER), (SCHOOL, THIRD)])  # one has left meanwhile: there is nothing to say of it
    assert place.tell(NOON) == Round(1, 1, 0, ())
    assert place.hook.messages[0]["counts"] == {"listed": 2}


def test_who_wants_no_messages_gets_none_and_no_backlog(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, opted_out=1)
    place.publish([(SCHOOL, CHILD)])
    assert place.tell().sent == 0
    place.hears("tutora", "school", SCHOOL)
    assert place.tell().sent == 0
    place.publish([(SCHOOL, CHILD), (SCHOOL, SISTER)])
    assert place.tell().sent == 1
    assert place.hook.messages[0]["counts"] == {"listed": 1}


def test_who_opts_out_gets_no_message_that_waits(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL)
    place.publish([(SCHOOL, CHILD)])
    place.hook.refuses = True
    assert len(place.tell().failed) == 1
    place.hook.refuses = False
    place.hears("tutora", "school", SCHOOL, opted_out=1)
    assert place.tell().sent == 0
    place.hears("tutora", "school", SCHOOL)
    assert place.tell().sent == 0


def test_one_who_cannot_be_reached_holds_nobody_up(place: Place) -> None:
    place.hears("caida", "school", SCHOOL, "smtp")
    place.hears("viva", "school", SCHOOL)
    place.mail.refuses = True
    place.publish([(SCHOOL, CHILD)])
    told = place.tell()
    assert (told.sent, told.failed) == (1, ("caida: SMTPDataError 451",))  # what the server says repeats the address
    with pytest.raises(QhawaqError, match="1 messages arrived, 1 were not taken") as failed:
        notification.require_acknowledged(told)
    assert "escuela" not in str(failed.value)
    place.mail.refuses = False
    assert place.tell() == Round(0, 1, 0, ())
    assert [len(place.mail.messages), len(place.hook.messages)] == [1, 1]


def test_a_changed_address_is_where_a_waiting_message_goes(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, "smtp")
    place.mail.refuses = True
    place.publish([(SCHOOL, CHILD)])
    place.tell()
    place.hears("tutora", "school", SCHOOL, "webhook")
    assert place.tell().sent == 1
    assert place.hook.messages[0]["counts"] == {"listed": 1}


def test_a_webhook_can_tell_who_wrote(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL)
    place.publish([(SCHOOL, CHILD)])
    with_secret = place.environment | {"QHAWAQ_WEBHOOK_SECRET": "s3cret"}
    notification.notify(place.home, Progress(quiet=True), NOON, with_secret)
    (said,) = place.hook.messages
    assert said["signature"] == "sha256=" + hmac.new(b"s3cret", said["raw"], hashlib.sha256).hexdigest()
    assert said["key"] == said["id"]


def test_a_redirect_is_not_followed(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, address=f"{place.hook.address}elsewhere")
    place.publish([(SCHOOL, CHILD)])
    assert place.tell().failed == ("tutora: HTTPError 302",)
    assert not place.hook.messages


def test_mail_without_a_server_says_what_to_set(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL, "smtp")
    place.publish([(SCHOOL, CHILD)])
    with pytest.raises(UsageError, match="QHAWAQ_SMTP_URL"):
        notification.notify(place.home, Progress(quiet=True), NOON, {})


def test_no_table_no_release_and_no_second_process(place: Place) -> None:
    with pytest.raises(UsageError, match=r"recipients\.csv is missing"):
        place.tell()
    place.hears("tutora", "school", SCHOOL)
    with pytest.raises(HomeError, match="nothing published"):
        place.tell()
    with outbox.alone(place.home), pytest.raises(HomeError, match="is held"):
        place.tell()


def test_a_damaged_outbox_is_no_empty_one(place: Place) -> None:
    place.hears("tutora", "school", SCHOOL)
    place.publish([(SCHOOL, CHILD)])
    place.home.outbox.write_bytes(b"not a database, whatever it is" * 40)
    with pytest.raises(HomeError, match="restore it"):
        place.tell()
    assert not place.hook.messages


def test_the_command_tells_a_countrys_schools(country: Country, place: Place, tmp_path: Path) -> None:
    """On the small country's own published files: as many as stand in them."""
    home = Home(tmp_path / "copy")
    home.root.mkdir()
    for name in ("home.json", "serving"):
        (home.root / name).symlink_to(country.home.root / name)
    school, count = country.ask(
        "select service_code, count(*) from education.priority_list group by 1 order by 2 desc, 1 limit 1"
    )[0]
    place.hears("tutora", "school", school)
    home.recipients.write_text(place.home.recipients.read_text())
    said = qhawaq(home.root, "notify", "--now", "2025-12-05T17:00:00").stdout
    assert "1 messages arrived" in said
    assert place.hook.messages[0]["counts"]["listed"] == count
    assert "0 new entries; 0 messages arrived" in qhawaq(home.root, "notify").stdout
    qhawaq(tmp_path / "none", "notify", expect=1)
