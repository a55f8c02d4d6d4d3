"""Countries, their states and provinces, and the names they go by."""

import re
import unicodedata
from functools import cache
from pathlib import Path

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.tables.cells import split

PLACES = "data/raw/places"
BRACKETS = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]")
_KIND = re.compile(
    r"^(?:state|province|canton|land|prefecture|kanton|estado|provincia|région|region) "
    r"(?:of |de |del |di |d')?|[ -](?:province|state|prefecture|canton|region|pref\.?|sheng)$"
    r"|(?<=..)(?:省|県|縣|(?:壮族|壯族|回族|维吾尔|維吾爾)?自治[区區])$",
    re.IGNORECASE,
)
"""What says that a name is that of a state or province."""


def name_key(text: str) -> str:
    """Return what counts of a name: letters and digits without case, accents and signs.

    Vowel signs of Indian and Thai scripts count, since they are no accents.
    """
    folded = unicodedata.normalize("NFKD", text).casefold()
    return "".join(
        char
        for char in folded
        if char.isalnum()
        or (unicodedata.category(char)[0] == "M" and not "\u0300" <= char < "\u0370")
    )


@cache
def _countries(root: Path) -> dict[str, str]:
    """Return the country of each key of a name or code; read once per study."""
    countries: dict[str, str] = {}
    for row in tables.read(f"{PLACES}/countries.csv").itertuples():
        for name in (row.code, row.code3, row.country, *split(row.other_names)):
            countries.setdefault(name_key(name), row.country)
    return countries


@cache
def _areas(root: Path) -> dict[tuple[str, str], str]:
    """Return the state or province of each country and key of a name; read once per study."""
    areas: dict[tuple[str, str], str] = {}
    rows = list(tables.read(f"{PLACES}/subdivisions.csv").itertuples())
    for names in (lambda row: (row.subdivision, row.code), lambda row: split(row.other_names)):
        for row in rows:
            for name in names(row):
                areas.setdefault((row.country, name_key(name)), row.subdivision)
    return areas


@cache
def _countries_of_areas(root: Path) -> dict[str, set[tuple[str, str]]]:
    """Return the countries and areas that each key of four and more characters can mean."""
    meanings: dict[str, set[tuple[str, str]]] = {}
    for (country, key), area in _areas(root).items():
        if len(key) > 3 or not key.isascii():
            meanings.setdefault(key, set()).add((country, area))
    return meanings


def known_country(text: str) -> str | None:
    """Return the study's spelling of a country by any of its names or codes; none if it is none.

    Examples
    --------
    >>> known_country("DEU"), known_country("Scotland"), known_country("KY 開曼群島")
    ('Germany', 'UK', 'Cayman Islands')
    >>> known_country("－")
    """
    countries = _countries(paths.root())
    bare = BRACKETS.sub("", text)
    for name in (text, bare, re.sub(r"^(the|la|el|les?) ", "", bare.strip(), flags=re.IGNORECASE)):
        if found := countries.get(name_key(name)):
            return found
    words = re.findall(r"[^\W_]+", text)
    for code, rest in ((words[:1], words[1:]), (words[-1:], words[:-1])):
        found = countries.get(name_key("".join(rest))) if rest else None
        if found and len(code[0]) in (2, 3) and countries.get(name_key(code[0])) == found:
            return found
    return None


def country_name(text: str) -> str:
    """Return the study's spelling of a country; one that it does not know stays as it is."""
    return known_country(text) or text


def country_code(text: str) -> str | None:
    """Return the ISO 3166 code of two letters of a country; none if it is none that is known."""
    table = tables.read(f"{PLACES}/countries.csv")
    codes = dict(zip(table["country"], table["code"], strict=True))
    return codes.get(known_country(text) or "")


def area_name(country: str, text: str) -> str | None:
    """Return the state or province of a country by any of its names, abbreviations or codes.

    Examples
    --------
    >>> area_name("USA", "Mass."), area_name("Germany", "Bavaria"), area_name("China", "江苏省")
    ('MA', 'Bayern', 'Jiangsu')
    """
    areas = _areas(paths.root())
    for name in (text, _KIND.sub("", text.strip())):
        if found := areas.get((country, name_key(name))):
            return found
    return None


def area_abroad(text: str) -> tuple[str, str] | None:
    """Return country and area of a written-out name of a state that only one country has."""
    meanings = _countries_of_areas(paths.root()).get(name_key(text), set())
    return next(iter(meanings)) if len(meanings) == 1 else None
