"""Cells of tables that people open: no spreadsheet may run what stands in them."""

from __future__ import annotations

FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n")  # spreadsheets read texts that begin so as formulas


def harmless(value: object) -> object:
    """Return a value that no spreadsheet evaluates: texts that resemble formulas get an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \0").startswith(FORMULAS) else value
