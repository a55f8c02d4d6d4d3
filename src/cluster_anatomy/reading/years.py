"""Years as people write them, understood or refused."""

import datetime
import re
from dataclasses import dataclass, field, replace
from functools import cache

from cluster_anatomy.reading.calendars import (
    BUDDHIST,
    IRANIAN,
    YearError,
    common,
    islamic,
    plain,
    words,
)

FIRST_YEAR = 1500
"""No firm of these lists is older, and smaller numbers are of other calendars; the contracts' years
begin here too."""
WRITTEN = 2026
"""The year of this code: a clock that says less is wrong, and would call good years the future."""
LONGEST = 200
"""Characters of a cell in which a year is looked for."""
ABOUT = 1
"""Years on either side that "c. 1998" stands for: the study's sources mostly differ by one."""
NO_DATES = {
    (1601, 1, 1),
    (1753, 1, 1),
    (1899, 12, 30),
    (1899, 12, 31),
    (1900, 0, 0),
    (1900, 1, 0),
    (1900, 1, 1),
    (1904, 1, 1),
    (1969, 12, 31),
    (1970, 1, 1),
}
"""Days with which databases, spreadsheets and clocks begin: blanks that a program filled."""
BLANKS = r"0|0000|9999|0{8}|9{8}|99991231|00010101|11111111"
"""Digits that stand where there is no date."""
AS_NUMBERS = (datetime.date(1905, 3, 14), datetime.date(1905, 7, 18))
"""Days as which a spreadsheet shows the numbers 1900 to 2026."""
_YEAR = r"(1[5-9]\d\d|20\d\d|21\d\d)"
_WHOLE = rf"(?<!\d){_YEAR}(?!\d)"
_DAY_FIRST = (
    r"(?:(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))"
    r"(?P<year>(?:18|19|20)\d\d)"
)
_TIME = (
    r"(?:t| )(?:(?:上午|下午|午前|午後|오전|오후) ?)?\d{1,2}:\d\d(:\d\d([.,]\d+)?)?( ?[ap]\.?m\.?)?"
    r" ?(z|utc|gmt|[+-]\d\d:?\d\d)?( utc)?$"
)
_FOOTNOTES = r"(?:[*†‡§]|(?<=[\d\])年년])\s*\[(?!sic\])[^\[\]]{1,30}\])+$"
_ORDINAL = r"(?<=\d)\s?\.?(?:st|nd|rd|th|er|ère|o|a|º|ª|°|ste|-?го|-?е)(?![^\W\d_])"
_ROMAN_MONTH = r"(?:^|(?<=[\d./ -]))(?:viii|vii|vi|iv|iii|ii|i|xii|xi|x|ix)(?=[./ -]+\d)"
_RUNNING = "\u0e01-\u0e5b\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
"""Letters of scripts that do not part words."""


@dataclass(frozen=True)
class Year:
    """A year as understood: `value` if it is one year, and the years between which it lies."""

    value: int | None
    low: int | None
    high: int | None
    remark: str = ""  # why this is not simply what stands there; empty if it is


UNKNOWN = Year(None, None, None)


def this_year() -> int:
    """Return the last year that a firm may be from."""
    return max(datetime.date.today().year, WRITTEN)


@cache
def read_year(
    cell: str,
    country: str | None = None,
    about: int = ABOUT,
    today: int | None = None,
    doubtful: bool = False,
) -> Year:
    """Read one year out of what people write.

    Parameters
    ----------
    cell : str
        A cleaned cell that is not missing.
    country : str, optional
        In Thailand a year such as 2543 is of the Buddhist era; Taiwan, Japan and Iran also count
        otherwise.
    about : int
        Years on either side that "c. 1998" stands for.
    today : int, optional
        The last year that is not refused; `this_year` if not given.
    doubtful : bool
        Take days that mostly stand for a blank (`NO_DATES`) as they are; else they are unknown.

    Raises
    ------
    YearError
        If no year or more than one can be meant.
    """
    today = today or this_year()
    if len(cell) > LONGEST:
        raise YearError(f"has {len(cell):,} characters; write the year alone, such as 1998")
    year = _read(plain(cell), country, about, today, doubtful)
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


