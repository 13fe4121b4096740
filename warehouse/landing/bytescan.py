"""One pass over the bytes of a delivery: a CSV reader alone reads hostile files wrongly and silently."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from warehouse import files
from warehouse.deliveries import DeliveryRefused, Fault
from warehouse.landing import encodings

CHUNK = 8 << 20
SUSPICIOUS = (b'"', b"\n\n", b"\n\r\n")  # a quote that may not be closed, a blank line
BLANK_AT_FIRST = (b"\n", b"\r\n")
LONGEST_LINE = 1 << 20
LARGEST_FILE = 16 << 30
LARGEST_PLAIN = 8 << 20  # one thread reads and types it in one step; for larger files two steps on all cores are faster
GZIP_RATIO = 200
GZIP_FREE = 64 << 20
GZIP_MAGIC = b"\x1f\x8b"
BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


@dataclass
class Scan:
    """The shape of a file's bytes; line numbers count from 1, the header being line 1."""

    sha256: str = ""
    size: int = 0
    unzipped: int = 0
    bom: str | None = None
    header: bytes = b""
    lines: int = 0
    ends_with_newline: bool = True
    carriage_returns: int = 0
    crlf: int = 0
    longest: int = 0
    longest_at: int = 0
    has_nul: bool = False
    has_quotes: bool = False
    separators: int = 0
    is_ascii: bool = True
    is_utf8: bool = True
    blank_lines: list[int] = field(default_factory=list)
    first_odd_quote: int | None = None
    some_utf8_lines: bool = False
    has_odd_text: bool = False  # characters that may have been written or read in a wrong encoding
    read_as: str | None = None  # an encoding that the contract does not name, in which lines were read

    @property
    def is_plain(self) -> bool:
        """Whether a small file has one line end and no blank lines."""
        return self.size <= LARGEST_PLAIN and not (self.blank_lines or self.mixes_line_ends or self.has_nul)

    @property
    def mixes_encodings(self) -> bool:
        """Whether some lines are UTF-8 and some are not."""
        return self.some_utf8_lines and not self.is_utf8

    def has_regular_rows(self, fields: int) -> bool:
        """Return whether the file has as many separators as its lines need, where quotes mean nothing."""
        return self.separators == (fields - 1) * (self.lines - len(self.blank_lines))

    @property
    def mixes_line_ends(self) -> bool:
        """Whether some lines end in CR LF and others in LF."""
        return 0 < self.crlf < self.lines - (not self.ends_with_newline)


def scan(path: Path, separator: str) -> Scan:
    """Read a file once and return its hash and shape.

    Raises:
        DeliveryRefused: the file is too large, damaged, not what its name says, or has a line that cannot be a row.
    """
    if path.stat().st_size > LARGEST_FILE:
        raise DeliveryRefused(Fault.TOO_LARGE, bytes=path.stat().st_size, most=LARGEST_FILE)
    shape = Scan(size=path.stat().st_size, sha256=files.sha256(path))
    with path.open("rb") as file, files.naming(path):
        is_gzip = file.read(2) == GZIP_MAGIC
        if is_gzip != (path.suffix == ".gz"):
            raise DeliveryRefused(Fault.NAME_LACKS_GZ if is_gzip else Fault.NAME_SAYS_GZ)
        file.seek(0)
        _scan_lines(shape, _whole_lines(_unzipped(file) if is_gzip else _chunks(file)), separator.encode())
    return shape


def sha256_of(path: Path) -> str:
    """Return the hash of a file that was not scanned; of its name if it is a link or no regular file."""
    if path.is_symlink() or not path.is_file():
        return hashlib.sha256(str(path.name).encode(errors="replace")).hexdigest()
    return files.sha256(path)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(CHUNK):
        yield block


