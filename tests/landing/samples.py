"""Small well-formed deliveries that tests then break in one way each."""

from __future__ import annotations

from warehouse import contracts
from warehouse.settings import DBT_PROJECT

CONTRACTS = contracts.read(DBT_PROJECT)
ATTENDANCE = "SIAGIE_ASISTENCIA_202403_20240410.txt"
ENROLLMENT = "SIAGIE_MATRICULA_2024_20240329.txt"
HEADER = (
    "ID_ANIO|MES|COD_UGEL|COD_MOD|ANEXO|ID_PERSONA|DIAS_ABIERTOS|FALTAS_JUSTIFICADAS|FALTAS_INJUSTIFICADAS|TARDANZAS"
)
ROWS = [f"2024|3|150101|0{100000 + n % 7}|0|{7000 + n}|20|{n % 3}|{n % 5}|0" for n in range(40)]
NAMES = [("QUISPE", "MAMANI", "ROSA"), ("ÑAHUI", "CÁRDENAS", "JOSÉ MARÍA"), ("O'HIGGINS", "DE LA CRUZ", "ANA")]


def attendance(rows: list[str] | None = None, header: str = HEADER, end: str = "\n") -> str:
    """Return a month's attendance file."""
    return end.join([header, *(ROWS if rows is None else rows)]) + end


def enrollment(**changes: str) -> str:
    """Return an enrollment file of three pupils; `changes` replaces values of the first one."""
    columns = [column.name.upper() for column in CONTRACTS["siagie_enrollments"].columns]
    lines = ["|".join(columns)]
    for n, (father, mother, given) in enumerate(NAMES):
        row = dict.fromkeys(columns, "")
        row |= {
            "ID_ANIO": "2024", "COD_MOD": "0100001", "ANEXO": "0", "TIPO_DOC": "DNI", "N_DOC": f"7123456{n}",
            "CODIGO_ESTUDIANTE": f"000071234567{n}", "VALIDADO_RENIEC": "SI", "ID_PERSONA": f"{9000 + n}",
            "APELLIDO_PATERNO": father, "APELLIDO_MATERNO": mother, "NOMBRES": given, "DSC_LENGUA": "CASTELLANO",
            "FECHA_NACIMIENTO": "2014-05-06", "SEXO": "M", "ID_NIVEL": "B0", "ID_GRADO": "7", "ID_SECCION": "A",
            "ESTADO_MATRICULA": "DEFINITIVA", "SITUACION_MATRICULA": "PROMOVIDO", "FECHA_MATRICULA": "2024-03-11",
            "FECHA_REGISTRO": "2024-03-12", "APODERADO_N_DOC": f"4012345{n}", "APODERADO_NOMBRES": f"{father} LUZ",
        }  # fmt: skip
        if n == 0:
            row |= changes
        lines.append("|".join(row.values()))
    return "\n".join(lines) + "\n"
