"""Where a text says that a firm is: every reading of it, the likeliest first, and known places."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.compendium import paths
from cluster_anatomy.reading.countries import (
    BRACKETS,
    PLACES,
    area_abroad,
    area_name,
    known_country,
    name_key,
)
from cluster_anatomy.tables.cells import split

COLUMNS = [
    "name",
    "other_names",
    "admin",
    "country",
    "region",
    "cluster",
    "latitude",
    "longitude",
]
"""Columns of a table of places."""
SHORT = {
    "st": "saint",
    "ste": "sainte",
    "mt": "mount",
    "ft": "fort",
    "so": "south",
    "s": "south",
    "n": "north",
    "e": "east",
    "w": "west",
}
"""First words of towns that are written short."""
PART = re.compile(
    r"\b(?:districts?|new area|new district|parks?|hi-?tech|high-?tech|tech|science|industrial"
    r"|zones?|free trade|development|economic|technolog\w*|sub-?district|township"
    r"|borough|campus|ward|quarter|county|ETDZ|HTDZ)\b"
    r"|-(?:gu|ku|dong|cho|qu)$|[区區]$|구$",
    re.IGNORECASE,
)
"""What says that a name is that of a part of a city."""
POSTCODE = re.compile(
    r"(?:^|\s+)(?:\d{4,6}(?:-\d{3,4})?|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2})$"
    r"|^(?:[A-Z]{1,2}-)?\d{4,6}\s+",
)
STREET = re.compile(
    r"\d+ ?(?:号|號|弄|巷|樓|楼|층|번지|番地?|丁目|-\d)|\d\s*段|(?:路|街|大道)\S*\d|(?:로|길) ?\d"
    r"|\b(?:street|str\.?|stra(?:ß|ss)e|road|rd|avenue|ave|boulevard|blvd|lane|drive|dr|suite|floor"
    r"|highway|rue|calle|avenida|av|rua|via|viale|piazza|ulica|ul|ulitsa|p\.? ?o\.? box|unit|plot"
    r"|building|bldg|way|place|square|allee|weg|platz|laan|straat|gade|gatan|vägen|utca|caddesi)\b"
    r"|(?:straße|strasse|str\.|weg|platz|allee|straat|gatan|vägen)\s+\d|ул\.|улица|просп|רחוב|שד'",
    re.IGNORECASE,
)
COUNTY = re.compile(r"\bcounty$", re.IGNORECASE)
"""What says that a name outside China is no part of a city."""
CITY_STATES = ("China (Hong Kong)", "China (Macao)", "Singapore", "Monaco")
"""Countries that are a place."""
_HAN = re.compile(r"[\u3400-\u9fff]")
_CHINA = re.compile(r"^(?:中华人民共和国|中華人民共和國|中国|中國)(?=.)")
_NEXT = re.compile(r"^(?:壮族|回族|维吾尔|壯族|維吾爾)?(?:自治[区區]|省|市)")
_CITY = re.compile(r"\s+(?:city|municipality|prefecture|town|shi)$|(?<=..)市$", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """One way to read a text: country and state or province (empty if not said), and a name.

    `area` is as `countries.area_name` writes it, or as it stands in the text if that knows none.
    """

    country: str
    area: str
    name: str


@lru_cache(2**16)
def town_key(text: str) -> str:
    """Return what counts of the name of a place: ``St. Louis`` is ``Saint Louis``, 苏州市 is 苏州.

    Examples
    --------
    >>> town_key("Ft. Worth"), town_key("Tel-Aviv"), town_key("苏州市")
    ('fortworth', 'telaviv', '苏州')
    """
    first, *rest = re.split(r"(\W+)", text.strip(), maxsplit=1)
    if rest and rest[-1]:
        first = SHORT.get(first.casefold(), first)
    key = name_key("".join([first, *rest]))
    return (key.removesuffix("市") if len(key) > 2 else key) or key


def is_address(text: str) -> bool:
    """Say whether a text looks like a street address rather than a town.

    Examples
    --------
    >>> is_address("台北市中山北路2段113號"), is_address("1 High Street"), is_address("Leeds")
    (True, True, False)
    """
    return bool(STREET.search(text)) and (
        any(char.isdigit() for char in text) or text.count(",") > 1
    )


@dataclass(frozen=True)
class PlaceText:
    """What a text can mean: all readings, the likeliest first, and the one for an unknown place."""

    readings: list[Reading]
    alone: Reading


def read_place(text: str, area: str, country: str) -> PlaceText:
    """Read a place from a text, with the state or province and the country of its row.

    Parameters
    ----------
    text : str
        As it stands in the file: ``Suzhou``, ``Richmond, VA``, ``江苏省苏州市工业园区``.
    area : str
        State or province where the file has it in a column of its own; may be empty.
    country : str
        That of the row or of the list; may be empty.

    Examples
    --------
    >>> read_place("Cambridge, Mass.", "", "USA").alone
    Reading(country='USA', area='MA', name='Cambridge')
    >>> read_place("江苏省苏州市工业园区", "", "China").alone
    Reading(country='China', area='Jiangsu', name='苏州')
    """
    text = " ".join(unicodedata.normalize("NFKC", text).split()).strip(" ,;、") or text
    if area and not area_name(country, area) and (abroad := area_abroad(area)):
        country, area = abroad
    area = area_name(country, area) or area
    found, alone = [Reading(country, area, text)], Reading(country, area, text)
    first, land = re.split(r"\s*[;|]\s*", text)[0], country
    parts = _parts(first, country)
    if parts:
        rest, area, country = _without_tail(parts, area, country)
        if len(parts) == 1:
            more = _by_words(parts[0], area, country, POSTCODE.sub("", first))
        else:
            more = _by_commas(rest, area, country, parts[len(rest) :])
        found += more.readings
        alone = more.alone
    if _HAN.search(text) and (country in ("China", "") or _CHINA.match(text)):
        chinese = _chinese(text, area)
        found, alone = found[:1] + chinese + found[1:], [alone, *chinese][-1]
    if country == "China":
        found += _of_zones(parts[0] if parts else text, area)
    if not area and (left := _from_the_left(text, country)):
        found, alone = [*found, left], left
    named = known_country(text) or (country if country != land else "")
    if named in CITY_STATES:
        found.append(Reading(named, "", parts[-1] if parts else text))
        alone = found[-1]
    shorter = [(reading, _CITY.sub("", reading.name)) for reading in found]
    found += [Reading(reading.country, reading.area, name) for reading, name in shorter]
    return PlaceText(list(dict.fromkeys(found)), alone)


def _parts(text: str, country: str) -> list[str]:
    """Return the parts of a text between commas; of what stands in brackets only an area."""
    bare = BRACKETS.sub("", text).strip()
    inside = [part for part in re.findall(r"[(\[]([^()\[\]]*)[)\]]", text) if part.strip()]
    if signed := re.fullmatch(r"(.+?)\s?[-–/]\s?([^-–/\d]+)", bare):
        head, tail = signed.groups()
        if area_name(country, tail) or (len(tail) > 3 and known_country(tail)):
            bare = f"{head}, {tail}"
    parts = re.split("[,、]", bare)
    parts = [POSTCODE.sub("", part.strip()).strip() for part in parts]
    parts += [
        part
        for part in inside
        if area_name(country, part) or known_country(part) or area_abroad(part)
    ]
    return [part for part in parts if part]


def _without_tail(parts: list[str], area: str, country: str) -> tuple[list[str], str, str]:
    """Take country and state off the end of the parts of a text."""
    if len(parts) > 1 and not area_name(country, parts[-1]):
        *rest, last = parts
        named = known_country(last) if len(name_key(last)) > 2 or last.isupper() else None
        american = len(last) == 2 and area_name("USA", last)
        if named and not american:
            parts, area, country = rest, area if named == country else "", named
        elif last.isupper() and (american or (len(last) == 2 and area_name("Canada", last))):
            country = "USA" if american else "Canada"
            parts, area = rest, area_name(country, last) or ""
    if len(parts) > 1:
        if own := area_name(country, parts[-1]):
            return parts[:-1], area or own, country
        if abroad := area_abroad(parts[-1]):
            return parts[:-1], abroad[1], abroad[0]
    return parts, area, country


def _by_commas(parts: list[str], area: str, country: str, tail: list[str]) -> PlaceText:
    """Read a text of several parts of which country and state, `tail`, are taken off."""
    head, *others = parts
    street = is_address(", ".join(parts))
    if len(others) == 1 and not area and not PART.search(head) and not street:
        alone = Reading(country, others[0], head)
        return PlaceText([alone, Reading(country, "", others[0])], alone)
    found = [Reading(country, area, part) for part in ([*others, head] if not area else parts)]
    if area and (PART.search(head) or country == "China"):
        found.append(Reading(country, area, area))
    town = others and not any(char.isdigit() for char in others[-1]) and not is_address(others[-1])
    if town and (area or PART.search(head) or street):
        return PlaceText(found, Reading(country, area, others[-1]))
    county = country != "China" and not others and COUNTY.search(head)
    part = (PART.search(head) or is_address(head)) and not county
    if tail and area_name(country, tail[0]) and part:
        return PlaceText(found, Reading(country, area, tail[0]))
    return PlaceText(found, Reading(country, area, ", ".join(parts)))


def _by_words(text: str, area: str, country: str, whole: str) -> PlaceText:
    """Read a text without commas, which may end with a state or begin with a city.

    What stands in brackets in the `whole` is a part of an unknown name: Frankfurt (Oder).
    """
    words, found, alone = text.split(" "), [], Reading(country, area, whole)
    for count in range(min(3, len(words) - 1), 0, -1):
        head, tail = " ".join(words[:-count]), " ".join(words[-count:])
        if (said := area_name(country, tail)) and area in ("", said):
            found.append(Reading(country, said, head))
            if (len(tail) == 2 and tail.isupper()) or tail.endswith("."):
                alone = found[-1]
        elif len(tail) > 3 and (said := known_country(tail)):
            found.append(Reading(said, area if said == country else "", head))
    if country == "China":
        for count in range(len(words) - 1, 0, -1):
            tail = " ".join(words[count:])
            if PART.search(tail) or _of_zones(tail, ""):
                found.append(Reading(country, area, " ".join(words[:count])))
    return PlaceText([Reading(country, area, text), *found], alone)


# --- Japan, Korea and Taiwan: the larger place comes first

_TOWN_FIRST = {
    "Japan": re.compile(r"四日市市|[^市]{1,5}?郡[^市]{1,6}?[町村]|.[^区]{0,4}?市(?!場)|市(?=.*区)"),
    "South Korea": re.compile(r"\s*(\S[^\s구]{0,3}?[시군])"),
    "Taiwan": re.compile(r"(?:台灣省)?(?:中華民國)?(..[市縣])"),
}
"""What stands at the beginning of an address, in Japan and Korea after the prefecture."""
_KOREAN_SHORT = {"경남": "경상남도", "전남": "전라남도"}
_KOREAN_CITY = re.compile(r"(?:특별자치시|특별시|광역시|시)$")


def _from_the_left(text: str, country: str) -> Reading | None:
    """Return the town that a Japanese, Korean or Taiwanese text begins with, if it does.

    Wards of Tokyo, and of Korean cities that are provinces, belong to these.
    """
    pattern = _TOWN_FIRST.get(country)
    if pattern is None or not any(char > "\u2fff" for char in text):
        return None
    text = re.sub(r"^[\s\d()〒-]+", "", text).replace("臺", "台")
    if country == "Taiwan":
        town = pattern.match(text)
        return Reading(country, area_name(country, town[1]) or "", town[1]) if town else None
    larger, area = _leading_area(text, country)
    rest = text[len(larger) :]
    if country == "South Korea":
        return _korean(larger, rest, area, pattern) if area else None
    if area == "Tokyo" and "区" in rest and not pattern.match(rest):
        return Reading(country, area, "東京都")
    town = pattern.match(rest)
    if town is None or (not area and "区" not in rest):
        return None
    return Reading(country, area, f"{larger}市" if town[0] == "市" else town[0])


def _leading_area(text: str, country: str) -> tuple[str, str]:
    """Return the state or province that a text begins with, as it is written and as it is called.

    ``경기`` is ``경기도``, ``대전`` and ``대전시`` are ``대전광역시``.
    """
    for length in range(min(8, len(text)), 1, -1):
        start = text[:length].strip()
        forms = [start]
        if country == "South Korea":
            stem = start.removesuffix("시")
            forms += [f"{start}도", f"{stem}광역시", f"{stem}시", _KOREAN_SHORT.get(start, start)]
        if area := next(filter(None, (area_name(country, form) for form in forms)), ""):
            return start, area
    return "", ""


def _korean(larger: str, rest: str, area: str, pattern: re.Pattern[str]) -> Reading | None:
    """Return the town of a Korean province, or the city that is a province itself."""
    if area.endswith("si") or area == "Sejong":
        if not rest and larger == "광주시":
            return None  # may be the one in Gyeonggi
        stem = _KOREAN_CITY.sub("", larger)
        kind = {"서울": "특별시", "세종": "특별자치시"}.get(stem, "광역시")
        return Reading("South Korea", area, stem + kind)
    town = pattern.match(rest)
    return Reading("South Korea", area, town[1]) if town else None


# --- Chinese divisions


@cache
def _divisions(root: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Return province, city and short name of every division of China by each of its names."""
    divisions: dict[str, list[tuple[str, str, str]]] = {}
    for row in tables.read(f"{PLACES}/china_divisions.csv").itertuples():
        short = next((name for name in split(row.other_names) if _HAN.match(name)), row.name_zh)
        for name in dict.fromkeys([row.name_zh, *split(row.other_names)]):
            meaning = (row.province, row.city, short)
            divisions.setdefault(name_key(name), []).append(meaning)
    return divisions


