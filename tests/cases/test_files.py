"""Files as offices really send them: quotes, headers, encodings and codes, each with its stated outcome."""

from __future__ import annotations

import pytest

from tests.cases.landed import Landed, land_case
from warehouse.settings import Home

ENROLLMENT = "SIAGIE_MATRICULA_2024_20240329.txt"
FEEDING = "ALIMENTACION_ESCOLAR_2025_20250402.csv"
SCHOOLS = "ESCALE_PADRON_2025_20250315.csv"
NAMES = "select apellido_paterno, apellido_materno, nombres from vault.siagie_enrollments order by _line"


def in_open_columns(landed: Landed) -> set[str]:
    """Return every text that the warehouse holds."""
    columns = landed.ask("select schema_name, table_name, column_name from duckdb_columns() "
                         "where data_type = 'VARCHAR' and not internal")  # fmt: skip
    each = " union ".join(f'select "{column}" from "{schema}"."{table}"' for schema, table, column in columns)
    return {text for (text,) in landed.ask(each) if text}


def test_two_stray_quotes_swallow_no_row(home: Home) -> None:
    landed = land_case(home, "two-stray-quotes-swallow-rows")
    assert landed.counts(ENROLLMENT) == ("landed", 5, 0)
    assert landed.ask("select count(distinct child_key), count(*) from raw.siagie_enrollments") == [(5, 5)]
    assert [name for *_, name in landed.in_vault(NAMES)] == ['"ROSA', "ROSA1", "ROSA2", 'ANA"', "ROSA4"]


def test_stray_quotes_leak_no_identity(home: Home) -> None:
    landed = land_case(home, "stray-quotes-leak-identities")
    assert landed.counts(ENROLLMENT) == ("landed", 5, 0)
    texts = "\n".join(in_open_columns(landed))
    for canary in ("ZZCANARIO", "CANARIA", "87654301", "40000001", "70000002", "ROSA2"):
        assert canary not in texts
    assert landed.ask("select _line, justificacion_retiro from raw.siagie_enrollments where "
                      "justificacion_retiro is not null order by 1") == [(2, '"VIAJE A LIMA'), (5, 'TRASLADO"')]  # fmt: skip


def grades_of_no_level(landed: Landed) -> int:
    """Count the filler's pupils of grades that primary does not have, of which no other line is quarantined here."""
    of_file = [row for row in landed.quarantined(ENROLLMENT) if row[1] == "id_grado"]
    assert len(of_file) == 12
    return len(of_file)


def test_a_field_too_many_quarantines_its_line(home: Home) -> None:
    landed = land_case(home, "mixed-extra-col")
    assert landed.counts(FEEDING) == ("landed", 24, 1)
    assert landed.quarantined(FEEDING) == [(24, None, "more_columns")]
    others = grades_of_no_level(landed)
    assert landed.counts(ENROLLMENT) == ("landed", 24 - others, 1 + others)
    assert (24, None, "more_columns") in landed.quarantined(ENROLLMENT)


def test_inner_quotes_are_characters_or_quarantine_their_line(home: Home) -> None:
    landed = land_case(home, "mixed-unescaped-inner-quotes")
    assert landed.counts(FEEDING) == ("landed", 24, 1)
    assert landed.quarantined(FEEDING) == [(24, None, "quote_in_line")]
    others = grades_of_no_level(landed)
    assert landed.counts(ENROLLMENT) == ("landed", 25 - others, others)


def test_the_header_in_the_middle_is_no_record(home: Home) -> None:
    landed = land_case(home, "header-in-the-middle")
    assert landed.counts(SCHOOLS) == ("landed", 3, 1)
    assert landed.quarantined() == [(4, "consulta_ubigeo", "header_again")]


def test_windows_1252_is_read_and_said(home: Home) -> None:
    landed = land_case(home, "cp1252-smart-quotes")
    assert landed.counts(ENROLLMENT) == ("landed", 2, 0)
    assert "Windows-1252" in str(landed.outcomes[ENROLLMENT].reason)
    assert landed.in_vault(NAMES)[0][2] == "JOSÉ “PEPE” €"
    assert landed.ask("select justificacion_retiro from raw.siagie_enrollments where _line = 3") == [
        ("Viaje \u2013 100 €",)
    ]


def test_windows_1252_is_refused_by_name_where_utf8_is_agreed(home: Home) -> None:
    landed = land_case(home, "cp1252-euro")
    others = grades_of_no_level(landed)
    assert landed.counts(ENROLLMENT) == ("landed", 25 - others, others)
    assert "Windows-1252" in str(landed.outcomes[ENROLLMENT].reason)
    assert landed.outcomes[FEEDING].status == "refused"
    assert str(landed.outcomes[FEEDING].reason).startswith("saved as Windows-1252: save as UTF-8, or declare it")


def test_code_page_850_is_refused_by_name(home: Home) -> None:
    landed = land_case(home, "cp850-names")
    assert landed.outcomes[ENROLLMENT].status == "refused"
    assert "code page 850" in str(landed.outcomes[ENROLLMENT].reason)


@pytest.mark.parametrize(
    ("case", "says"),
    [("double-encoded-utf8", "encoded twice"), ("replacement-character", "characters lost before sending")],
)
def test_spoilt_names_never_land(home: Home, case: str, says: str) -> None:
    landed = land_case(home, case)
    assert landed.outcomes[ENROLLMENT].status == "refused"  # every line has it: there is nothing to land
    assert says in str(landed.outcomes[ENROLLMENT].reason)


def test_codes_with_invisible_characters_are_codes(home: Home) -> None:
    landed = land_case(home, "school-codes-with-invisible-characters")
    assert landed.counts(SCHOOLS) == ("landed", 7, 1)
    codes = landed.ask("select codmod from raw.escale_schools order by _line")
    assert [code for (code,) in codes] == [f"000000{n}" for n in (1, 2, 3, 4, 5, 7, 8)]
    assert landed.quarantined() == [(7, "codmod", "not_digits")]  # 4.12E+05 lost its digits


def test_a_code_as_a_spreadsheet_writes_it(home: Home) -> None:
    landed = land_case(home, "code-as-float")
    assert landed.ask("select cod_mod, anexo from raw.siagie_enrollments") == [("0643270", "0")]


def test_a_code_with_and_without_its_zero_is_one_school(home: Home) -> None:
    landed = land_case(home, "padded-and-unpadded-code")
    assert landed.counts("SIAGIE_ASISTENCIA_202404_20240510.txt") == ("landed", 1, 1)
    assert [fault for *_, fault in landed.quarantined()] == ["key_twice"]
    assert landed.ask("select cod_mod from raw.siagie_attendance") == [("0643270",)]
