"""Years as people write them, understood or refused."""

import datetime
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

FIRST_YEAR = 1800
"""No firm of these lists is older; the contracts' years begin here too."""
WRITTEN = 2026
"""The year of this code: a clock that says less is wrong, and would call good years the future."""
LONGEST = 200
"""Characters of a cell in which a year is looked for."""
ABOUT = 1
"""Years on either side that "c. 1998" stands for: the study's sources mostly differ by one."""
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
    r"jan(uary|uar|vier)?|feb(ruary|ruar)?|février|mar(ch|s)?|märz|apr(il)?|avril|may|mai|june?|"
    r"juni|juin|july?|juli|juillet|aug(ust)?|août|sept?(ember|embre)?|oct(ober|obre)?|okt(ober)?|"
    r"nov(ember|embre)?|dec(ember)?|dez(ember)?|décembre"
)
ABOUT_WORDS = (
    r"c\.?|ca\.?|circa|cca\.?|about|around|approx\.?|approximately|roughly|um|etwa|ungefähr|vers|"
    r"environ|约|約|大约|~|≈|±"
)
FOUNDED_WORDS = (
    r"founded|established|est\.?|estd\.?|incorporated|inc\.?|set up|since|from|started|formed|"
    r"registered|opened|in|on|the|of|year|gegründet|gegr\.?|seit|im jahr|jahr|fondée?|créée?|"
    r"depuis|en|成立于|创立于|创建于|始建于|建于|成立|创立|设立|設立|創立|創業|西元|公元|自"
)
BEFORE_WORDS = r"before|pre|prior to|earlier than|vor|avant|<"
UNTIL_WORDS = r"by|until|till|up to|no later than|bis|jusqu['’]?en|jusqu['’]?à|<=|≤"
AFTER_WORDS = r"after|post|later than|nach|après|>"
_YEAR = r"(1[5-9]\d\d|20\d\d|21\d\d)"
_DECADE = (
    rf"(?:the |in |early[ -]|mid[ -]|late[ -])*(?:({_YEAR[1:-1]})|'?(\d0))\s*"
    r"(?:['’]?s|er(?: jahren?)?|年代)"
)
_BUDDHIST = r"(?:พ\.?ศ\.?|b\.?\s?e\.?)"
_SIDES: tuple[tuple[str, str, Callable[[int], tuple[int | None, int | None]]], ...] = (
    (BEFORE_WORDS, r"之前|前", lambda year: (None, year - 1)),
    (UNTIL_WORDS, "以前|or earlier", lambda year: (None, year)),
    (AFTER_WORDS, r"之后|之後", lambda year: (year + 1, None)),
    ("from", r"以后|以後|or later", lambda year: (year, None)),
)
"""Words before a year, words after it, and the years between which the entry then lies."""


@dataclass(frozen=True)
class Year:
    """A year as understood: `value` if it is one year, and the years between which it lies."""

    value: int | None
    low: int | None
    high: int | None
    remark: str = ""  # why this is not simply what stands there; empty if it is


UNKNOWN = Year(None, None, None)


class YearError(ValueError):
    """Text that is no year; the message is what is wrong, ``; `` and what would be right."""


def _digits(text: str) -> str:
    """Return a text in lower case with digits of any script, and four Chinese ones, as 0 to 9."""
    text = unicodedata.normalize("NFKC", re.sub("[¹²³⁰-⁹]+$", "", text))
    text = "".join(
        str(unicodedata.decimal(char)) if unicodedata.decimal(char, None) is not None else char
        for char in text
    )
    chinese = str.maketrans("〇零○一二三四五六七八九", "000123456789")
    text = re.sub(
        r"[〇零○一二三四五六七八九]{4}", lambda match: match.group().translate(chinese), text
    )
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
    if len(cell) > LONGEST:
        raise YearError(f"has {len(cell):,} characters; write the year alone, such as 1998")
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
    return Year(year.value, low, None if year.high is None else min(year.high, today), year.remark)


