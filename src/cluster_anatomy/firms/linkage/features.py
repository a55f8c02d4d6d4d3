"""Names taken apart into what the model compares: one row per record and name."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import pandas as pd

from cluster_anatomy.firms.linkage import counts
from cluster_anatomy.firms.linkage.model import FILTERS, TRADE_BITS, Model, load_model
from cluster_anatomy.firms.linkage.whereabouts import whereabouts
from cluster_anatomy.firms.names import FORMERLY, NameRules, default_rules
from cluster_anatomy.firms.scripts import (
    is_beyond_latin,
    is_chinese,
    is_east_asian,
    sound,
    spelt_out,
)

WIDTH = 64
"""Bits of each of the whole numbers that hold a Bloom filter (Schnell et al. 2009)."""
UNIT = 3
"""Bits of information that set one bit of the filter: a rare word sets more than a common one."""
MOST_UNITS = 8
"""Bits of the filter that a word sets at most."""
MOST_WORDS = 12
"""Words of a name that are looked at, the rarest first."""
COMMON_CHARACTERS = 7
"""Two Chinese characters with at most so many bits are a word by themselves.

One firm in 128 has them.
"""
_ONE_SCRIPT = re.compile(r"[\u3040-\u30ff]+|[^\u3040-\u30ff]+")
_SYLLABLES = re.compile(r"[\uac00-\ud7a3]{3,}")
LONGEST_ACRONYM = 6
SHORTEST_MISSPELT, LONGEST_MISSPELT = 5, 12
"""Letters of a rare word whose misspellings are looked for."""
CLEANED = {
    "name_id": "string",
    "record_id": "string",
    "name": "string",
    "kind": "string",
    "script": "string",
    "words": "list",
    "terms": "list",
    "own": "list",
    "sorted": "string",
    "initials": "string",
    "legal": "string",
    "country": "string",
    "place": "string",
    "year": "Int64",
    "valid_from": "Int64",
    "valid_to": "Int64",
}
"""Columns that `take_apart` returns, and their types."""
COLUMNS = {
    "name_id": "string",
    "record_id": "string",
    "name": "string",
    "kind": "string",
    "script": "string",
    "words": "string",
    "sorted": "string",
    "joined": "string",
    "sound": "string",
    "core": "string",
    "beside": "string",
    "pattern": "string",
    "first": "string",
    "initials": "string",
    "numbers": "string",
    "legal": "string",
    "country": "string",
    "place": "string",
    "year": "Int64",
    "valid_from": "Int64",
    "valid_to": "Int64",
    "light": "int64",
    "info": "int64",
    **{f"f{number}": "int64" for number in range(1, FILTERS + 1)},
}
"""Columns that `prepare` returns besides ``keys``, and their types."""


class Name(NamedTuple):
    """A name of a record, of which kind it is, and the years for which it stood."""

    text: str
    kind: str
    valid_from: int | None = None
    valid_to: int | None = None


class Features(NamedTuple):
    """What the model compares of the words of a name, as the columns of `COLUMNS` have it."""

    script: str
    words: str
    sorted: str
    joined: str
    sound: str
    core: str
    beside: str
    pattern: str | None
    first: str
    initials: str | None
    numbers: str | None


# --- From records to cleaned names


def take_apart(
    records: pd.DataFrame,
    model: Model | None = None,
    rules: NameRules | None = None,
    romanise: bool = True,
) -> pd.DataFrame:
    """Clean the names of records: one row per record and name, row by row.

    Parameters
    ----------
    records, model, rules, romanise
        As for `prepare`.

    Returns
    -------
    DataFrame
        `CLEANED`: what does not depend on how common a word is. ``words`` of the name, ``terms``
        that are weighed (of a Chinese name its characters as words) and ``own`` (those of them that
        only say where the record is). A name without any letter has no row.
    """
    model, rules = model or load_model(), rules or default_rules()
    rows = []
    count: Counter[object] = Counter()
    for record, names, context, located in _records(records):
        for name in names:
            identity = f"{record}#{count[record]}"
            count[record] += 1
            spellings = _spellings(name, rules, romanise, context[0])
            for kind, mark, (words, legal, initials) in spellings:
                if not any(words):
                    continue
                han = kind != "romanised" and is_east_asian("".join(words))
                terms = (characters_as_words if han else _terms)(words, model.characters, rules)
                own = whereabouts(rules, *located).among(terms)
                what = (identity + mark, str(record), name.text, kind, "han" if han else "other")
                spelt = (words, terms, own, " ".join(sorted(words)), initials, legal)
                rows.append((*what, *spelt, *context, name.valid_from, name.valid_to))
    table = pd.DataFrame(rows, columns=list(CLEANED))
    return table.astype({name: kind for name, kind in CLEANED.items() if kind != "list"})


def _records(
    records: pd.DataFrame,
) -> Iterator[tuple[object, list[Name], list[object], list[str | None]]]:
    """Yield each record's id, names, country, place and year, and all that says where it is.

    What is unknown is None.
    """
    columns = {column: records[column].tolist() for column in records.columns}
    blank = [None] * len(records)
    optional = ["other_names", "former_names", "other_places", "country", "place", "year"]
    for record, name, other, former, elsewhere, *context in zip(
        columns["record_id"],
        columns["name"],
        *(columns.get(column, blank) for column in optional),
        strict=True,
    ):
        known = [
            None if value is None or value is pd.NA or value != value else value
            for value in context
        ]
        country, place, _ = known
        located = [text if isinstance(text, str) else None for text in (country, place, elsewhere)]
        yield record, _names_of(name, other, former), known, located


def _names_of(name: object, other: object, former: object) -> list[Name]:
    """Return the names of a record, each once, with their kind and years."""
    names: list[Name] = []
    if isinstance(name, str) and name.strip():
        names.append(Name(FORMERLY.sub(" ", name).strip(), "name"))
        names += [Name(old.strip(), "former") for old in FORMERLY.findall(name)]
    if isinstance(other, str):
        names += [Name(part.strip(), "other") for part in other.split("|") if part.strip()]
    if isinstance(former, str):
        names += [_former(part) for part in former.split("|") if part.strip()]
    return list({name.text: name for name in reversed(names)}.values())[::-1]


_YEARS = re.compile(r"\s*\[\s*(\d{4})?[^-–\]]*[-–]?\s*(\d{4})?[^\]]*\]\s*$")


def _former(text: str) -> Name:
    years = _YEARS.search(text)
    if not years:
        return Name(text.strip(), "former")
    start, end = (int(year) if year else None for year in years.groups())
    return Name(text[: years.start()].strip(), "former", start, end)


def _spellings(
    name: Name, rules: NameRules, romanise: bool, country: object
) -> Iterator[tuple[str, str, tuple[list[str], str, str]]]:
    """Yield a name cleaned (`NameRules.clean`) with its kind and a mark.

    Where it has umlauts it is also spelt out, and where it is in another script than the Latin one,
    romanised.
    """
    cleaned = rules.clean(name.text)
    yield name.kind, "", cleaned
    if (spelt := spelt_out(name.text)) != name.text:
        yield name.kind, "u", rules.clean(spelt)
    if romanise and is_beyond_latin(name.text):
        land = country if isinstance(country, str) else ""
        yield "romanised", "r", rules.clean(rules.romanise(name.text, land))


# --- From cleaned names to features


def prepare(
    records: pd.DataFrame,
    model: Model | None = None,
    rules: NameRules | None = None,
    romanise: bool = True,
    count: bool = True,
) -> pd.DataFrame:
    """Take the names of records apart: one row per record and name.

    How much a word tells is counted in the records themselves, where there are enough of them
    (`counts`).

    Parameters
    ----------
    records : DataFrame
        ``record_id`` and ``name`` (a record may have several rows); where there are, ``place`` and
        ``country`` (any text; compared as it is), ``other_places`` (what else says where the record
        is: its town, its province), ``year`` (of the record), ``other_names`` (``|`` between them)
        and ``former_names`` (``|`` between them, each with its years in square brackets where
        known: ``Old Name [1994-2001]``).
    model : Model, optional
        The package's own if not given.
    rules : NameRules, optional
        Words, legal forms and places; the compendium's own if not given.
    romanise : bool
        Add a row in Latin letters for each Chinese name, so that it can meet romanised names. A
        register in one script does not need it.
    count : bool
        Count words in the records; without, the model's own tables hold. Where one firm is named by
        many records in many ways, its own words look common.

    Returns
    -------
    DataFrame
        `COLUMNS` and ``keys`` (list of str): ``name_id`` (record and number of the name),
        ``record_id``, the ``name`` as given, ``kind`` (``name``, ``other``, ``former``,
        ``romanised``), ``script`` (``han`` or ``other``), ``words`` (cleaned), ``sorted``,
        ``joined``, ``core`` (the rare words), ``beside`` (all others but the light), ``f1`` to
        ``f8`` (the words as a Bloom filter in which a rare word sets more bits) with the number of
        their bits ``info``, ``first`` word that is no place, ``initials``, ``numbers``, ``legal``
        form, how many words are ``light``
        (single letters and places: the record's own, or any while it is not known where the record
        is), and what was given. A name without any letter has no row.
    """
    model, rules = model or load_model(), rules or default_rules()
    cleaned = take_apart(records, model, rules, romanise)
    names = counts.names_by_country(cleaned) if count else {}
    return weigh(cleaned.assign(seen=counts.seen(cleaned, names)), names, model, rules)


def weigh(
    cleaned: pd.DataFrame,
    names: dict[str, int],
    model: Model | None = None,
    rules: NameRules | None = None,
) -> pd.DataFrame:
    """Weigh the words of cleaned names, row by row.

    Parameters
    ----------
    cleaned : DataFrame
        From `take_apart`, and ``seen``: for the common words of each name in how many names they
        stand (`counts.seen`).
    names : dict
        Different names by script and country (`counts.names_by_country`).
    model, rules
        As for `prepare`.

    Returns
    -------
    DataFrame
        As `prepare` returns it.
    """
    model, rules = model or load_model(), rules or default_rules()
    rows, keys = [], []
    for row in cleaned.itertuples(index=False):
        information = counts.Information(model, rules, row.script, row.country, row.seen, names)
        bits = {word: 1 if word in row.own else information.of(word) for word in row.terms}
        rarest = dict(sorted(bits.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS])
        light = {word for word in bits if _is_light(word, row, rules)}
        features = _features(row, bits, rarest, light, model)
        years = (row.valid_from, row.valid_to)
        context = (row.legal, row.country, row.place, row.year, *years)
        what = (row.name_id, row.record_id, row.name, row.kind)
        rows.append((*what, *features, *context, len(light & {*rarest}), *_filter(rarest)))
        keys.append(_keys(features, list(rarest), row.place))
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    table["keys"] = pd.Series(keys, index=table.index, dtype=object)
    return table


def _is_light(word: str, row: Any, rules: NameRules) -> bool:
    """Say whether a word of a name is a single letter, or only says where the firm is.

    The name of another place than that of the record tells firms apart, and so does a word that is
    only part of a place's name (``South``, ``City``); ``New`` at the end says nothing.
    """
    if len(word) == 1 or word in row.own or word == "new" == row.words[-1]:
        return True
    return word in rules.lone_places and not isinstance(row.place, str)


def _features(
    row: Any, bits: dict[str, int], rarest: dict[str, int], light: set[str], model: Model
) -> Features:
    """Return what the model compares of a cleaned name, in characters or in words."""
    words, han = row.words, row.script == "han"
    joined = "".join(words)
    if han:
        core, beside, first = joined, "", joined[:2]
    else:
        rare = model.rare
        telling = [word for word in words if bits.get(word, rare) > rare // 2]
        core = "".join(telling)
        beside = "".join(word for word in words if word not in telling and word not in light)
        first = next((word for word in words if bits.get(word, rare) > 1), words[0])
    return Features(
        script=row.script,
        words=" ".join(words),
        sorted=row.sorted,
        joined=joined,
        sound=sound(joined),
        core=core or joined,
        beside=beside if core else "",
        pattern=_pattern(joined, rarest) if han else None,
        first=first,
        initials=row.initials if 2 < len(row.initials) <= LONGEST_ACRONYM else None,
        numbers=" ".join(word for word in words if word.isdigit()) or None,
    )


def _pattern(joined: str, rarest: dict[str, int]) -> str | None:
    """Return the SQL pattern for names that hold the characters of a short Chinese one in order.

    A name of nothing but words of the trade has none.
    """
    own = any(bits > TRADE_BITS for bits in rarest.values())
    return f"%{'%'.join(joined)}%" if own and 2 < len(joined) <= LONGEST_ACRONYM else None


def _keys(features: Features, rarest: list[str], place: object) -> list[str]:
    """Return the keys of a name: two names that share one are compared.

    Those with ``d:`` bring a word and its misspellings together, within one place.
    """
    han, joined, initials = features.script == "han", features.joined, features.initials
    keys = [f"s:{features.sorted}", f"p:{features.sound[:7]}", f"p:{sound(features.core)[:7]}"]
    if 2 < len(joined) <= LONGEST_ACRONYM and not han:
        keys.append(f"a:{joined}")
    if initials:
        keys += [f"a:{initials}", f"a:{initials[:-1]}"]
    keys += [f"w:{word}" for word in (rarest if han else rarest[:4])]
    keys += [f"w:{' '.join(sorted(two))}" for two in combinations(rarest[:3], 2)]
    if isinstance(place, str) and not han:
        keys += [f"d:{word}|{place}" for word in _misspelt(rarest[0])]
    return list(dict.fromkeys(keys))


def _misspelt(word: str) -> list[str]:
    """Return a word and what is left of it without one of its letters (Bocek et al. 2007).

    Two words that differ by one letter too many, too few, wrong or in another place share one.
    """
    if not SHORTEST_MISSPELT <= len(word) <= LONGEST_MISSPELT or not word.isalpha():
        return []
    return [word, *(word[:at] + word[at + 1 :] for at in range(len(word)))]


def _terms(words: list[str], common: dict[str, int], rules: NameRules) -> list[str]:
    """Return the words of a name, those in hangul cut into pairs of syllables."""
    return [term for word in words for term in (_hangul(word) or [word])]


def _hangul(word: str) -> list[str]:
    return _overlapping(word) if _SYLLABLES.fullmatch(word) else []


def characters_as_words(runs: list[str], common: dict[str, int], rules: NameRules) -> list[str]:
    """Cut runs of Chinese characters into words.

    Places, trade and common words stand by themselves; all else is cut into pairs. Chinese names
    have no blanks. Where no common word stands, each two characters side by side are a word, so
    that names which share two characters in a row share a word.

    Parameters
    ----------
    runs : list of str
        Of a cleaned name.
    common : dict
        Bits of common pairs of characters (`Model.characters`).
    rules : NameRules
        Places and words of the trade.
    """
    words = []
    for run in (
        piece for whole in runs for part in rules.cut(whole) for piece in _ONE_SCRIPT.findall(part)
    ):
        if not is_chinese(run) or run in rules.place_words or run in rules.trade_words:
            words.append(run)
        else:
            words += _pairs(run, common)
    return words


def _pairs(run: str, common: dict[str, int]) -> list[str]:
    """Cut a run of characters at its common pairs, and what is between them into all its pairs."""
    words, rest, position = [], "", 0
    while position < len(run):
        pair = run[position : position + 2]
        if len(pair) == 2 and common.get(pair, COMMON_CHARACTERS + 1) <= COMMON_CHARACTERS:
            words += [*_overlapping(rest), pair]
            rest = ""
            position += 2
        else:
            rest += run[position]
            position += 1
    return words + _overlapping(rest)


def _overlapping(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(max(1, len(run) - 1))] if run else []


# --- Bloom filters


def _filter(rarest: dict[str, int]) -> tuple[int, ...]:
    """Return how many bits the words of a name set, and the filter as signed whole numbers."""
    mask = 0
    for word, bits in rarest.items():
        mask |= _mask(word, bits)
    parts = [(mask >> (WIDTH * number)) & (2**WIDTH - 1) for number in range(FILTERS)]
    signed = [part - 2**WIDTH if part >= 2 ** (WIDTH - 1) else part for part in parts]
    return mask.bit_count(), *signed


@cache
def _mask(word: str, bits: int) -> int:
    """Return the bits that a word sets, one for each `UNIT` of its information."""
    size = min(max(1, round(bits / UNIT)), MOST_UNITS)
    # the bits of a common word are among those that it would set as a rare one
    digest = hashlib.blake2b(word.encode(), digest_size=2 * MOST_UNITS).digest()
    mask = 0
    for start in range(0, 2 * size, 2):
        mask |= 1 << (int.from_bytes(digest[start : start + 2], "big") % (FILTERS * WIDTH))
    return mask