def _prefix(text: str, province: str) -> tuple[int, list[tuple[str, str, str]]]:
    """Return the length of the longest name of a division with which a text begins, and which."""
    divisions = _divisions(paths.root())
    for length in range(min(len(text), 15), 1, -1):
        hits = [hit for hit in divisions.get(text[:length], []) if province in ("", hit[0])]
        if hits:
            return length, hits
    return 0, []


def _chinese(text: str, area: str) -> list[Reading]:
    """Return the readings of a Chinese text from the left: province, city, and a part of it."""
    rest = _CHINA.sub("", re.sub(r"[\s,、·()\-—/]", "", text))
    province = area
    for length in range(min(8, len(rest)), 1, -1):
        said = area_name("China", rest[:length])
        after = _NEXT.sub("", rest[length:])
        if said and after and (_prefix(after, said)[1] or not _prefix(rest, "")[1]):
            province, rest = said, after
            break
    length, hits = _prefix(rest, province)
    if not hits or len({(hit[0], hit[1]) for hit in hits}) > 1:
        return [Reading("China", province, rest)] if province and rest != text else []
    (province, city, short), after = hits[0], rest[length:].lstrip("市县縣区區")
    inner = [hit[2] for hit in _prefix(after, province)[1] if hit[1] == city]
    names = [*inner, short, city] if short != city or inner else [city]
    return [Reading("China", province, name) for name in dict.fromkeys(names)]


