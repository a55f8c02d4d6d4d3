"""Years counted otherwise: eras, reigns and calendars become years of the common calendar."""

import re
import tomllib
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

REIGNS = {
    "m": ("明治", 45),
    "t": ("大正", 15),
    "s": ("昭和", 64),
    "h": ("平成", 31),
    "r": ("令和", 99),
}
"""Reigns of Japan by the letter that stands for them, and the last year of each."""
SIGNS = {"明": "m", "大": "t", "昭": "s", "平": "h", "令": "r"}
"""The same by the first character."""
REPUBLIC = 1911
"""The year before the first one of the Republic of China, whose era Taiwan counts."""
BUDDHIST, IRANIAN = 543, 621
"""What is taken from or added to a year of the Buddhist and the Iranian calendar."""
CHINESE = {
    sign: number
    for number, signs in enumerate(("〇零○", "一元", *"二三四五六七八九"))
    for sign in signs
}
UNITS = {"十": 10, "百": 100, "千": 1000}
_BUDDHIST = r"(?:พ\.?\s?ศ\.?|(?<![^\W\d_])b\.?\s?e\.?(?![^\W\d_]))"
_IRANIAN = (
    r"(?:ه[\u0640\u200c\u200d]{0,2}\.?\s?ش\.?|هجری\s?(?:شمسی|خورشیدی)|شمسی|خورشیدی|ش|"
    r"(?<![^\W\d_])(?:s\.?h\.?|a\.p\.|shamsi|solar hijri))(?![^\W\d_])"
)
_ISLAMIC = (
    r"(?:ه[\u0640\u200c\u200d]{0,2}(?:\.?\s?ق\.?)?|هجري(?:ة)?|هجری\s?قمری|قمری|"
    r"(?<![^\W\d_])(?:a\.?\s?h\.?|h\.?|hijri|hicri))(?![^\W\d_])"
)


class YearError(ValueError):
    """Text that is no year; the message is what is wrong, ``; `` and what would be right.

    Parameters
    ----------
    message : str
        The message.
    years : tuple of int
        The years that stand in the text, in its order.
    """

    def __init__(self, message: str, years: tuple[int, ...] = ()):
        super().__init__(message)
        self.years = years


@dataclass
class Common:
    """A text in which years are those of the common calendar, and what was made of others."""

    text: str
    remarks: list[str] = field(default_factory=list)
    spread: int = 0
    """Years by which the true one may be later, as calendars begin their years at other times."""

    def put(self, number: object, calendar: str, year: int) -> str:
        """Note what a number was taken for; return the year as it then stands in the text."""
        self.remarks.append(f"{calendar} {number} is {year}")
        return f" {year}年"


