"""Encodings of deliveries: what each line was written in, and signs of text that was read in a wrong one.

A line that is well-formed UTF-8 is UTF-8: other encodings do not look like it by chance. Any other line can be
Windows-1252, of which latin-1 is a part, unless its characters betray another: `¥AHUI` is Ñahui in code page 850.
"""

# ruff: noqa: RUF001, RUF003  the signs that wrong encodings leave are what it looks for
from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from warehouse.deliveries import DeliveryRefused, Fault

WINDOWS = "cp1252"
# Pairs that UTF-8 becomes when it is read as Windows-1252 (`Ã‘`), as code page 850 (`├æ`) or as Mac Roman (`√ë`).
TWICE = re.compile(
    "[ÂÃ][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2022\u2026\u2030"
    "\u2039\u203a\u20ac\u2122]|â€|[\u2500-\u259f]|√[^\\s\\d]|ï»¿"
)
# Signs inside words: letters of Spanish in code page 850 or Mac Roman that were read as Windows-1252.
MISREAD = re.compile(
    "[A-Za-z][\u0081\u008d\u008f\u0090\u009d\u00a0¡¢£¤¥¦¬µ¶±¼½¾¿×÷ÐÞðþ‚„†‡ˆ‰‹•™›˜ƒœ]+[A-Za-z]"
    "|(?<![A-Za-z])[\u0081\u0090¢£¤¥¦¬µ¶±ÐÞðþ‚„†‡]+[A-Za-z]|[A-Za-z][\u0081\u0090¢£¤¥¡‚„†‡Ðð]+(?![A-Za-z])"
    "|[A-Z]à|ÖA|[\u0080-\u009f]"
)
LOST = "\ufffd"
# Such signs in bytes from which ASCII was taken out: a block without one needs no second look.
ASCII = bytes(range(0x80))
MARKS = re.compile(
    rb"\xef\xbf\xbd|\xef\xbb\xbf|\xc2[\x80-\xa6\xac\xb1\xb5\xb6\xbc-\xbf]|\xc3[\x82\x83\x90\x96\x97\x9e\xa0\xb0\xb7\xbe]"
    rb"|\xc3\xa2\xe2|\xe2[\x80\x82\x88\x94-\x96]|\xcb[\x86\x9c]|\xc5\x93|\xc6\x92"
)
UNUSUAL = [*range(0x80, 0xA7), 0xAC, 0xB1, 0xB5, 0xB6, 0xBC, 0xBD, 0xBE, 0xBF, 0xC2, 0xC3]
UNUSUAL += [0xD0, 0xD6, 0xD7, 0xDE, 0xE0, 0xF0, 0xF7, 0xFE]
USUAL = bytes(set(range(0x100)) - set(UNUSUAL))
SPANISH = re.compile("^[\\x20-\\x7eáéíóúüñÁÉÍÓÚÜÑ¿¡ºª°\t\r]*$")
UTF7 = re.compile(rb"\+A[A-P][A-Za-z0-9+/]-")  # `+ANE-` is Ñ


class Misread(StrEnum):
    """Encodings that are recognized by what they look like, and never read."""

    CP850 = "cp850"
    MAC = "mac_roman"


NAMES = {
    "latin-1": "latin-1",
    WINDOWS: "Windows-1252",
    Misread.CP850: "code page 850 (DOS)",
    Misread.MAC: "Mac Roman",
    "utf-7": "UTF-7",
}


@dataclass
class Tally:
    """Lines that are not ASCII, by what they can be."""

    utf8: int = 0
    single_byte: int = 0  # not UTF-8, hence of an encoding of one byte a character
    has_windows: bool = False  # characters that latin-1 lacks, such as the euro
    misread: int = 0  # of single_byte: no sense as Windows-1252
    as_other: dict[Misread, int] = field(default_factory=lambda: dict.fromkeys(Misread, 0))  # of misread: sense as it

    @property
    def other(self) -> Misread | None:
        """The encoding in which most lines are that make no sense as Windows-1252, if these are most lines."""
        likely = max(self.as_other, key=lambda name: self.as_other[name])
        explains = self.as_other[likely] * 2 > self.misread and self.misread * 2 > self.single_byte
        return likely if explains else None

    @property
    def whole(self) -> str:
        """The name of the encoding that the lines are in that are not UTF-8."""
        return NAMES[self.other or (WINDOWS if self.has_windows else "latin-1")]


def is_odd(block: bytes, is_utf8: bool) -> bool:
    """Return whether a block that is not ASCII may hold text that was read or written in a wrong encoding."""
    high = block.translate(None, ASCII)
    return bool(MARKS.search(high) if is_utf8 else high.translate(None, USUAL))


def tally(lines: Iterable[bytes]) -> Tally:
    """Count a file's lines by what they can be."""
    counts = Tally()
    for line in lines:
        if line.isascii():
            continue
        if _is_utf8(line):
            counts.utf8 += 1
        else:
            _count_single_byte(counts, line)
    return counts


def _count_single_byte(counts: Tally, line: bytes) -> None:
    counts.single_byte += 1
    text = _windows(line)
    if text is None or MISREAD.search(text):
        counts.misread += 1
        for name in Misread:
            counts.as_other[name] += bool(SPANISH.match(line.decode(name)))
    elif any(character >= "\u0100" for character in text):
        counts.has_windows = True


def check(counts: Tally, contract_encoding: str) -> None:
    """Refuse a file that is in an encoding that its contract does not allow.

    Raises:
        DeliveryRefused: the whole file is in another encoding; the reason names it.
    """
    if contract_encoding == "utf-8" and counts.single_byte and not counts.utf8:
        raise DeliveryRefused(Fault.NOT_UTF8, encoding=counts.whole)
    if counts.other:
        raise DeliveryRefused(Fault.OTHER_ENCODING, encoding=counts.whole)


def utf8(line: bytes, contract_encoding: str) -> bytes | Fault:
    """Return a line that is not ASCII as UTF-8, or what is wrong with its characters."""
    text = line.decode("utf-8") if _is_utf8(line) else None
    if text is None and contract_encoding != "utf-8":
        text = _windows(line)
    if text is None:
        return Fault.ENCODING
    if LOST in text:
        return Fault.CHARACTERS_LOST
    if TWICE.search(text):
        return Fault.ENCODED_TWICE
    if MISREAD.search(text):
        return Fault.ENCODING
    return text.encode("utf-8")


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _windows(line: bytes) -> str | None:
    try:
        return line.decode(WINDOWS)
    except UnicodeDecodeError:
        return None


def readable(line: bytes) -> str:
    """Return the text of a line that landed, in whichever encoding it was delivered."""
    if _is_utf8(line):
        return line.decode("utf-8-sig")
    return _windows(line) or line.decode("latin-1")
