"""The linkage model: which names are compared, how, and what each agreement weighs.

One model (``linkage.toml`` beside this file) says what is blocked and compared, with the
probabilities and thresholds; ``docs/MODEL_CARD.md`` describes it and how good it is. It is a model
of Fellegi and Sunter (1969), run by splink (Linacre et al. 2022), on DuckDB unless another engine
is given.

`prepare` takes names apart once, row by row, so that it can run on batches of any engine; what is
left for the engine is plain SQL on text and whole numbers.
"""

import hashlib
import re
import tomllib
from collections import Counter
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd

from cluster_anatomy.firms.names import FORMERLY, NameRules, default_rules
from cluster_anatomy.firms.scripts import is_chinese

FILTERS, WIDTH = 8, 64
"""Whole numbers that hold the words of a name as a Bloom filter (Schnell et al. 2009), and their
bits.
"""
UNIT = 3
"""Bits of information that set one bit of the filter: a rare word sets more of them than a common
one.
"""
MOST_WORDS = 12
TRADE_BITS = 3
COMMON_CHARACTERS = 7
"""Two Chinese characters with at most so many bits (one firm in 128 has them) are a word by
themselves.
"""
LONGEST_ACRONYM = 6
COLUMNS = {
    "name_id": "string",
    "record_id": "string",
    "name": "string",
    "kind": "string",
    "script": "string",
    "words": "string",
    "sorted": "string",
    "joined": "string",
    "core": "string",
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
    "info": "int64",
    **{f"f{number}": "int64" for number in range(1, FILTERS + 1)},
}
"""Columns that `prepare` returns besides ``keys``, and their types."""


@dataclass(frozen=True)
class Model:
    """The linkage model as the file has it.

    Attributes
    ----------
    prior : float
        Probability that two records drawn at random are one firm.
    same_from, borderline_from : float
        Probabilities from which a pair is the same firm, and from which it is looked at.
    largest_block : int
        A key that more names share than this makes no pairs.
    rare : int
        Bits of a word that no table of common words holds.
    words, characters : dict
        Bits of common words, and of common pairs of Chinese characters.
    comparisons : list of dict
        ``name``, ``meaning``, ``source``, ``null`` (SQL) and ``levels`` with ``label``, ``sql``,
        ``m``, ``u``.
    """

    prior: float
    same_from: float
    borderline_from: float
    largest_block: int
    rare: int
    words: dict[str, int]
    characters: dict[str, int]
    comparisons: list[dict]

    def bits(self, word: str, rules: NameRules) -> int:
        """Return how much two names that share a word tell, in bits: -log2 of its share of firms.

        The name of a place tells one bit (places are compared apart); a word of the trade and a
        single letter tell `TRADE_BITS` at most.
        """
        table = self.characters if is_chinese(word) else self.words
        found = table.get(
            word, self.rare if len(word) > 1 or not is_chinese(word) else self.rare // 2
        )
        if word in rules.place_words:
            return 1
        if word in rules.trade_words or (len(word) == 1 and word.isascii() and word.isalpha()):
            return min(found, TRADE_BITS)
        return found


def load_model(path: str | Path | None = None) -> Model:
    """Read the model: the package's own, or another file of the same form.

    Raises
    ------
    ValueError
        If the file is no TOML, lacks a part or holds a probability outside (0, 1).
    """
    return _load(None if path is None else str(path))


@cache
def _load(path: str | None) -> Model:
    file = resources.files("cluster_anatomy.firms") / "linkage.toml" if path is None else Path(path)
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file}: not a TOML file ({error})") from None
    try:
        model = Model(
            **raw["model"],
            words=_by_word(raw["words"]),
            characters=_by_word(raw["characters"]),
            comparisons=raw["comparison"],
        )
        for comparison in model.comparisons:
            for level in comparison["levels"]:
                if not (0 < level["m"] < 1 and 0 < level["u"] < 1):
                    place = f"comparison '{comparison['name']}', level '{level['label']}'"
                    raise ValueError(f"{file}: {place}: m and u must lie between 0 and 1")
    except (KeyError, TypeError) as error:
        raise ValueError(f"{file}: a part of the model is missing or unknown ({error})") from None
    return model