@cache
def words() -> dict[str, Any]:
    """Return the words that stand with years (``years.toml``)."""
    text = resources.files(__package__).joinpath("years.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def counts(calendar: str, country: str | None) -> bool:
    """Say whether years are counted by a calendar (a key of ``[calendars]``) in a country."""
    names = words()["calendars"][calendar]
    return (country or "").casefold() in [name.casefold() for name in names]


def common(text: str, country: str | None, today: int) -> Common:
    """Return a text with its years as those of the common calendar.

    Parameters
    ----------
    text : str
        In lower case, digits as 0 to 9.
    country : str or None
        Calendars that leave no mark are only looked for where they are in use.
    today : int
        The last year that can be meant.

    Raises
    ------
    YearError
        If an era has no such year, or only its country could tell what is meant.
    """
    found = Common(_arabic_numbers(text))
    _reigns(found, country)
    if counts("republican", country):
        _republican(found, today)
    _eras(found)
    _buddhist(found, country, today)
    _of_islam(found, country, today)
    return found


def _arabic_numbers(text: str) -> str:
    """Return a text with Chinese numbers that count years of an era, months or days as digits."""
    signs = f"[{''.join(CHINESE)}{''.join(UNITS)}]"
    last = "".join({era[-1] for era in words()["eras"]} | set(SIGNS))
    return re.sub(
        rf"{signs}+(?=[年月日号號])|(?<=[{last}]){signs}+$",
        lambda match: str(_chinese_number(match[0])),
        text,
    )


def _chinese_number(text: str) -> int:
    """Return a number in Chinese: ``八十七`` and ``八七`` are 87."""
    if not set(text) & set(UNITS):
        return int("".join(str(CHINESE[sign]) for sign in text))
    total, digit = 0, 0
    for sign in text:
        if sign in UNITS:
            total, digit = total + (digit or 1) * UNITS[sign], 0
        else:
            digit = CHINESE[sign]
    return total + digit


def _reigns(found: Common, country: str | None) -> None:
    """Write out reigns of Japan by a letter or one character, such as ``S60.4`` or ``昭60``."""
    match = re.match(r"([mtshr明大昭平令])\.?\s?(\d{1,2}|元)(?=$|\s*[年./-])", found.text)
    if match is None:
        return
    if match[1].isascii() and not counts("reigns", country):
        raise YearError(
            "a year of a Japanese reign by its letter; write the year as 1998, or the era in"
            " characters"
        )
    era, last = REIGNS[SIGNS.get(match[1], match[1])]
    if match[2] != "元" and int(match[2]) > last:
        raise YearError(f"{era} has no year {match[2]}; write the year as 1998")
    found.text = era + match[2] + found.text[match.end() :]


def _republican(found: Common, today: int) -> None:
    """Read years as Taiwan writes them: ``0870315``, ``87/03/15``, ``087``, ``87年``."""
    month, day = r"(0?[1-9]|1[0-2])", r"(0?[1-9]|[12]\d|3[01])"
    for form in (
        r"(?P<year>[01]\d\d)(?P<rest>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])?",
        r"(?P<year>[3-9]\d)(?P<rest>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])",
        r"民?\s?(?P<year>\d{2,3})\s*年(?P<rest>.*)",
        rf"民?\s?(?P<year>0\d\d|1\d\d|3[2-9]|[4-9]\d)\s*[./-]\s*(?P<rest>{month}(\s*[./-]\s*{day})?)",
        r"(?P<year>0\d\d|1[01]\d)(?P<rest>)",
        r"民\s?(?P<year>\d{2,3})(?P<rest>)",
    ):
        match = re.fullmatch(form, found.text)
        if match and 0 < int(match["year"]) <= today - REPUBLIC:
            number = int(match["year"])
            year = found.put(number, "民國", number + REPUBLIC)
            parts = [match["rest"], match.groupdict().get("day")]
            found.text = year + "/".join(filter(None, parts))
            return


def _eras(found: Common) -> None:
    """Put a year of the common calendar where an era and its year stand."""
    starts = words()["eras"]
    names = "|".join(sorted(starts, key=len, reverse=True))

    def year(match: re.Match[str]) -> str:
        start, number = starts[match[1]], 1 if match[2] == "元" else int(match[2])
        if number > (130 if start > 0 else 9999):
            raise YearError(f"{match[1]} has no year {number}; write the year as 1998")
        return found.put(number, match[1], start + number)

    def decade(match: re.Match[str]) -> str:
        first = starts[match[1]] + int(match[2])
        found.remarks.append(f"{match[1]} {match[2]}年代 begins in {first}")
        return f"{first}-{first + 9}"

    text = re.sub(r"^民(?=\s?\d)", "民國", found.text)
    text = re.sub(rf"({names})\s*(\d+0)\s*年代", decade, text)
    found.text = re.sub(rf"({names})\s*(\d{{1,4}}|元)\s*[年년]?(?:[./-](?=\d))?", year, text)


def _buddhist(found: Common, country: str | None, today: int) -> None:
    """Put a year of the common calendar for one of the Buddhist era, if it says so or is Thai."""

    def year(match: re.Match[str]) -> str:
        number = int(re.sub(r"\D", "", match[0]))
        if not 2043 <= number <= today + BUDDHIST:
            return match[0]
        found.remarks.append(f"{number} of the Buddhist era is {number - BUDDHIST}")
        return f" {number - BUDDHIST} "

    text = re.sub(rf"{_BUDDHIST}\s*\d{{4}}(?!\d)|(?<!\d)\d{{4}}\s*{_BUDDHIST}", year, found.text)
    if counts("buddhist", country) or re.search("[\u0e01-\u0e2e]", text):
        text = re.sub(r"(?<!\d)2[3-9]\d\d(?!\d)", year, text)
    found.text = text


def _of_islam(found: Common, country: str | None, today: int) -> None:
    """Put the year in which one of the Iranian or the Islamic calendar begins."""
    number = r"(?<!\d)(1[0-4]\d\d)(?!\d)"
    for mark, name in ((_IRANIAN, "Iranian"), (_ISLAMIC, "Islamic")):
        match = re.search(rf"{number}\s*{mark}|{mark}\s*{number}", found.text)
        if match is None and name == "Iranian" and counts("iranian", country):
            match = re.search(rf"{number}", found.text)
        if match is None:
            continue
        count = int(next(filter(None, match.groups())))
        low, high = (count + IRANIAN, count + IRANIAN + 1) if name == "Iranian" else islamic(count)
        rest = found.text[: match.start()] + " " + found.text[match.end() :]
        beside = [int(year) for year in re.findall(r"(?<!\d)\d{4}(?!\d)", rest)]
        if beside and low <= beside[0] <= high:
            found.text = rest
        else:
            found.text = f"{found.text[: match.start()]} {low}年 {found.text[match.end() :]}"
            found.remarks.append(f"{count} of the {name} calendar begins in {low}")
            found.spread = min(high, today) - low
        return


def islamic(number: int) -> tuple[int, int]:
    """Return the years of the common calendar in which a year of the Islamic one begins and ends.

    By the mean length of 354.367 days since 19 July 622; true but for a few days.
    """
    start = 622.54 + (number - 1) * 0.970225
    return int(start), int(start + 0.97)


def plain(text: str) -> str:
    """Return a text in lower case, in one width, with digits of any script as 0 to 9.

    Four Chinese digits in a row are a year.
    """
    text = unicodedata.normalize("NFKC", re.sub("[¹²³⁰-⁹]+$", "", text))
    text = "".join(
        str(unicodedata.decimal(char)) if unicodedata.decimal(char, None) is not None else char
        for char in text
    )
    digits = f"[{''.join(CHINESE).replace('元', '')}]{{4}}"
    text = re.sub(digits, lambda match: "".join(str(CHINESE[sign]) for sign in match.group()), text)
    return " ".join(re.sub("[–—−]", "-", text.casefold()).replace("〜", "~").split())