def _read(text: str, country: str | None, about: int, today: int, doubtful: bool) -> Year:
    text = re.sub(_FOOTNOTES, "", text).strip()
    if re.fullmatch(_YEAR, text):
        return _exactly(int(text))
    body = re.sub(_TIME, "", text)
    if re.fullmatch(BLANKS, re.sub(r"[\s./年月日-]", "", body)):
        return replace(UNKNOWN, remark="stands for no date")
    if day := re.fullmatch(rf"{_YEAR}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", text):
        return _on_day(int(day[1]), [(int(day[2]), int(day[3]))], doubtful)
    if figures := re.fullmatch(_DAY_FIRST, text):
        return _exactly(int(figures["year"]), f"taken as {figures['year']}")
    found = common(body, country, today)
    if not found.remarks and re.fullmatch(r"[+-]?\d+(\.0*)?|\d\.\d+e\+?0*3", text):
        return _number(float(text), today)
    try:
        year = _worded(found.text, about, doubtful)
    except YearError as error:
        if not found.remarks or len(set(error.years)) != 1:
            raise
        year = _exactly(error.years[0])
    if found.spread and year.value is not None:
        year = replace(year, high=year.value + found.spread)
    return replace(year, remark="; ".join(filter(None, [*found.remarks, year.remark])))


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


def _on_day(year: int, days: list[tuple[int, int]], doubtful: bool) -> Year:
    """Return the year of a date; `days` are the months and days that can be meant."""
    if not doubtful and any((year, *day) in NO_DATES for day in days):
        remark = "a day that mostly stands for a blank; taken as unknown"
        return replace(UNKNOWN, remark=remark)
    for month, day in days:
        try:
            date = datetime.date(year, month, day)
        except ValueError:
            continue
        if AS_NUMBERS[0] <= date <= AS_NUMBERS[1]:
            number = (date - datetime.date(1899, 12, 30)).days
            remark = f"taken as {year}, but a spreadsheet shows the number {number} so"
            return _exactly(year, remark)
    return _exactly(year)


# --- Words around a year


@dataclass
class _Said:
    """What is left of a text without the words that are known, and what these say."""

    body: str
    kinds: set[str] = field(default_factory=set)
    months: list[int] = field(default_factory=list)


def _key(word: str) -> str:
    return re.sub(r"[\s.]", "", word.replace("’", "'"))


@cache
def _vocabulary() -> tuple[dict[str, list[tuple[str, str]]], re.Pattern[str]]:
    """Return what each word says and whether it stands ahead of or behind a year, and a pattern."""
    meanings: dict[str, list[tuple[str, str]]] = {}
    written: set[str] = set()

    def add(word: str, kind: str, where: str = "") -> None:
        word = plain(word)
        written.add(word)
        meanings.setdefault(_key(word), []).append((kind, where))

    for kind in ("nothing", "part", "about", "fiscal"):
        for word in words()[kind]:
            add(word, kind)
    for where in ("ahead", "behind"):
        for word in words()[f"about_{where}"]:
            add(word, "about", where)
    for kind in ("before", "until", "after", "from", "decade"):
        for where, listed in words()[kind].items():
            for word in listed:
                add(word, kind, where)
    for names in words()["months"].values():
        for month, spelled in enumerate(names, 1):
            for word in spelled.split("|"):
                add(word, str(month))
    longest_first = sorted(written, key=lambda word: (-len(word), word))
    return meanings, re.compile("|".join(map(_pattern, longest_first)))