def _of_zones(text: str, area: str) -> list[Reading]:
    """Return the city of a Chinese zone, district or old name that is written in Latin letters."""
    divisions, words = _divisions(paths.root()), text.split(" ")
    for count in range(len(words), 0, -1):
        hits = divisions.get(name_key(" ".join(words[:count])), [])
        cities = {hit[:2] for hit in hits if area in ("", hit[0])}
        if len(cities) == 1 and (count == len(words) or PART.search(" ".join(words[count:]))):
            return [Reading("China", province, city) for province, city in cities]
    return []


# --- Places that are known


@dataclass(frozen=True)
class Known:
    """A table of places, and where each name stands in it.

    Parameters
    ----------
    table : DataFrame
        `COLUMNS`.
    bare : list of str, optional
        Of each place, whether its main name means it without a state or province: ``yes``, ``no``,
        or ``doubtful`` if some other place of that name is larger. If not given, yes.
    anywhere : int, optional
        How many places, the first ones, a name can mean even without a country. If not given, all.
    """

    table: pd.DataFrame
    bare: list[str] | None = None
    anywhere: int | None = None

    @cached_property
    def _index(self) -> dict[tuple[str, str], dict[int, str]]:
        """Country and key of a name to the places so called, and what sort of name it is to them:
        their main one, another one, or the main one without its bracket.
        """
        index: dict[tuple[str, str], dict[int, str]] = {}
        columns = (self.table[name].fillna("") for name in ("name", "other_names", "country"))
        for position, (name, others, country) in enumerate(zip(*columns, strict=True)):
            anywhere = self.anywhere is None or position < self.anywhere
            lands = dict.fromkeys((country, "") if anywhere else (country,))
            names = [(name, "main"), *((other, "other") for other in others.split("|"))]
            if BRACKETS.search(name):
                names.append((BRACKETS.sub("", name), "short"))
            for text, sort in names:
                for land in lands if text else ():
                    index.setdefault((land, town_key(text)), {}).setdefault(position, sort)
        return index

    @cached_property
    def _areas(self) -> list[str]:
        columns = (self.table[name].fillna("") for name in ("country", "admin"))
        pairs = list(zip(*columns, strict=True))
        keys = {
            (land, admin): name_key(area_name(land, admin) or admin) for land, admin in set(pairs)
        }
        return [keys[pair] for pair in pairs]

    def find(self, reading: Reading) -> tuple[list[int], bool]:
        """Return which places a reading can mean, and whether it is sure that it means the first.

        A name without a state or province means the only place of that name, or of several the only
        one whose main name it is; in the USA that must also be the largest by far.
        """
        hits = self._index.get((reading.country, town_key(reading.name)), {})
        if reading.area:
            there = name_key(reading.area)
            same = [hit for hit in hits if self._areas[hit] == there]
            found = same or [hit for hit in hits if not self._areas[hit]]
            return found, len(found) == 1 or len(set(self.table["region"].iloc[found])) == 1
        main = [hit for hit, sort in hits.items() if sort == "main" or len(hits) == 1]
        bare = {hit: self._bare(hit, hits[hit]) for hit in main}
        found = [hit for hit in main if bare[hit] != "no"]
        one = len(set(self.table["region"].iloc[found])) == 1
        sure = one and any(bare[hit] == "yes" for hit in found)
        return (found, True) if sure else (list(hits), False)

    def _bare(self, hit: int, sort: str) -> str:
        """Return whether a name of that sort means a place without a state or province."""
        if self.bare is None or sort == "other":
            return "yes"
        american = self.table["country"].iloc[hit] == "USA"
        return "doubtful" if american and sort == "short" else self.bare[hit]