def _unzipped(file: BinaryIO) -> Iterator[bytes]:
    """Decompress with Python's gzip, which checks length and CRC; DuckDB checks neither."""
    total = 0
    packed = Path(file.name).stat().st_size
    try:
        with gzip.GzipFile(fileobj=file) as unzipped:
            while block := unzipped.read(CHUNK):
                total += len(block)
                if total > min(max(GZIP_FREE, GZIP_RATIO * packed), LARGEST_FILE):
                    raise DeliveryRefused(Fault.GZIP_BOMB, times=GZIP_RATIO)
                yield block
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DeliveryRefused(Fault.GZIP_DAMAGED) from error


def _whole_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Regroup blocks so that each ends with a line; refuse a line that never ends."""
    rest = b""
    for block in blocks:
        cut = block.rfind(b"\n") + 1
        if not cut:
            rest += block
        else:
            yield rest + block[:cut]
            rest = block[cut:]
        if len(rest) > CHUNK:
            raise DeliveryRefused(Fault.LINE_OVER_CHUNK, bytes=CHUNK)
    if rest:
        yield rest


def _scan_lines(scan: Scan, blocks: Iterator[bytes], separator: bytes) -> None:
    """Fill the scan block by block; every block ends with a line."""
    for block in blocks:
        scan.unzipped += len(block)
        scan.separators += block.count(separator)
        if not scan.lines:
            _scan_start(scan, block)
        _scan_shape(scan, block)
        _scan_text(scan, block)
        scan.lines += block.count(b"\n") + (not block.endswith(b"\n"))
        scan.ends_with_newline = block.endswith(b"\n")


def _scan_start(scan: Scan, block: bytes) -> None:
    for mark, name in BOMS.items():
        if block.startswith(mark):
            scan.bom = name
            block = block[len(mark) :]
            break
    scan.header = block.split(b"\n", 1)[0].rstrip(b"\r")


def _scan_longest(scan: Scan, lengths: list[int]) -> None:
    longest = max(lengths)
    if longest > scan.longest:
        scan.longest = longest
        scan.longest_at = scan.lines + 1 + lengths.index(longest)
    if longest > LONGEST_LINE:
        raise DeliveryRefused(Fault.LINE_TOO_LONG, line=scan.longest_at, bytes=longest)


def _scan_shape(scan: Scan, block: bytes) -> None:
    """Record line ends, blank lines, odd quotes and the longest line of a block."""
    if b"\r" in block:
        scan.carriage_returns += block.count(b"\r")
        scan.crlf += block.count(b"\r\n")
    lines = block.split(b"\n")
    _scan_longest(scan, list(map(len, lines)))
    scan.has_quotes = scan.has_quotes or b'"' in block
    if block.startswith(BLANK_AT_FIRST) or any(mark in block for mark in SUSPICIOUS):
        _scan_suspicious(scan, lines if lines[-1] else lines[:-1])


def _scan_suspicious(scan: Scan, lines: list[bytes]) -> None:
    for number, line in enumerate(lines, start=scan.lines + 1):
        if not line.rstrip(b"\r"):
            scan.blank_lines.append(number)
        elif scan.first_odd_quote is None and line.count(b'"') % 2:
            scan.first_odd_quote = number


def _scan_text(scan: Scan, block: bytes) -> None:
    """Record NUL bytes and the encodings in which the block is well-formed."""
    scan.has_nul = scan.has_nul or b"\0" in block
    if block.isascii():
        return
    scan.is_ascii = False
    try:
        block.decode("utf-8")
        scan.some_utf8_lines = True
        scan.has_odd_text = scan.has_odd_text or encodings.is_odd(block, is_utf8=True)
    except UnicodeDecodeError:
        scan.is_utf8 = False
        scan.has_odd_text = scan.has_odd_text or encodings.is_odd(block, is_utf8=False)
        scan.some_utf8_lines = scan.some_utf8_lines or any(map(_is_utf8_text, block.split(b"\n")))


def _is_utf8_text(line: bytes) -> bool:
    """Return whether a line that is not ASCII is well-formed UTF-8."""
    if line.isascii():
        return False
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
