"""Files of text, looked through once and cut into pieces that processes read at the same time.

A piece holds whole rows. The survey of a file finds its pieces, its encoding and its digest; the
rows of each piece are then read by whichever process of the engine takes it. What is not text in
the encoding of the file becomes a mark in the cell, so that one bad byte costs one row.
"""

import codecs
import csv
import hashlib
import io
import lzma
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, cast

import charset_normalizer
import pyarrow as pa

from cluster_anatomy.compendium.steps import PipelineError
from cluster_anatomy.reading.encodings import ENCODINGS, LEAST_PLAUSIBLE, plausibility
from cluster_anatomy.registers import addresses

SIZE = 2**23
"""Bytes of a piece, about; a hundred thousand rows."""
BLOCK = 2**20
LONGEST_ROW = 100
"""Lines; a row that is longer is a quote that was never closed."""
NOT_CLOSED = "a quote that begins here is not closed"
PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bz2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"\xfd7zXZ\x00": "xz",
}
"""What packed files begin with."""
WIDE = {
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
"""Byte order marks of encodings whose line ends are not single bytes; the longest come first."""
BOM = codecs.BOM_UTF8
NO_TEXT = re.compile("[\x00\udc00-\udcff]")
"""What stands in a cell for a byte that is no text (`_mark`)."""
FEW = 10
SHARE = 1000
"""So few lines, and at most one in so many, may be damaged in a file that else is plain ASCII."""
SAMPLE = 2000
"""Lines that are not UTF-8 from which another encoding is guessed."""


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Put a mark in the place of each byte that cannot be decoded."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in wrong), error.end


MARK = "cluster_anatomy.mark"
codecs.register_error(MARK, _mark)


@dataclass(frozen=True)
class Piece:
    """Rows that one process reads.

    Of text: bytes from `start` to `stop`, the first of which is in line `line`. Of Parquet: the row
    groups from `start` to `stop`, the first row of which is `line`.
    """

    start: int
    stop: int
    line: int


@dataclass
class Survey:
    """What is known of a file of text when it has been looked through."""

    encoding: str
    digest: str
    pieces: list[Piece]
    damaged: int
    """Lines that are not text in this encoding."""


# --- Bytes as they are read


def packing(head: bytes) -> str:
    """Return how a file that begins like this is packed, blank if it is not."""
    return next((name for start, name in PACKED.items() if head.startswith(start)), "")


@contextmanager
def _unpacked(address: str, packed: str) -> Iterator[BinaryIO]:
    """Open a file for reading from its beginning, unpacked."""
    with addresses.open_file(address) as file:
        if not packed:
            yield cast(BinaryIO, file)
        elif packed == "xz":
            with lzma.open(cast(BinaryIO, file)) as stream:
                yield cast(BinaryIO, stream)
        else:
            with pa.CompressedInputStream(file, packed) as stream:
                yield cast(BinaryIO, stream)


def blocks(address: str, packed: str, wide: str = "") -> Iterator[bytes]:
    """Yield a file block by block, unpacked, and in UTF-8 if it is UTF-16 or UTF-32 (`wide`)."""
    decoder = codecs.getincrementaldecoder(wide)(MARK) if wide else None
    try:
        with addresses.reached(address), _unpacked(address, packed) as file:
            while block := file.read(BLOCK):
                yield decoder.decode(block).encode("utf-8", "surrogatepass") if decoder else block
        if decoder:
            yield decoder.decode(b"", True).encode("utf-8", "surrogatepass")
    except (EOFError, lzma.LZMAError, pa.ArrowException, OSError) as error:
        if not packed:
            raise
        line = str(error).strip().splitlines()[0]
        raise PipelineError(
            f"{address}: the packed file is damaged or not whole ({line}); pack it again"
        ) from None


def beginning(address: str) -> tuple[bytes, str, str]:
    """Return the first 256 KiB of a file, unpacked and in UTF-8 if wide; how packed; how wide."""
    with addresses.open_file(address) as file:
        packed = packing(file.read(8))
    head = next(blocks(address, packed), b"")
    wide = next((name for start, name in WIDE.items() if head.startswith(start)), "")
    if wide:
        head = next(blocks(address, packed, wide), b"")
    return head[: 2**18], packed, wide


# --- Where rows end


def _rows(separator: str) -> re.Pattern[bytes]:
    """Return the pattern of as many whole rows as follow each other, by the rules of `csv`.

    A quote opens a cell only where the cell begins; within, it is written twice.
    """
    sep = re.escape(separator.encode())
    quoted = rb'"[^"]*+(?:""[^"]*+)*+"'
    cell = rb"(?:" + quoted + rb'|(?!"))[^' + sep + rb"\r\n]*+"
    end = rb"(?:\n|\r\n|\r(?=[^\n]))"
    row = rb"(?:" + cell + sep + rb")*+" + cell + end
    return re.compile(rb"(?:" + row + rb")*+")


def first_row(data: bytes, separator: str) -> bytes:
    """Return the first row of a text, all of it if it has no end."""
    found = re.match(_rows(separator).pattern.removesuffix(b"*+"), data)
    return found[0] if found else data


def lines(data: bytes) -> int:
    """Return how many lines end in some text: by \\n, \\r\\n or \\r."""
    return data.count(b"\n") + data.count(b"\r") - data.count(b"\r\n")


def pieces_of(stream: Iterator[bytes], separator: str, address: str) -> Iterator[tuple[bytes, int]]:
    """Yield the text of each piece and its first line.

    Raises
    ------
    PipelineError
        If a quote is never closed.
    """
    rows, waiting, line = _rows(separator), b"", 1
    for block in stream:
        waiting += block
        if len(waiting) < SIZE:
            continue
        found = rows.match(waiting)
        end = found.end() if found else 0
        if end:
            yield waiting[:end], line
            line += lines(waiting[:end])
            waiting = waiting[end:]
        if lines(waiting) > LONGEST_ROW:
            raise PipelineError(f"{address}, line {line}: {NOT_CLOSED}")
    found = rows.match(waiting)
    end = found.end() if found else 0
    if lines(waiting[end:]) > LONGEST_ROW:
        line += lines(waiting[:end])
        raise PipelineError(f"{address}, line {line}: {NOT_CLOSED}")
    if waiting:
        yield waiting, line


# --- Encodings


@dataclass
class _Bytes:
    """Lines with bytes beyond ASCII, as they are met."""

    lines: int = 0
    good: int = 0
    bad: int = 0
    sample: list[bytes] = field(default_factory=list)

    def add(self, text: bytes) -> None:
        """Count the lines of a piece that are UTF-8 beyond ASCII, and those that are not UTF-8."""
        self.lines += lines(text)
        if text.isascii():
            return
        for line in text.splitlines():
            if line.isascii():
                continue
            try:
                line.decode()
                self.good += 1
            except UnicodeDecodeError:
                self.bad += 1
                if len(self.sample) < SAMPLE:
                    self.sample.append(line)

    def is_utf8(self) -> bool:
        """Say whether lines that are not UTF-8 are damage in a file that is."""
        rare = self.bad < FEW and self.bad * SHARE <= self.lines
        return self.good > self.bad or rare

    def guess(self, header: bytes, known: Callable[[str], int], address: str) -> str:
        """Return the encoding in which the lines that are not UTF-8 are most likely text.

        Known headings decide first, then plausible characters, then line ends (`\\r` alone was a
        Macintosh's).

        Raises
        ------
        PipelineError
            If there is none.
        """
        mac = b"\r" in header and b"\n" not in header
        likely = []
        for order, code in enumerate(ENCODINGS):
            if (read := self._read(code)) is not None:
                headings = known(header.decode(code, "replace"))
                sign = mac and code == "mac_roman"
                likely.append((headings, round(plausibility(read, code), 1), sign, -order, code))
        best = max(likely, default=(0, 0.0, False, 0, ""))
        if best[1] >= LEAST_PLAUSIBLE:
            return best[-1]
        guess = charset_normalizer.from_bytes(b"\n".join(self.sample)).best()
        if guess is None:
            raise PipelineError(
                f"{address}: no text in any encoding that is known; save it in UTF-8"
            )
        return "gb18030" if guess.encoding in ("gb2312", "gbk") else guess.encoding

    def _read(self, code: str) -> str | None:
        """Return the sample in an encoding, None if more than one line in ten is not in it."""
        read = []
        for line in self.sample:
            try:
                read.append(line.decode(code))
            except UnicodeDecodeError:
                continue
        return "\n".join(read) if 10 * len(read) >= 9 * len(self.sample) else None


@dataclass(frozen=True)
class Form:
    """What the beginning of a file of text tells of it."""

    packed: str
    wide: str
    separator: str
    header: bytes
    start: int
    """Byte at which the rows after the headings begin."""
    line: int
    """Line at which they begin."""


def survey(address: str, form: Form, known: Callable[[str], int], encoding: str = "") -> Survey:
    """Look through a file of text: its encoding, its digest, its pieces.

    Parameters
    ----------
    address : str
        The file.
    form : Form
        What its beginning tells.
    known : function
        Number of known headings in a first line; decides between encodings.
    encoding : str
        As it was given; it is found if not.

    Raises
    ------
    PipelineError
        If a quote is never closed, or the bytes are no text.
    """
    digest, seen, pieces, place = hashlib.sha256(), _Bytes(), [], 0
    stream = blocks(address, form.packed, form.wide)
    for text, line in pieces_of(stream, form.separator, address):
        digest.update(text)
        seen.add(text)
        start, stop = max(place, form.start), place + len(text)
        if start < stop:
            pieces.append(Piece(start, stop, line if place else form.line))
        place = stop
    if encoding and not form.wide:
        found = encoding
    elif form.wide or not seen.bad or seen.is_utf8():
        found = "utf-8"
    else:
        found = seen.guess(form.header, known, address)
    damaged = seen.bad if found == "utf-8" else 0
    return Survey(found, digest.hexdigest(), pieces, damaged)


# --- Rows


def rows_of(text: str, separator: str, line: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield number, line and cells of the rows of a text that begins at a line; blank ones do not
    count.

    Raises
    ------
    PipelineError
        If a quote is never closed.
    """
    first, row = line, 0
    limit = csv.field_size_limit(sys.maxsize)  # a long cell is no reason to stop
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        for cells in reader:
            if first + reader.line_num - line > LONGEST_ROW + 1:
                raise PipelineError(f"line {line}: {NOT_CLOSED}")
            if cells:
                row += 1
                yield row, line, cells
            line = first + reader.line_num
    finally:
        csv.field_size_limit(limit)
