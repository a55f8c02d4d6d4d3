"""What people write into cells, understood or refused: years in any form, and words of a
vocabulary.
"""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from cluster_anatomy.reading.problems import meant
from cluster_anatomy.tables.cells import UNSEEN
from cluster_anatomy.tables.contract import Column

FIRST_YEAR = 1800
"""No firm of these lists is older; the contracts' years begin here too."""
WRITTEN = 2026
"""The year of this code: a clock that says less is wrong, and would call good years the future."""
DOMAIN = r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:[/?#]\S*)?"
"""A web address that lacks its ``https://``."""
ABOUT = 1
"""Years on either side that "c. 1998" stands for: sources of the study differ mostly by one
(data/README.md).
"""
MISSING = {
    "",
    "-",
    "--",
    "–",
    "—",
    "?",
    "??",
    ".",
    "/",
    "n/a",
    "n.a.",
    "na",
    "nan",
    "none",
    "null",
    "unknown",
    "not known",
    "unbekannt",
    "k.a.",
    "k. a.",
    "inconnu",
    "n.d.",
    "nd",
    "tbd",
    "不详",
    "不詳",
    "未知",
    "无",
    "無",
    "不明",
    "#n/a",
}
"""What stands for "not known" in a column of years, numbers, places or a vocabulary; a name is
never missing.
"""
ERAS = {
    "民国": 1911,
    "民國": 1911,
    "明治": 1867,
    "大正": 1911,
    "昭和": 1925,
    "平成": 1988,
    "令和": 2018,
}
"""Year before the first year of an era (Republic of China; reigns of Japan)."""
MONTHS = (
    r"jan(uary|uar|vier)?|feb(ruary|ruar)?|février|mar(ch|s)?|märz|apr(il)?|avril|may|mai|june?|juni|juin|july?|juli|juillet|"
    r"aug(ust)?|août|sept?(ember|embre)?|oct(ober|obre)?|okt(ober)?|nov(ember|embre)?|dec(ember)?|dez(ember)?|décembre"
)
ABOUT_WORDS = r"c\.?|ca\.?|circa|cca\.?|about|around|approx\.?|approximately|roughly|um|etwa|ungefähr|vers|environ|约|約|大约|~|≈|±"
FOUNDED_WORDS = (
    r"founded|established|est\.?|estd\.?|incorporated|inc\.?|set"
    r" up|since|from|started|formed|registered|opened|in|on|the|of|"
    r"year|gegründet|gegr\.?|seit|im"
    r" jahr|jahr|fondée?|créée?|depuis|en|成立于|创立于|创建于|始建于|建于|成立|创立|设立|"
    r"設立|創立|創業|西元|公元|自"
)
BEFORE_WORDS = r"before|pre|prior to|earlier than|vor|avant|<"
UNTIL_WORDS = r"by|until|till|up to|no later than|bis|jusqu['’]?en|jusqu['’]?à|<=|≤"
AFTER_WORDS = r"after|post|later than|nach|après|>"
_YEAR = r"(1[5-9]\d\d|20\d\d|21\d\d)"
_DECADE = (
    rf"(?:the |in |early[ -]|mid[ -]|late[ -])*(?:({_YEAR[1:-1]})|'?(\d0))\s*(?:['’]?s|er(?:"
    r" jahren?)?|年代)"
)


@dataclass(frozen=True)
class Year:
    """A year as understood: `value` if one year can be said, and the years between which it lies."""

    value: int | None
    low: int | None
    high: int | None
    said: str = ""  # why this is not simply what stands there; empty if it is


UNKNOWN = Year(None, None, None)


class YearError(ValueError):
    """Text that is no year; the message is what is wrong and what would be right, joined by ``; ``."""


def clean(cell: str) -> str:
    """Return a cell on one line, without characters that nobody sees and with single plain spaces.

    Letters of any script, markup and formulas stay as they are.
    """
    if cell.isascii() and cell.isprintable():
        return " ".join(cell.split())
    text = re.sub(r"[\t\n\r\x0b\x0c\u2028\u2029]", " ", unicodedata.normalize("NFC", cell))
    text = UNSEEN.sub(
        "", "".join(" " if unicodedata.category(char) == "Zs" else char for char in text)
    )
    return " ".join(text.split())


def is_missing(text: str) -> bool:
    """Say whether a cleaned cell of years, numbers, places or words stands for "not known"."""
    return text.casefold() in MISSING


def _digits(text: str) -> str:
    """Return a text in lower case with every digit of any script, and four Chinese ones in a row,
    as 0 to 9.
    """
    text = unicodedata.normalize("NFKC", re.sub("[¹²³⁰-⁹]+$", "", text))
    text = "".join(
        str(unicodedata.decimal(char)) if unicodedata.decimal(char, None) is not None else char
        for char in text
    )
    chinese = str.maketrans("〇零○一二三四五六七八九", "000123456789")
    text = re.sub(r"[〇零○一二三四五六七八九]{4}", lambda hit: hit.group().translate(chinese), text)
    return " ".join(text.casefold().replace("–", "-").replace("—", "-").replace("−", "-").split())


def this_year() -> int:
    """Return the last year that a firm may be from."""
    return max(datetime.date.today().year, WRITTEN)


@cache
def read_year(
    cell: str, country: str | None = None, about: int = ABOUT, today: int | None = None
) -> Year:
    """Read one year out of what people write.

    Parameters
    ----------
    cell : str
        A cleaned cell that is not missing.
    country : str, optional
        In Thailand a year such as 2543 is of the Buddhist era.
    about : int
        Years on either side that "c. 1998" stands for.
    today : int, optional
        The last year that is not refused; `this_year` if not given.

    Raises
    ------
    YearError
        If no year or more than one can be meant.
    """
    today = today or this_year()
    year = _read(_digits(cell), country, about, today)
    for part in (year.value or year.low, year.high):
        if part is not None and part < FIRST_YEAR:
            raise YearError(
                f"the year {part} is before {FIRST_YEAR}; write the year in which the firm began"
            )
    for part in (year.value, year.low):
        if part is not None and part > today:
            raise YearError(
                f"the year {part} is in the future; write the year in which the firm began, or"
                " leave it blank"
            )
    low = None if year.low is None else max(year.low, FIRST_YEAR)
    return Year(year.value, low, None if year.high is None else min(year.high, today), year.said)


def _read(text: str, country: str | None, about: int, today: int) -> Year:
    text = re.sub(r"[*†‡§]+$|(?<=\d)\s*\[\w{1,2}\]$", "", text).strip()
    if date := re.fullmatch(rf"{_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text):
        return _one(int(date[1]))
    if re.fullmatch(r"[+-]?\d+(\.0*)?|\d\.\d+e\+?0*3", text):
        return _number(float(text), country, today)
    if era := re.fullmatch(rf".*?({'|'.join(ERAS)})\s*(\d+|元)\s*年?.*", text):
        start, number = ERAS[era[1]], 1 if era[2] == "元" else int(era[2])
        if number > 130:
            raise YearError(f"{era[1]} has no year {number}; write the year as 1998")
        return _one(start + number, f"{era[1]} {number} is {start + number}")
    if era := re.fullmatch(
        r"(?:พ\.?ศ\.?|b\.?\s?e\.?)\s*(\d{4})|(\d{4})\s*(?:พ\.?ศ\.?|b\.?\s?e\.?)", text
    ):
        number = int(era[1] or era[2])
        return _one(number - 543, f"{number} of the Buddhist era is {number - 543}")
    if hit := re.fullmatch(r"[mtshr]\.?\s?(\d{1,2})", text):
        raise YearError(
            "a year of a Japanese reign by its letter; write the year as 1998, or the era in"
            " characters"
        )
    if hit := re.fullmatch(_DECADE, text):
        start = int(hit[1]) if hit[1] else 1900 + int(hit[2])
        if start % 10 == 0:
            return Year(None, start, start + 9, f"taken as some year from {start} to {start + 9}")
    if hit := re.fullmatch(r"(?:20世纪|20世紀|二十世纪)\s*(\d0)\s*年代.*", text):
        start = 1900 + int(hit[1])
        return Year(None, start, start + 9, f"taken as some year from {start} to {start + 9}")
    for words, tail, side in (
        (BEFORE_WORDS, r"之前|前", "before"),
        (UNTIL_WORDS, "以前|or earlier", "until"),
        (AFTER_WORDS, r"之后|之後", "after"),
        ("from", r"以后|以後|or later", "from"),
    ):
        hit = re.fullmatch(rf"(?:{words})[\s-]*{_YEAR}\s*年?", text) or re.fullmatch(
            rf"{_YEAR}\s*年?\s*(?:{tail})", text
        )
        if hit:
            year = int(hit[1])
            low, high = {
                "before": (None, year - 1),
                "until": (None, year),
                "after": (year + 1, None),
                "from": (year, None),
            }[side]
            return Year(
                None, low, high, f"taken as {f'{low} or later' if low else f'{high} or earlier'}"
            )
    return _plain(text, about, today)


def _plain(text: str, about: int, today: int) -> Year:
    """Read a year that words, a month or a second year may stand around."""
    doubt = bool(re.search(r"\?|\[sic\]", text))
    bare = re.sub(r"[?]|\bad\b|\bce\b", " ", text).strip(" .,;:()[]'\"’")
    if hit := re.match(rf"(?:{ABOUT_WORDS})(?=[\s\d:.])[\s:.]*", bare):
        bare, doubt = bare[hit.end() :], True
    if bare.endswith(("左右", "前后")):
        bare, doubt = bare[:-2], True
    while hit := re.match(rf"(?:{FOUNDED_WORDS})(?=[\s\d:.])[\s:.]*", bare):
        bare = bare[hit.end() :]
    if hit := re.match(rf"(?:{ABOUT_WORDS})(?=[\s\d:.])[\s:.]*", bare):
        bare, doubt = bare[hit.end() :], True
    bare = re.sub(
        r"\s*(?:年(?:成立|创立|创建|设立|设立|設立|創立)?|founded|established|gegründet)$", "", bare
    ).strip(" .,;:()")
    if re.fullmatch(_YEAR, bare):
        year = int(bare)
        return (
            Year(
                year,
                year - about,
                min(year + about, max(today, year)),
                f"taken as {year}, between {year - about} and {year + about}",
            )
            if doubt
            else _one(year)
        )
    if span := re.fullmatch(
        rf"(?:between )?{_YEAR}\s*年?\s*(?:-|/|to|or|and|bis|oder|à|ou|至|或|~)\s*{_YEAR}\s*年?",
        bare,
    ):
        return _span(int(span[1]), int(span[2]), text)
    if span := re.fullmatch(rf"{_YEAR}\s*(?:-|/)\s*(\d\d?)", bare):
        year, tail = int(span[1]), span[2]
        end = year - year % 10 ** len(tail) + int(tail)
        if end > year:
            return _span(year, end, text)
        if tail == "00" and year % 100 == 99:
            return _span(year, year + 1, text)
        if 1 <= int(tail) <= 12:
            return _one(year)
        raise YearError("the second year comes before the first; write 1996-1997, or one year")
    return _date(bare, text, doubt, about)


def _date(bare: str, text: str, doubt: bool, about: int) -> Year:
    """Read the year out of a date in any order of day, month and year."""
    body = re.sub(r"[ t]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[ap]m)?(z|[+-]\d\d:?\d\d)?$", "", bare)
    years = re.findall(rf"(?<!\d){_YEAR}(?!\d)", body)
    rest = re.sub(rf"(?<!\d){_YEAR}(?!\d)", " ", body)
    months = rf"(?<![^\W\d_])({MONTHS})(?![^\W\d_])\.?"
    had_month = re.search(months, body) is not None
    rest = re.sub(months, " ", rest)
    rest = re.sub(r"(?<=\d)(st|nd|rd|th)\b|年|月|日|号|\b(de|of|q[1-4]|h[12])\b", " ", rest)
    numbers = [int(part) for part in re.findall(r"\d+", rest)]
    only_numbers = not re.sub(r"[\d\s./,'’-]", "", rest)
    if (
        len(set(years)) == 1
        and only_numbers
        and len(numbers) <= 2
        and all(1 <= part <= 31 for part in numbers)
    ):
        year = int(years[0])
        return (
            Year(
                year,
                year - about,
                year + about,
                f"taken as {year}, between {year - about} and {year + about}",
            )
            if doubt
            else _one(year)
        )
    if len(set(years)) > 1:
        raise YearError(
            f"more than one year ({', '.join(dict.fromkeys(years))}); keep the year of entry, or"
            " write 1996-1997 for a span"
        )
    if (
        not years
        and only_numbers
        and (len(numbers) == 3 or (len(numbers) <= 2 and had_month and numbers))
    ):
        return _short(numbers, text)
    if len(years) == 1 and re.fullmatch(r"[^\d]*", rest):
        raise YearError(f"words around a year; write {years[0]} alone if that is the year of entry")
    if re.fullmatch(r"'?\d\d", bare):
        raise YearError("a year of two digits; write all four, such as 1998")
    raise YearError(
        "is no year; write four digits, such as 1998, or 1996-1997, c. 1998, before 1990, 1990s"
    )


def _short(numbers: list[int], text: str) -> Year:
    """Read the year of a date that writes it with two digits: the last part, unless another one may
    be it.
    """
    last = numbers[-1]
    if last > 99 or not all(1 <= part <= 31 for part in numbers[:-1]):
        raise YearError("is no date; write the year with four digits, such as 1998")
    year = 2000 + last if 2000 + last <= this_year() else 1900 + last
    if (
        len(numbers) == 3
        and (last <= 31 and numbers[0] <= 31)
        and not (last > 12 and numbers[0] <= 12 and numbers[1] > 12)
    ):
        raise YearError(
            "a date in which the year may be the first or the last part; write the year with four"
            " digits"
        )
    return _one(year, f"taken as {year}")


def _number(number: float, country: str | None, today: int) -> Year:
    if number != int(number):
        raise YearError("is no whole number; write one year with four digits, such as 1998")
    number = int(number)
    if country == "Thailand" and 2343 <= number <= today + 543:
        return _one(number - 543, f"{number} of the Buddhist era is {number - 543}")
    if today + 400 < number <= today + 543:
        raise YearError(
            f"the year {number} is in the future; if it is of the Buddhist era write"
            f" {number - 543}, or B.E. {number}"
        )
    if 5560 <= number <= today + 3761:
        raise YearError(
            f"the year {number} is in the future; if it is of the Hebrew calendar write"
            f" {number - 3760}"
        )
    if 1180 <= number <= 1450:
        raise YearError(
            f"the year {number} is before {FIRST_YEAR}; if it is of the Iranian calendar write"
            f" {number + 621}"
        )
    if 18264 <= number <= 60000:
        date = datetime.date(1899, 12, 30) + datetime.timedelta(days=number)
        raise YearError(
            f"a number that is no year; as a spreadsheet's day number it is {date}: write"
            f" {date.year}"
        )
    if 0 <= number < 100:
        raise YearError("a year of two digits; write all four, such as 1998")
    if not 1000 <= number <= 9999:
        raise YearError("is no year; write four digits, such as 1998")
    return _one(number)


def _one(year: int, said: str = "") -> Year:
    return Year(year, year, year, said)


def _span(low: int, high: int, text: str) -> Year:
    if low > high:
        raise YearError("the second year comes before the first; write 1996-1997, or one year")
    if low == high:
        return _one(low)
    if high - low == 1:
        return Year(low, low, high, f"taken as {low}, between {low} and {high}")
    return Year(None, low, high, f"taken as some year from {low} to {high}")


YES_NO = {
    "yes": "y yes true 1 x ja oui si sí 是 有 はい כן",
    "no": "n no false 0 nein non 否 没有 無 无 いいえ לא",
}


def word(part: str, column: Column) -> tuple[str | None, str]:
    """Return the word of a closed vocabulary that is meant, or none and what would be right."""
    folded = {_fold(value): value for value in column.allowed}
    if set(column.allowed) <= {"yes", "no"}:
        folded |= {alias: value for value in column.allowed for alias in YES_NO[value].split()}
    if (found := folded.get(_fold(part)) or folded.get(part.casefold())) is not None:
        return found, ""
    hint = meant(part.replace("_", " "), column.allowed)
    return None, f"{hint} " * bool(hint) + f"allowed: {', '.join(column.allowed)}"


def _fold(text: str) -> str:
    return "".join(
        char for char in unicodedata.normalize("NFKC", text).casefold() if char.isalnum()
    )