def _read(text: str, country: str | None, about: int, today: int) -> Year:
    text = re.sub(r"[*†‡§]+$|(?<=\d)\s*\[\w{1,2}\]$", "", text).strip()
    if date := re.fullmatch(rf"{_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text):
        return _exactly(int(date[1]))
    if re.fullmatch(r"[+-]?\d+(\.0*)?|\d\.\d+e\+?0*3", text):
        return _number(float(text), country, today)
    return _of_era(text) or _decade(text) or _one_sided(text) or _plain(text, about)


def _exactly(year: int, remark: str = "") -> Year:
    return Year(year, year, year, remark)


def _around(year: int, about: int) -> Year:
    low, high = year - about, year + about
    return Year(year, low, high, f"taken as {year}, between {low} and {high}")


def _between(low: int, high: int) -> Year:
    if low > high:
        raise YearError("the second year comes before the first; write 1996-1997, or one year")
    if low == high:
        return _exactly(low)
    if high - low == 1:
        return Year(low, low, high, f"taken as {low}, between {low} and {high}")
    return Year(None, low, high, f"taken as some year from {low} to {high}")


def _of_era(text: str) -> Year | None:
    """Read a year of an era: Republic of China, reigns of Japan, Buddhist."""
    if era := re.fullmatch(rf".*?({'|'.join(ERAS)})\s*(\d+|元)\s*年?.*", text):
        start, number = ERAS[era[1]], 1 if era[2] == "元" else int(era[2])
        if number > 130:
            raise YearError(f"{era[1]} has no year {number}; write the year as 1998")
        return _exactly(start + number, f"{era[1]} {number} is {start + number}")
    if era := re.fullmatch(rf"{_BUDDHIST}\s*(\d{{4}})|(\d{{4}})\s*{_BUDDHIST}", text):
        number = int(era[1] or era[2])
        return _exactly(number - 543, f"{number} of the Buddhist era is {number - 543}")
    if re.fullmatch(r"[mtshr]\.?\s?(\d{1,2})", text):
        raise YearError(
            "a year of a Japanese reign by its letter; write the year as 1998, or the era in"
            " characters"
        )
    return None


def _decade(text: str) -> Year | None:
    if match := re.fullmatch(_DECADE, text):
        start = int(match[1]) if match[1] else 1900 + int(match[2])
        return _between(start, start + 9) if start % 10 == 0 else None
    if match := re.fullmatch(r"(?:20世纪|20世紀|二十世纪)\s*(\d0)\s*年代.*", text):
        start = 1900 + int(match[1])
        return _between(start, start + 9)
    return None


def _one_sided(text: str) -> Year | None:
    """Read a year that is the latest or the earliest possible, such as ``before 1990``."""
    for words, tail, limits in _SIDES:
        match = re.fullmatch(rf"(?:{words})[\s-]*{_YEAR}\s*年?", text) or re.fullmatch(
            rf"{_YEAR}\s*年?\s*(?:{tail})", text
        )
        if match:
            low, high = limits(int(match[1]))
            limit = f"{low} or later" if low else f"{high} or earlier"
            return Year(None, low, high, f"taken as {limit}")
    return None


def _plain(text: str, about: int) -> Year:
    """Read a year that words, a month or a second year may stand around."""
    bare, doubt = _without_words(text)
    if re.fullmatch(_YEAR, bare):
        return _around(int(bare), about) if doubt else _exactly(int(bare))
    return _span(bare) or _date(bare, doubt, about)


def _without_words(text: str) -> tuple[str, bool]:
    """Return a text without words such as "founded in", and whether it says that it is unsure."""
    doubt = bool(re.search(r"\?|\[sic\]", text))
    bare = re.sub(r"[?]|\bad\b|\bce\b", " ", text).strip(" .,;:()[]'\"’")
    about = rf"(?:{ABOUT_WORDS})(?=[\s\d:.])[\s:.]*"
    if match := re.match(about, bare):
        bare, doubt = bare[match.end() :], True
    if bare.endswith(("左右", "前后")):
        bare, doubt = bare[:-2], True
    while match := re.match(rf"(?:{FOUNDED_WORDS})(?=[\s\d:.])[\s:.]*", bare):
        bare = bare[match.end() :]
    if match := re.match(about, bare):
        bare, doubt = bare[match.end() :], True
    tail = r"\s*(?:年(?:成立|创立|创建|设立|设立|設立|創立)?|founded|established|gegründet)$"
    return re.sub(tail, "", bare).strip(" .,;:()"), doubt


def _span(bare: str) -> Year | None:
    """Read two years, such as ``1996-1997``, ``1996/97`` or ``between 1996 and 1999``."""
    joint = r"(?:-|/|to|or|and|bis|oder|à|ou|至|或|~)"
    if span := re.fullmatch(rf"(?:between )?{_YEAR}\s*年?\s*{joint}\s*{_YEAR}\s*年?", bare):
        return _between(int(span[1]), int(span[2]))
    if span := re.fullmatch(rf"{_YEAR}\s*(?:-|/)\s*(\d\d?)", bare):
        year, tail = int(span[1]), span[2]
        end = year - year % 10 ** len(tail) + int(tail)
        if end > year:
            return _between(year, end)
        if tail == "00" and year % 100 == 99:
            return _between(year, year + 1)
        if 1 <= int(tail) <= 12:  # a month
            return _exactly(year)
        raise YearError("the second year comes before the first; write 1996-1997, or one year")
    return None


def _date(bare: str, doubt: bool, about: int) -> Year:
    """Read the year out of a date in any order of day, month and year."""
    body = re.sub(r"[ t]\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[ap]m)?(z|[+-]\d\d:?\d\d)?$", "", bare)
    written = re.findall(rf"(?<!\d){_YEAR}(?!\d)", body)
    years = list(dict.fromkeys(written))
    rest = re.sub(rf"(?<!\d){_YEAR}(?!\d)", " ", body)
    months = rf"(?<![^\W\d_])({MONTHS})(?![^\W\d_])\.?"
    rest = re.sub(months, " ", rest)
    rest = re.sub(r"(?<=\d)(st|nd|rd|th)\b|年|月|日|号|\b(de|of|q[1-4]|h[12])\b", " ", rest)
    numbers = [int(part) for part in re.findall(r"\d+", rest)]
    only_numbers = not re.sub(r"[\d\s./,'’-]", "", rest)
    days = len(numbers) <= 2 and all(1 <= part <= 31 for part in numbers)
    if len(years) == 1 and only_numbers and days:
        return _around(int(years[0]), about) if doubt else _exactly(int(years[0]))
    if len(years) > 1:
        raise YearError(
            f"more than one year ({', '.join(years)}); keep the year of entry, or write 1996-1997"
            " for a span"
        )
    named_month = re.search(months, body) is not None
    if (
        not years
        and only_numbers
        and (len(numbers) == 3 or (named_month and numbers and len(numbers) <= 2))
    ):
        return _short_date(numbers)
    if len(written) == 1 and not re.search(r"\d", rest):
        raise YearError(f"words around a year; write {years[0]} alone if that is the year of entry")
    if re.fullmatch(r"'?\d\d", bare):
        raise YearError("a year of two digits; write all four, such as 1998")
    raise YearError(
        "is no year; write four digits, such as 1998, or 1996-1997, c. 1998, before 1990, 1990s"
    )


def _short_date(numbers: list[int]) -> Year:
    """Read a date whose year has two digits: the last part, unless another may be the year."""
    last = numbers[-1]
    if last > 99 or not all(1 <= part <= 31 for part in numbers[:-1]):
        raise YearError("is no date; write the year with four digits, such as 1998")
    year = 2000 + last if 2000 + last <= this_year() else 1900 + last
    year_may_be_first = len(numbers) == 3 and last <= 31 and numbers[0] <= 31
    day_is_second = last > 12 and numbers[0] <= 12 and numbers[1] > 12
    if year_may_be_first and not day_is_second:
        raise YearError(
            "a date in which the year may be the first or the last part; write the year with four"
            " digits"
        )
    return _exactly(year, f"taken as {year}")


def _number(number: float, country: str | None, today: int) -> Year:
    if number != int(number):
        raise YearError("is no whole number; write one year with four digits, such as 1998")
    number = int(number)
    if country == "Thailand" and 2343 <= number <= today + 543:
        return _exactly(number - 543, f"{number} of the Buddhist era is {number - 543}")
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
    return _exactly(number)