def _by_word(table: dict[str, str]) -> dict[str, int]:
    return {word: int(bits) for bits, words in table.items() for word in words.split()}


# --- One row per name


def prepare(
    records: pd.DataFrame,
    model: Model | None = None,
    rules: NameRules | None = None,
    romanise: bool = True,
) -> pd.DataFrame:
    """Take the names of records apart: one row per record and name.

    Parameters
    ----------
    records : DataFrame
        ``record_id`` and ``name`` (a record may have several rows); where there are, ``place`` and
        ``country`` (any text; compared as it is), ``year`` (of the record), ``other_names`` (``|``
        between them) and ``former_names`` (``|`` between them, each with its years in square
        brackets where known: ``Old Name [1994-2001]``).
    model : Model, optional
        The package's own if not given.
    rules : NameRules, optional
        Words, legal forms and places; the compendium's own if not given.
    romanise : bool
        Add a row in Latin letters for each Chinese name, so that it can meet romanised names. A
        register in one script does not need it.

    Returns
    -------
    DataFrame
        `COLUMNS` and ``keys`` (list of str): ``name_id`` (record and number of the name),
        ``record_id``, the ``name`` as given, ``kind`` (``name``, ``other``, ``former``,
        ``romanised``), ``script`` (``han`` or ``other``), ``words`` (cleaned), ``sorted``,
        ``joined``, ``core`` (the rare words), ``f1`` to ``f8`` (the words as a Bloom filter in
        which a rare word sets more bits) with the number of their bits ``info``, ``first`` word
        that is no place, ``initials``, ``numbers``, ``legal`` form, and what was given. A name
        without any letter has no row.
    """
    model, rules = model or load_model(), rules or default_rules()
    rows, keys, count = [], [], Counter()
    columns = {column: records[column].tolist() for column in records.columns}
    blank = [None] * len(records)
    given = [columns.get(column, blank) for column in ("country", "place", "year")]
    many = [columns.get(column, blank) for column in ("other_names", "former_names")]
    for record, name, other, former, *context in zip(
        columns["record_id"], columns["name"], *many, *given, strict=True
    ):
        context = [
            None if value is None or value is pd.NA or value != value else value
            for value in context
        ]
        for text, kind, start, end in _names_of(name, other, former):
            number = count[record]
            count[record] += 1
            variants = [(text, kind, rules.clean(text))]
            if romanise and is_chinese(text):
                latin = rules.romanise(text)
                variants.append((text, "romanised", rules.clean(latin)))
            for written, variant, (words, legal, initials) in variants:
                features = _features(words, initials, variant, model, rules)
                if features is None:
                    continue
                identity = f"{record}#{number}{'r' if variant == 'romanised' else ''}"
                rows.append(
                    (
                        identity,
                        str(record),
                        written,
                        variant,
                        legal,
                        *context,
                        start,
                        end,
                        *features[0],
                    )
                )
                keys.append(features[1])
    names = [
        "name_id",
        "record_id",
        "name",
        "kind",
        "legal",
        "country",
        "place",
        "year",
        "valid_from",
        "valid_to",
        "script",
        "words",
        "sorted",
        "joined",
        "core",
        "pattern",
        "first",
        "initials",
        "numbers",
        "info",
        *(f"f{number}" for number in range(1, FILTERS + 1)),
    ]
    table = pd.DataFrame(rows, columns=names).astype(COLUMNS)[list(COLUMNS)]
    table["keys"] = pd.Series(keys, index=table.index, dtype=object)
    return table


