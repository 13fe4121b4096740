"""The register as it is downloaded: a ZIP of DBF tables in code page 850, with the columns that community sources name."""

from __future__ import annotations

import io
import struct
import zipfile

DIRECTOR = "ZZDIRECTORZZ"
# Column → kind and width. The header is from descriptions of the community, not from a file of the ministry.
COLUMNS = {
    "COD_MOD": "C7", "ANEXO": "C1", "CODLOCAL": "C6", "CEN_EDU": "C80", "NIV_MOD": "C2", "D_NIV_MOD": "C40",
    "D_FORMA": "C20", "COD_CAR": "C1", "D_COD_CAR": "C30", "TIPSSEXO": "C1", "D_TIPSSEXO": "C10", "GESTION": "C1",
    "D_GESTION": "C40", "GES_DEP": "C2", "D_GES_DEP": "C40", "DIRECTOR": "C60", "TELEFONO": "C20", "EMAIL": "C40",
    "PAGWEB": "C40", "DIR_CEN": "C80", "REFERENCIA": "C40", "LOCALIDAD": "C40", "CODCP_INEI": "C10", "CODCCPP": "C6",
    "CEN_POB": "C40", "AREA_CENSO": "C1", "DAREACENSO": "C10", "CODGEO": "C6", "D_DPTO": "C20", "D_PROV": "C30",
    "D_DIST": "C40", "D_REGION": "C30", "CODOOII": "C6", "D_DREUGEL": "C40", "NLAT_IE": "N12", "NLONG_IE": "N12",
    "TIPOPROG": "C1", "D_TIPOPROG": "C20", "COD_TUR": "C2", "D_COD_TUR": "C20", "ESTADO": "C1", "D_ESTADO": "C10",
    "D_FTE_DATO": "C20", "TALUM_HOM": "N6", "TALUM_MUJ": "N6", "TALUMNO": "N6", "TDOCENTE": "N6", "TSECCION": "N6",
    "FECHAREG": "D8", "FECHAACT": "D8",
}  # fmt: skip


def school(code: str, **changes: str) -> dict[str, str]:
    """Return a school service of the register; `changes` replaces values."""
    row = dict.fromkeys(COLUMNS, "")
    row |= {
        "COD_MOD": code, "ANEXO": "0", "CODLOCAL": "340962", "CEN_EDU": "NIÑO JESÚS, DE PRAGA", "NIV_MOD": "B0",
        "D_NIV_MOD": "Primaria", "GESTION": "1", "D_GESTION": "Pública de gestión directa", "DIRECTOR": DIRECTOR,
        "TELEFONO": "999999999", "EMAIL": f"{DIRECTOR}@x.pe", "CODCP_INEI": "0101010001", "CODCCPP": "123456",
        "CODGEO": "010101", "CODOOII": "010001", "D_DREUGEL": "UGEL CHACHAPOYAS", "NLAT_IE": "-6.2294",
        "NLONG_IE": "-77.8727", "ESTADO": "1", "D_ESTADO": "Activa", "TALUMNO": "132", "TDOCENTE": "8",
        "TSECCION": "6", "FECHAREG": "19900301", "FECHAACT": "20241120",
    }  # fmt: skip
    return row | changes


def dbf(rows: list[dict[str, str]], *, deleted: int = 0, code_page: int = 0x02, encoding: str = "cp850") -> bytes:
    """Return a table; the first rows may be marked as deleted."""
    names = list(rows[0])
    widths = {name: int(COLUMNS[name][1:]) for name in names}
    length = 1 + sum(widths.values())
    header = 32 + 32 * len(names) + 1
    out = [struct.pack("<B3sIHH17xB2x", 3, b"\x7c\x0b\x14", len(rows), header, length, code_page)]
    out += [struct.pack("<11sc4xB15x", name.encode(), COLUMNS[name][0].encode(), widths[name]) for name in names] + [
        b"\r"
    ]
    for number, row in enumerate(rows):
        out.append(b"*" if number < deleted else b" ")
        for name in names:
            value = row[name].encode(encoding)
            out.append(value.rjust(widths[name]) if COLUMNS[name][0] == "N" else value.ljust(widths[name]))
    return b"".join([*out, b"\x1a"])


def zipped(**members: bytes) -> bytes:
    """Return a ZIP; a double underscore in a member's name stands for a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, member in members.items():
            packed.writestr(name.replace("__", "."), member)
    return content.getvalue()