def _pattern(word: str) -> str:
    """Return a pattern for a word; where its script parts words it is not part of another one."""
    body = re.escape(word).replace("\\.", r"\.?\s?").replace("\\ ", r"\s*").replace("'", "['’]")
    last = word.rstrip(".")[-1:]
    alone = [char.isalpha() and not re.match(f"[{_RUNNING}]", char) for char in (word[0], last)]
    letter = rf"[^\W\d_{_RUNNING}]"
    before = f"(?<!{letter})" if alone[0] else r"(?<!\d)" if word[0].isdigit() else ""
    return before + body + (f"(?!{letter})" if alone[1] else r"(?!\d)" if last.isdigit() else "")


def _sorted_out(text: str) -> _Said:
    """Take the words that are known out of a text."""
    meanings, pattern = _vocabulary()
    number = re.search(r"\d\d", text)
    first = number.start() if number else len(text)
    said = _Said("")
    if not re.search(r"[^\d\s./,-]", text):
        return _Said(text)

    def take(match: re.Match[str]) -> str:
        where = "ahead" if match.start() <= first else "behind"
        for kind, place in meanings.get(_key(match[0]), ()):
            if place in ("", where) and not (kind == "decade" and not _of_ten(text, match)):
                said.months += [int(kind)] if kind.isdigit() else []
                said.kinds.add(kind)
                return " "
        return match[0]

    said.body = " ".join(re.sub(r"[(\[（]\s*[)\]）]", " ", pattern.sub(take, text)).split())
    return said


def _of_ten(text: str, match: re.Match[str]) -> bool:
    """Say whether a word that makes a decade stands by a number that ends in 0."""
    before, after = text[: match.start()].rstrip(), text[match.end() :].lstrip(" '’")
    return before.endswith("0") or re.match(r"(?:\d\d)?\d0", after) is not None


def _worded(text: str, about: int, doubtful: bool) -> Year:
    """Read a year that words, a month or a second year may stand around."""
    if decimal := re.fullmatch(rf"{_YEAR}[.,](\d{{1,3}})", text):
        month = re.fullmatch(r"0[1-9]|1[0-2]", decimal[2])
        remark = f"taken as {decimal[1]}; what stands behind the point may be a month or a part"
        return _exactly(int(decimal[1]), "" if month else remark)
    if number := re.fullmatch(r"([12])[,.' ’](\d{3})", text):
        year = int(number[1] + number[2])
        return _exactly(year, f"taken as {year}")
    said = _sorted_out(re.sub(r"\?|\[sic\]", " ", text))
    said.kinds |= {"about"} if re.search(r"\?|\[sic\]", text) else set()
    bare = said.body.strip(" .,;:()[]{}'\"’~-")
    sides = said.kinds & {"before", "until", "after", "from"}
    if sides == {"from"} and (said.months or "about" in said.kinds):
        sides = set()
    if sides and "decade" not in said.kinds and re.fullmatch(_YEAR, bare):
        return _one_sided(int(bare), sides, about if "about" in said.kinds else 0)
    if (
        "decade" in said.kinds
        and not sides
        and (ten := re.fullmatch(rf"{_YEAR[:-1]})|'?(\d0)", bare))
    ):
        start = int(ten[1]) if ten[1] else 1900 + int(ten[2])
        if start % 10 == 0:
            return _between(start, start + 9)
    if sides - {"from"} or "decade" in said.kinds:
        _refuse(bare, f"{bare} ")
    span = None if said.months else _span(bare)
    if re.fullmatch(_YEAR, bare):
        year = int(bare)
        if "fiscal" in said.kinds:
            return _around(year, 1)
        return _around(year, about) if "about" in said.kinds else _exactly(year)
    return span or _date(bare, said, about, doubtful)


def _one_sided(year: int, sides: set[str], wide: int) -> Year:
    """Return a year that is the latest or the earliest possible, such as ``before 1990``."""
    low, high = {
        "before": (None, year - 1 + wide),
        "until": (None, year + wide),
        "after": (year + 1 - wide, None),
        "from": (year - wide, None),
    }[min(sides)]
    return Year(None, low, high, f"taken as {f'{low} or later' if low else f'{high} or earlier'}")


