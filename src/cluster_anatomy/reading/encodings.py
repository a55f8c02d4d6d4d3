"""Bytes become text: the encoding that a description names, or the one that fits best."""

import codecs
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from charset_normalizer import from_bytes

from cluster_anatomy.reading.problems import Problem, UnreadableError, as_shown

SAMPLE = 200_000
"""Characters at the beginning of a file by which encoding and delimiter are judged."""
MOST_LINES = 20
"""Lines that a message names."""
LEAST_PLAUSIBLE = 0.5
"""Share of plausible characters below which none of our encodings is believed."""
ENCODINGS = (
    "gb18030",
    "cp1252",
    "big5",
    "cp932",
    "euc_jp",
    "cp949",
    "mac_roman",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1255",
    "cp1256",
    "cp874",
)
"""Tried after UTF-8 and UTF-16, in this order where nothing else decides."""
COUNTRY_ENCODINGS = {
    "cp1252": (
        "USA",
        "UK",
        "Ireland",
        "Canada",
        "Australia",
        "New Zealand",
        "South Africa",
        "Germany",
        "Austria",
        "Switzerland",
        "Liechtenstein",
        "Luxembourg",
        "France",
        "Belgium",
        "Netherlands",
        "Spain",
        "Portugal",
        "Italy",
        "Denmark",
        "Norway",
        "Sweden",
        "Finland",
        "Iceland",
        "Brazil",
        "Mexico",
        "Argentina",
        "Chile",
        "Colombia",
        "Peru",
    ),
    "cp1250": (
        "Czechia",
        "Czech Republic",
        "Poland",
        "Hungary",
        "Slovakia",
        "Slovenia",
        "Croatia",
        "Romania",
    ),
    "cp1251": ("Russia", "Ukraine", "Bulgaria", "Serbia", "Belarus", "Kazakhstan"),
    "cp1253": ("Greece", "Cyprus"),
    "cp1254": ("Turkey", "Türkiye"),
    "cp1255": ("Israel",),
    "cp1256": ("Egypt", "Saudi Arabia", "Jordan", "Morocco", "Tunisia", "United Arab Emirates"),
    "cp874": ("Thailand",),
    "big5": ("Taiwan", "Hong Kong", "China (Hong Kong)"),
    "cp932": ("Japan",),
    "cp949": ("Korea", "South Korea"),
    "gb18030": ("China", "Singapore"),
}
ELSEWHERE = ("cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "cp874")
"""Encodings of one byte that are not looked for where cp1252 is usual: they read the same bytes as
other letters."""
MACINTOSH = {
    "cp1250": "mac_latin2",
    "cp1251": "mac_cyrillic",
    "cp1252": "mac_roman",
    "cp1253": "mac_greek",
    "cp1254": "mac_turkish",
}
"""What stands for an encoding of Windows in a file whose lines end as those of old Macintosh."""
FREQUENT = {
    "gb18030": ("gb2312", 0xB0, 0xD7),
    "big5": ("big5", 0xA4, 0xC6),
    "cp932": ("cp932", 0x88, 0x98),
    "euc_jp": ("cp932", 0x88, 0x98),
    "cp949": ("euc_kr", 0xB0, 0xC8),
}
"""Lead bytes of the frequent characters: each national standard orders its characters by use (GB
2312 level 1, Big5 level 1, JIS X 0208 level 1, the Hangul of KS X 1001)."""
TYPOGRAPHY = set("’‘“”„–—…•·€£§°®™«»×½\u00a0")


class _Candidate(NamedTuple):
    """A text under one encoding and what speaks for it; the smallest is the best."""

    minus_headings: int
    minus_plausibility: float
    foreign: bool  # not an encoding of the list's country
    order: int
    encoding: str
    text: int  # its hash: all texts at once would not fit into memory


def decode(
    data: bytes,
    file: str,
    score_text: Callable[[str], int],
    encoding: str | None = None,
    country: str | None = None,
) -> tuple[str, list[Problem]]:
    """Decode a file of text.

    Parameters
    ----------
    data : bytes
        The file.
    file : str
        Its name, for messages.
    score_text : function
        Number of known headings in a text; decides between encodings.
    encoding : str, optional
        As the description gives it; it is found if not given.
    country : str, optional
        Decides between encodings of one byte, where nothing else does.

    Returns
    -------
    text : str
    problems : list of Problem
        What had to be guessed.

    Raises
    ------
    UnreadableError
        If the text is not in the encoding given, or in none that is known.
    """
    if encoding is not None:
        return _as_described(data, encoding), []
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _as_begun(data, "utf-16"), []
    if (kind := _unmarked_utf16(data)) is not None:
        wrong = f"read as {kind}, without a byte order mark"
        return _as_begun(data, kind), [Problem(file, wrong, severity="note")]
    try:
        return data.decode("utf-8-sig"), []
    except UnicodeDecodeError:
        loose = data.decode("utf-8-sig", errors="replace")
    lost = loose.count("\ufffd") - data.count("\ufffd".encode())
    whole = sum(ord(char) > 127 for char in loose) - lost
    # letters of one byte by themselves are not UTF-8 by chance, those of two may be
    if whole > lost or (whole == lost and country in COUNTRY_ENCODINGS["cp1252"]):
        return loose, [_damage(file, loose)]
    return _legacy(data, file, score_text, country)


def _as_described(data: bytes, encoding: str) -> str:
    plain = encoding.lower().replace("_", "-")
    try:
        return data.decode("utf-8-sig" if plain in ("utf-8", "utf8") else encoding)
    except LookupError:
        raise UnreadableError(
            f"encoding '{encoding}' in description.toml is not known; utf-8 and gb18030 are"
        ) from None
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"line {_line(data, error)} is not {encoding}, which description.toml names; take"
            " `encoding` out to have it found"
        ) from None


