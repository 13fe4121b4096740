"""What a line was written in, and what betrays that it was read or written wrongly before."""

from __future__ import annotations

import pytest

from warehouse.deliveries import DeliveryRefused, Fault
from warehouse.landing import encodings

SPANISH = [
    "ÑAHUI",
    "JOSÉ MUÑOZ",
    "MARÍA ÁNGELES",
    "ÍÑIGO GÓMEZ",
    "RAÚL",
    "AGÜERO",
    "Peña",
    "Pública",
    "I.E. N° 1 «SAN JOSÉ»",
]
OF_ELSEWHERE = [
    "MÜLLER",
    "SCHRÖDER",
    "GONÇALVES",
    "CONCEIÇÃO",
    "O\u2019HIGGINS",
    "D\u00b4ANGELO",
    "ŠARIĆ",
    "FRANÇOIS",
    "BJØRN",
    "1ª y 2º",
]


@pytest.mark.parametrize("name", [*SPANISH, *OF_ELSEWHERE])
def test_names_are_read_as_they_are_in_both_encodings(name: str) -> None:
    for encoding in ("utf-8", "cp1252"):
        try:
            written = name.encode(encoding)
        except UnicodeEncodeError:
            continue
        assert encodings.utf8(written, "latin-1") == name.encode()


@pytest.mark.parametrize("name", [name for name in SPANISH if not name.isascii()])
@pytest.mark.parametrize("read_as", ["cp1252", "latin-1", "cp850", "mac_roman"])
def test_a_name_that_was_encoded_twice_is_never_read(name: str, read_as: str) -> None:
    try:
        twice = name.encode().decode(read_as)
    except UnicodeDecodeError:
        twice = name.encode().decode("latin-1")
    assert encodings.utf8(twice.encode(), "latin-1") in (Fault.ENCODED_TWICE, Fault.ENCODING)
    assert encodings.is_odd(twice.encode(), is_utf8=True), "its block is looked at"


@pytest.mark.parametrize("page", ["cp850", "mac_roman"])
def test_a_file_in_another_code_page_is_refused_by_its_name(page: str) -> None:
    lines = [f"1|{name}".encode(page) for name in ["ÑAHUI", "JOSÉ MUÑOZ", "PEÑA"]]
    assert encodings.is_odd(b"\n".join(lines), is_utf8=False)
    with pytest.raises(DeliveryRefused) as refusal:
        encodings.check(encodings.tally(lines), "latin-1")
    assert encodings.NAMES[encodings.Misread(page)] in str(refusal.value)


@pytest.mark.parametrize(("n_wrong", "is_refused"), [(1, False), (3, False), (4, True)])
def test_few_lines_of_another_code_page_are_quarantined_and_most_refuse_the_file(
    n_wrong: int, is_refused: bool
) -> None:
    lines = [*["ÑAHUI".encode("cp850")] * n_wrong, *["PEÑA".encode("cp1252")] * 3]
    assert (encodings.tally(lines).other is not None) is is_refused
    assert encodings.utf8(lines[0], "latin-1") is Fault.ENCODING


def test_lost_characters_are_seen_in_either_encoding() -> None:
    assert encodings.utf8("\ufffdAHUI".encode(), "utf-8") is Fault.CHARACTERS_LOST
    assert encodings.utf8("Ñ".encode("latin-1"), "utf-8") is Fault.ENCODING
