"""PDF by Typst: a template beside this module, and data that it reads as JSON, so that no text can be markup.

Fonts are those of Typst's wheel, whatever the machine has: a page looks the same everywhere.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PageData = dict[str, Any]  # what a template shows, by the names that it reads
HERE = Path(__file__).parent


def pdf(template: str, data: PageData) -> bytes:
    """Return a template of this folder as PDF.

    Args:
        template: its name without suffix.
        data: what it shows: texts, numbers, lists and tables of them; SVG and PDF pictures as text of their own fields.
    """
    import typst  # of the extra `report`: who never prints does without

    given = {"data": json.dumps(data, ensure_ascii=False, default=str)}
    path = str(HERE / f"{template}.typ")
    made: bytes = typst.compile(path, root=str(HERE), sys_inputs=given, ignore_system_fonts=True)
    return made