def _span(bare: str) -> Year | None:
    """Read two years, such as ``1996-1997``, ``1996/97`` or ``between 1996 and 1999``."""
    joint = "-|/|~|to|or|and|bis|oder|à|ou|a|al|o|tot|do|или|по|до|até|hasta|至|到|或|에서"
    both = "and|und|et|y|e|en|i|и|ve|og|och|和|与|與"
    if span := re.fullmatch(rf"{_YEAR}\s*(?:{joint})\s*{_YEAR}", bare) or re.fullmatch(
        rf"(?:between|zwischen|entre|tra|fra|tussen|między|mezi|между|mellan|mellom) {_YEAR}"
        rf" (?:{both}) {_YEAR}",
        bare,
    ):
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


def _date(bare: str, said: _Said, about: int, doubtful: bool) -> Year:
    """Read the year out of a date in any order of day, month and year."""
    rest = re.sub(_WHOLE, " ", re.sub(_ROMAN_MONTH, " ", bare))
    rest = re.sub(r"[(\[（]\s*[)\]）]", " ", re.sub(_ORDINAL, " ", rest))
    years = list(dict.fromkeys(re.findall(_WHOLE, bare)))
    numbers = [int(part) for part in re.findall(r"\d+", rest)]
    only_numbers = not re.sub(r"[\d\s./,'’-]", "", rest)
    in_month = len(numbers) <= 2 and all(part <= 31 for part in numbers)
    if len(years) == 1 and only_numbers and in_month:
        year = int(years[0])
        if "about" in said.kinds:
            return _around(year, about)
        days = []
        if len(said.months) == 1 == len(numbers):
            days = [(said.months[0], numbers[0])]
        elif not said.months and len(numbers) == 2:
            days = [(numbers[0], numbers[1]), (numbers[1], numbers[0])]
        return _on_day(year, [day for day in days if day[0] <= 12], doubtful)
    named = bool(said.months) and 1 <= len(numbers) <= 2
    if not years and only_numbers and (len(numbers) == 3 or named):
        return _short_date(numbers)
    return _refuse(bare, rest)


def _refuse(bare: str, rest: str) -> Year:
    """Raise with what is wrong with a text of which no form is known."""
    years = tuple(dict.fromkeys(int(year) for year in re.findall(_WHOLE, bare)))
    if len(years) > 1:
        raise YearError(
            f"more than one year ({', '.join(map(str, years))}); keep the year of entry, or write"
            " 1996-1997 for a span",
            years,
        )
    if years and not re.search(r"\d", re.sub(_WHOLE, " ", rest)):
        raise YearError(
            f"words around a year; write {years[0]} alone if that is the year of entry", years
        )
    if re.fullmatch(r"'?\d\d", bare):
        raise YearError("a year of two digits; write all four, such as 1998")
    raise YearError(
        "is no year; write four digits, such as 1998, or 1996-1997, c. 1998, before 1990, 1990s",
        years,
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


def _number(number: float, today: int) -> Year:
    """Return a number as a year, if it is one; say what else it may be."""
    number = int(number)
    if today + 400 < number <= today + BUDDHIST:
        raise YearError(
            f"the year {number} is in the future; if it is of the Buddhist era write"
            f" {number - BUDDHIST}, or B.E. {number}"
        )
    if 5560 <= number <= today + 3761:
        raise YearError(
            f"the year {number} is in the future; if it is of the Hebrew calendar write"
            f" {number - 3760}"
        )
    if 1180 <= number <= 1450:
        _refuse_early(number, today)
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


def _refuse_early(number: int, today: int) -> None:
    """Raise for a number that may be a year of the Iranian or the Islamic calendar."""
    meant = {"Iranian": number + IRANIAN, "Islamic": islamic(number)[0]}
    hints = [
        f"if it is of the {calendar} calendar write {year}"
        for calendar, year in meant.items()
        if FIRST_YEAR < year <= today
    ]
    raise YearError(f"the year {number} is before {FIRST_YEAR}; {', '.join(hints)}")