def _as_begun(data: bytes, encoding: str) -> str:
    """Decode a text whose first bytes leave no doubt of its encoding."""
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise UnreadableError(
            f"begins as {encoding} but breaks at byte {error.start}; save it again as UTF-8"
        ) from None


def _line(data: bytes, error: UnicodeDecodeError) -> int:
    return data[: error.start].count(b"\n") + 1


def _unmarked_utf16(data: bytes) -> str | None:
    """Return the kind of UTF-16 whose zero bytes are seen in every other place, if any."""
    for high, kind in ((1, "utf-16-le"), (0, "utf-16-be")):
        upper, lower = data[high::2][:400], data[1 - high :: 2][:400]
        if upper.count(0) > 0.3 * len(upper) and not lower.count(0):
            return kind
    return None


def _damage(file: str, text: str) -> Problem:
    """Return the remark on a text that is UTF-8 but for some bytes, with their lines."""
    lines = [number for number, line in enumerate(text.splitlines(), 1) if "\ufffd" in line]
    more = f" and {len(lines) - MOST_LINES:,} more" if len(lines) > MOST_LINES else ""
    where = f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines[:MOST_LINES]))}{more}"
    wrong = f"{where}: bytes that are not UTF-8, though the rest is; it was read as UTF-8"
    return Problem(file, wrong, "look at these lines", severity="warning")


def _legacy(
    data: bytes, file: str, score_text: Callable[[str], int], country: str | None
) -> tuple[str, list[Problem]]:
    """Decode bytes that are no Unicode; say which encoding was taken, and if another fits too."""
    candidates = sorted(_candidates(data, score_text, country))
    if not candidates or -candidates[0].minus_plausibility < LEAST_PLAUSIBLE:
        guess = from_bytes(data).best()
        if guess is None:
            raise UnreadableError(
                "is no text in any encoding that is known; save it as CSV in UTF-8, or as .xlsx"
            )
        return str(guess), [_encoding_taken(file, guess.encoding, str(guess), doubt=True)]
    best, *others = candidates
    doubt = any(other[:2] == best[:2] and other.text != best.text for other in others)
    text = data.decode(best.encoding)
    return text, [_encoding_taken(file, best.encoding, text, doubt)]


def _candidates(
    data: bytes, score_text: Callable[[str], int], country: str | None
) -> list[_Candidate]:
    """Return the encodings in which the bytes are a text.

    Known headings speak for one first, then plausible characters, then the country.
    """
    usual = next((code for code, names in COUNTRY_ENCODINGS.items() if country in names), None)
    codes = [code for code in ENCODINGS if usual != "cp1252" or code not in ELSEWHERE]
    if b"\r" in data and b"\n" not in data:
        usual = MACINTOSH.get(usual or "", usual)
        codes = list(dict.fromkeys(MACINTOSH.get(code, code) for code in codes))
    candidates = []
    for order, code in enumerate(codes):
        try:
            text = data.decode(code)
        except UnicodeDecodeError:
            continue
        sample = text[:SAMPLE]
        candidates.append(
            _Candidate(
                -score_text(sample),
                -round(plausibility(sample, code), 1),
                code != usual,
                order,
                code,
                hash(text),
            )
        )
    return candidates


def _encoding_taken(file: str, code: str, text: str, doubt: bool) -> Problem:
    cells = re.split(r"[,;|\t\r\n]", text)
    sample = as_shown(next((cell for cell in cells if not cell.isascii()), ""))
    if not doubt:
        return Problem(file, f"read as {code}, which reads '{sample}'", severity="note")
    return Problem(
        file,
        f"the encoding is not certain; {code} was taken, which reads '{sample}'",
        "if that looks wrong, give `encoding` in description.toml or save the file as UTF-8",
        severity="warning",
    )


def plausibility(text: str, code: str) -> float:
    """Return the share of a text's characters beyond ASCII that are likely in this encoding.

    East Asian: the frequent characters of the national standard. Else: a letter among letters of
    its own script, a capital at the beginning of a word or among capitals.
    """
    marks: list[bool] = []
    for position, char in enumerate(text):
        if ord(char) < 128:
            continue
        if len(marks) >= 4000:
            break
        before, after = text[position - 1 : position], text[position + 1 : position + 2]
        marks.append(_frequent(char, code) if code in FREQUENT else _in_word(char, before, after))
    return sum(marks) / len(marks) if marks else 1.0


@cache
def _frequent(char: str, code: str) -> bool:
    name = unicodedata.name(char, "")
    if name.startswith(("HIRAGANA", "KATAKANA")):
        return code in ("cp932", "euc_jp")
    if unicodedata.category(char)[0] in "PSZN" or name.startswith("FULLWIDTH"):
        return char in TYPOGRAPHY or unicodedata.east_asian_width(char) in "WF"
    standard, low, high = FREQUENT[code]
    try:
        return low <= char.encode(standard)[0] <= high and ord(char) > 0x2E80
    except UnicodeEncodeError:
        return False


@cache
def _in_word(char: str, before: str, after: str) -> bool:
    if not char.isalpha() or char in "ªºƒ":
        return char in TYPOGRAPHY
    script = unicodedata.name(char, "").split(" ")[0]
    near = [other for other in (before, after) if other.isalpha()]
    if not near or any(unicodedata.name(other, "").split(" ")[0] != script for other in near):
        return False
    if char.isupper():
        return not before.isalpha() or before.isupper()
    return not (after.isupper() and before.isalpha())