@cache
def gazetteer(root: Path) -> Known:
    """Return the places of the study, towns of American regions and Chinese cities; read once."""
    study, towns, cities = _study_places(), _us_towns(), _chinese_cities()
    keys = [town_key(BRACKETS.sub("", name)) for name in study["name"]]
    in_states = set(zip(study["admin"], keys, strict=True))
    new = [pair not in in_states for pair in towns.index]
    bare, named = towns["bare"].to_dict(), {key for _, key in towns.index}
    columns = (study["country"], study["admin"], keys, study["name"].map(town_key))
    study["bare"] = [
        "yes"
        if country != "USA" or key not in named or bare.get((admin, key)) == "yes" or full != key
        else "doubtful"
        for country, admin, key, full in zip(*columns, strict=True)
    ]
    table = pd.concat([study, towns[new], cities], ignore_index=True)
    sure = list(table["bare"])
    table = table.reindex(columns=COLUMNS).astype(object)
    return Known(table.where(table.notna(), pd.NA), sure, len(study))


def _study_places() -> pd.DataFrame:
    places = tables.read(f"{PLACES}/places.csv")
    names = zip(places["name_zh"], places["aliases"], strict=True)
    return places.assign(
        other_names=["|".join(part for part in both if pd.notna(part)) for both in names],
        region=places["metro"],
        cluster=places["cluster"].fillna(places["metro"]),
    )


def _us_towns() -> pd.DataFrame:
    """Return American towns by state and key of the name."""
    towns = tables.read(f"{PLACES}/us_towns.csv")
    towns = towns.assign(
        name=towns["town"],
        admin=towns["state"],
        country="USA",
        cluster=towns["region"],
        bare=towns["bare"].fillna("no"),
    )
    keys = [towns["state"], towns["town"].map(town_key)]
    return towns.set_index(pd.MultiIndex.from_arrays(keys)).groupby(level=[0, 1]).first()


def _chinese_cities() -> pd.DataFrame:
    """Return Chinese cities that the study has not; one whose name is another's has its province
    in a bracket, and only as its region.
    """
    cities = tables.read(f"{PLACES}/china_divisions.csv").dropna(subset="name")
    names = zip(cities["name_zh"], cities["city"], cities["other_names"].fillna(""), strict=True)
    return cities.assign(
        other_names=["|".join(dict.fromkeys(three)) for three in names],
        admin=cities["province"],
        country="China",
        region=cities["name"],
        cluster=cities["name"],
        bare=["no" if BRACKETS.search(name) else "yes" for name in cities["name"]],
    ).assign(name=[BRACKETS.sub("", name) for name in cities["name"]])