def _names_of(name, other, former) -> list[tuple[str, str, int | None, int | None]]:
    """Names of a record, each once, with their kind and years."""
    found = []
    if isinstance(name, str) and name.strip():
        found += [(old.strip(), "former", None, None) for old in FORMERLY.findall(name)]
        found.insert(0, (FORMERLY.sub(" ", name).strip(), "name", None, None))
    if isinstance(other, str):
        found += [(part.strip(), "other", None, None) for part in other.split("|") if part.strip()]
    if isinstance(former, str):
        found += [_former(part) for part in former.split("|") if part.strip()]
    return list({item[0]: item for item in reversed(found)}.values())[::-1]


_YEARS = re.compile(r"\s*\[\s*(\d{4})?[^-–\]]*[-–]?\s*(\d{4})?[^\]]*\]\s*$")


def _former(text: str) -> tuple[str, str, int | None, int | None]:
    years = _YEARS.search(text)
    if not years:
        return text.strip(), "former", None, None
    start, end = (int(year) if year else None for year in years.groups())
    return text[: years.start()].strip(), "former", start, end


def _features(
    words: list[str], initials: str, kind: str, model: Model, rules: NameRules
) -> tuple | None:
    joined = "".join(words)
    if not joined:
        return None
    han = kind != "romanised" and is_chinese(joined)
    spaced = " ".join(words)
    tokens = characters_as_words(words, model.characters, rules) if han else words
    weighed = sorted({(-model.bits(token, rules), token) for token in tokens})[:MOST_WORDS]
    rare = [token for _, token in weighed]
    own = any(-weight > TRADE_BITS for weight, _ in weighed)
    mask = 0
    for weight, token in weighed:
        mask |= _mask(token, -weight)
    in_order = " ".join(sorted(words))
    core = "".join(word for word in words if model.bits(word, rules) > model.rare // 2) or joined
    acronym = initials if 2 < len(initials) <= LONGEST_ACRONYM else None
    short = [f"a:{joined}"] if 2 < len(joined) <= LONGEST_ACRONYM and not han else []
    short += [f"a:{initials}", f"a:{initials[:-1]}"] if acronym else []
    keys = [
        f"s:{in_order}",
        f"p:{joined[:7]}",
        *short,
        *(f"w:{token}" for token in (rare if han else rare[:4])),
    ]
    keys += [
        f"w:{one} {other}"
        for one, other in ((0, 1), (0, 2), (1, 2))
        if other < len(rare)
        for one, other in [sorted((rare[one], rare[other]))]
    ]
    features = (
        "han" if han else "other",
        spaced,
        in_order,
        joined,
        joined if han else core,
        "%" + "%".join(joined) + "%" if han and own and 2 < len(joined) <= 6 else None,
        (
            next((word for word in words if word not in rules.place_words), words[0])
            if not han
            else joined[:2]
        ),
        acronym,
        " ".join(word for word in words if word.isdigit()) or None,
        mask.bit_count(),
        *_halves(mask),
    )
    return features, list(dict.fromkeys(keys))


@cache
def _mask(word: str, bits: int) -> int:
    """The bits that a word sets, one for each `UNIT` of its information."""
    size = max(1, round(bits / UNIT))
    digest = hashlib.blake2b(word.encode(), digest_size=2 * size).digest()
    mask = 0
    for at in range(0, 2 * size, 2):
        mask |= 1 << (int.from_bytes(digest[at : at + 2], "big") % (FILTERS * WIDTH))
    return mask


def _halves(mask: int) -> list[int]:
    """Cut a filter into signed whole numbers of `WIDTH` bits."""
    parts = [(mask >> (WIDTH * number)) & (2**WIDTH - 1) for number in range(FILTERS)]
    return [part - 2**WIDTH if part >= 2 ** (WIDTH - 1) else part for part in parts]


def characters_as_words(runs: list[str], common: dict[str, int], rules: NameRules) -> list[str]:
    """Cut runs of Chinese characters: places, trade and common words by themselves, all else into
    pairs.

    Chinese names have no blanks. Where no common word stands, each two characters side by side are
    a word, so that names which share two characters in a row share a word.
    """
    tokens = []
    for run in (part for whole in runs for part in rules.cut(whole)):
        if not is_chinese(run) or run in rules.place_words or run in rules.trade_words:
            tokens.append(run)
            continue
        rest = ""
        position = 0
        while position < len(run):
            pair = run[position : position + 2]
            if len(pair) == 2 and common.get(pair, COMMON_CHARACTERS + 1) <= COMMON_CHARACTERS:
                tokens += [*_overlapping(rest), pair]
                rest = ""
                position += 2
            else:
                rest += run[position]
                position += 1
        tokens += _overlapping(rest)
    return tokens


def _overlapping(run: str) -> list[str]:
    return [run[start : start + 2] for start in range(max(1, len(run) - 1))] if run else []


def limit_keys(prepared: pd.DataFrame, largest: int) -> pd.DataFrame:
    """Take out keys that more than ``largest`` names share: they would make most pairs and almost
    no matches.

    Block purging (Papadakis et al. 2020). The key of all words in order stays in any case.
    """
    flat = prepared["keys"].explode()
    counts = flat.value_counts()
    frequent = set(counts.index[(counts > largest) & ~counts.index.str.startswith("s:")])
    if not frequent:
        return prepared
    return prepared.assign(
        keys=[[key for key in keys if key not in frequent] for keys in prepared["keys"]]
    )


# --- What splink is told


def sql_levels(template: str) -> str:
    """Fill in the shorthands of the model file."""
    shared = " + ".join(
        f"CAST(bit_count(f{number}_l & f{number}_r) AS INTEGER)" for number in range(1, FILTERS + 1)
    )
    return (
        template.replace("{shared}", f"({shared})")
        .replace("{least}", f"(({shared}) * 100 / GREATEST(info_l, info_r))")
        .replace("{most}", f"(({shared}) * 100 / LEAST(info_l, info_r))")
        .replace("{contains}", "(strpos(joined_l, joined_r) > 0 OR strpos(joined_r, joined_l) > 0)")
        .replace("{numbers}", "COALESCE(numbers_l, '') = COALESCE(numbers_r, '')")
        .replace(
            "{opens}",
            "(first_l = first_r OR strpos(joined_l, first_r) = 1 OR strpos(joined_r, first_l) = 1)",
        )
    )


def settings(
    model: Model | None = None, link_type: str = "dedupe_only", prior: float | None = None
):
    """Return the model as splink's settings (a ``SettingsCreator``), all probabilities fixed.

    Parameters
    ----------
    model : Model, optional
        The package's own if not given.
    link_type : str
        ``dedupe_only``, ``link_only`` or ``link_and_dedupe``, as splink has them.
    prior : float, optional
        Instead of the model's.
    """
    # Splink takes seconds to load, and most steps use this module for names only.
    from splink import SettingsCreator, block_on
    from splink import comparison_level_library as levels
    from splink import comparison_library as comparisons

    model = model or load_model()
    built = []
    for comparison in model.comparisons:
        ladder = [
            levels.CustomLevel(comparison["null"], base_dialect_str="duckdb").configure(
                is_null_level=True
            )
        ]
        for level in comparison["levels"]:
            one = (
                levels.ElseLevel()
                if level["sql"] == "ELSE"
                else levels.CustomLevel(
                    sql_levels(level["sql"]), level["label"], base_dialect_str="duckdb"
                )
            )
            ladder.append(
                one.configure(
                    m_probability=level["m"],
                    u_probability=level["u"],
                    label_for_charts=level["label"],
                )
            )
        built.append(comparisons.CustomComparison(ladder, output_column_name=comparison["name"]))
    return SettingsCreator(
        link_type=link_type,
        unique_id_column_name="name_id",
        comparisons=built,
        blocking_rules_to_generate_predictions=[block_on("keys", arrays_to_explode=["keys"])],
        probability_two_random_records_match=prior or model.prior,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=True,
        additional_columns_to_retain=["record_id", "name", "kind"],
    )


def pairs(
    prepared: pd.DataFrame,
    api=None,
    model: Model | None = None,
    threshold: float | None = None,
    prior: float | None = None,
    each_name: bool = False,
) -> pd.DataFrame:
    """Score the pairs of records whose names share a key.

    Parameters
    ----------
    prepared : DataFrame
        From `prepare`; if it has a column ``source``, only records of different sources are paired.
    api : splink database API, optional
        DuckDB in memory if not given.
    model : Model, optional
        The package's own if not given.
    threshold : float, optional
        Least probability of the pairs that are returned; the model's ``borderline_from`` if not
        given.
    prior : float, optional
        Instead of the model's.
    each_name : bool
        Return every pair of names, not only the best one of two records.

    Returns
    -------
    DataFrame
        ``left``, ``right`` (record ids, left first in the order of the alphabet), ``left_name``,
        ``right_name`` (the names that met), ``left_kind``, ``right_kind``, ``weight`` (bits, prior
        included; Fellegi and Sunter 1969), ``probability`` and one column per comparison with the
        bits it adds (0 where nothing is known); sorted, rounded, so that the same records give the
        same table on every run.
    """
    from splink import Linker
    from splink.backends.duckdb import DuckDBAPI

    model = model or load_model()
    least = model.borderline_from if threshold is None else threshold
    table = limit_keys(prepared, model.largest_block)
    api = api or DuckDBAPI()
    if "source" in table:
        parts = [part.drop(columns="source") for _, part in table.groupby("source", sort=True)]
        frames, kind = [api.register(part) for part in parts], "link_only"
    else:
        frames, kind = [api.register(table)], "dedupe_only"
    linker = Linker(
        frames, settings(model, kind, prior), log_level="ERROR", validate_settings=False
    )
    found = linker.inference.predict(threshold_match_probability=least).as_pandas_dataframe()
    return tidy(found, model, each_name)


def tidy(
    predicted: pd.DataFrame, model: Model | None = None, each_name: bool = False
) -> pd.DataFrame:
    """Put splink's predictions on names into the form of `pairs`, the best pair of names of two
    records first.
    """
    model = model or load_model()
    found = predicted[predicted["record_id_l"] != predicted["record_id_r"]]
    turned = (found["record_id_l"] > found["record_id_r"]).to_numpy()
    table = pd.DataFrame()
    for column, label in (("record_id", ""), ("name", "_name"), ("kind", "_kind")):
        one, other = found[f"{column}_l"].to_numpy(object), found[f"{column}_r"].to_numpy(object)
        table[f"left{label}"] = np.where(turned, other, one)
        table[f"right{label}"] = np.where(turned, one, other)
    table["weight"] = found["match_weight"].to_numpy().round(4)
    table["probability"] = found["match_probability"].to_numpy().round(6)
    for comparison in model.comparisons:
        table[comparison["name"]] = found[f"mw_{comparison['name']}"].to_numpy().round(4)
    order = ["left", "right", "weight", "left_name", "right_name", "left_kind", "right_kind"]
    table = table.sort_values(
        order, ascending=[True, True, False, True, True, True, True], ignore_index=True
    )
    return table if each_name else table.drop_duplicates(["left", "right"], ignore_index=True)


def decide(probability: pd.Series, model: Model | None = None) -> pd.Series:
    """Say ``same``, ``borderline`` or ``different`` by the model's thresholds."""
    model = model or load_model()
    words = np.select(
        [probability >= model.same_from, probability >= model.borderline_from],
        ["same", "borderline"],
        "different",
    )
    return pd.Series(words, index=probability.index, dtype="str")
