"""The peers of `registers`, each in its own process, as its authors advise.

``register_peers.py PEER REGISTER OUT TRUTH`` reads ``company``, ``city`` and ``founded`` of a made
register and writes pairs of rows with a score: ``row_l``, ``row_r``, ``score``. Each peer has
environments of its own (`registers.PEERS`) and needs only pandas and pyarrow beside itself.

All are given the names in lower case without punctuation and without the commonest legal forms. How
each was helped beyond that:

- ``equal_names``: none; equal names in the same city;
- ``tfidf``: n-grams of two and three characters, cosine of the ten nearest names
  (``sparse_dot_topn``), as string_grouper does; names only;
- ``tfidf_place_year``: the same; another place, or a year that is more than one apart, takes points
  away, the same year adds some;
- ``splink``: Jaro-Winkler with term frequencies beside shared words weighed by how rare they are;
  place with term frequencies, year within one; expectation maximisation on the register itself,
  blocked on equal names (for place and year) and on place and year (for names); of a large register
  the training takes a sample;
- ``recordlinkage``: pairs that share one of the four rarest words or the first six letters, eight
  comparisons, ECM, which needs no labels;
- ``dedupe``: trained on labelled pairs of this very register, half of the wrong ones sharing a
  word; ``BTrees`` below 6, for 6 lacks a method that dedupe calls.
"""

import itertools
import json
import random
import re
import sys
from collections import Counter
from math import log2
from pathlib import Path

import pandas as pd

LEGAL = re.compile(
    r"\b(inc|incorporated|corp|corporation|ltd|limited|llc|co|company|gmbh|ag|sa|plc|bv|nv)\b|"
    r"股份有限公司|有限责任公司|有限公司"
)
HAN = re.compile(r"[\u3400-\u9fff]+")
RARE = 4
SAMPLE = 100_000
LABELS = 300


def words(name: str) -> list[str]:
    """Return the words of a name; of Chinese, every two characters that follow each other."""
    found = []
    for word in name.split():
        if HAN.fullmatch(word):
            found += [word[at : at + 2] for at in range(max(len(word) - 1, 1))]
        else:
            found.append(word)
    return sorted(set(found))


def read(path: str) -> pd.DataFrame:
    """Read the register; the row number is 1 below the header; names cleaned."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["row"] = range(1, len(frame) + 1)
    bare = frame["company"].str.lower().str.replace(".", "", regex=False)
    bare = bare.str.replace(r"[^\w ]", " ", regex=True).str.replace(LEGAL, " ", regex=True)
    frame["name"] = bare.str.split().str.join(" ")
    for column in ("name", "city", "founded"):
        frame[column] = frame[column].astype(object).where(frame[column] != "", None)
    return frame[["row", "name", "city", "founded"]].dropna(subset=["name"])


def with_words(frame: pd.DataFrame) -> pd.DataFrame:
    """Add words, their information in bits, the rarest of them, and the beginnings of names."""
    frame = frame.assign(words=[words(name) for name in frame["name"]])
    counts = Counter(word for found in frame["words"] for word in found)
    bits = {word: log2(len(frame) / n) for word, n in counts.items()}
    return frame.assign(
        bits=[[bits[word] for word in found] for found in frame["words"]],
        rare=[sorted(found, key=bits.__getitem__)[-RARE:] for found in frame["words"]],
        rarest=[max(found, key=bits.__getitem__, default=None) for found in frame["words"]],
        start=frame["name"].str[:6],
        first=frame["name"].str[:3],
    )


def in_order(left, right, score) -> pd.DataFrame:
    """Return pairs with the smaller row first."""
    pairs = pd.DataFrame({"a": list(left), "b": list(right), "score": list(score)})
    sides = pairs[["a", "b"]]
    return pd.DataFrame(
        {"row_l": sides.min(axis=1), "row_r": sides.max(axis=1), "score": pairs["score"]}
    )


def equal_names(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link each name with the first equal one in its city."""
    first = frame.groupby(["name", frame["city"].fillna("")])["row"].transform("first")
    same = frame["row"] != first
    return in_order(first[same], frame["row"][same], [1.0] * int(same.sum()))


def _cosines(frame: pd.DataFrame):
    """Return positions of names that are near each other, and their cosines."""
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sparse_dot_topn import sp_matmul_topn

    vectors = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 3), min_df=2, sublinear_tf=True, dtype=np.float32
    ).fit_transform(frame["name"])
    near = sp_matmul_topn(
        vectors, vectors.T.tocsr(), top_n=10, threshold=0.5, n_threads=2, sort=True
    ).tocoo()
    once = near.row < near.col
    return near.row[once], near.col[once], near.data[once]


def tfidf(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link by the cosine of character n-grams."""
    left, right, cosine = _cosines(frame)
    rows = frame["row"].to_numpy()
    return in_order(rows[left], rows[right], cosine)


def tfidf_place_year(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link by the cosine of character n-grams, place and year."""
    import numpy as np

    left, right, cosine = _cosines(frame)
    rows, places = frame["row"].to_numpy(), frame["city"].to_numpy(object)
    years = pd.to_numeric(frame["founded"]).to_numpy(float)
    pairs = zip(places[left], places[right], strict=True)
    same = np.array([one is None or other is None or one == other for one, other in pairs])
    apart = np.abs(years[left] - years[right])
    by_year = np.where(np.isnan(apart), 0, np.where(apart <= 1, 0.05, -0.2))
    return in_order(rows[left], rows[right], cosine + np.where(same, 0, -0.3) + by_year)


def _level(sql: str, label: str):
    """Return a level of a comparison by its SQL."""
    from splink.comparison_level_library import CustomLevel

    return CustomLevel(sql, label, base_dialect_str="duckdb")


def _shared_words():
    """Return the comparison of names by the words that they share, each by its information."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons

    shared = (
        "list_sum(list_append(list_transform(list_intersect(words_l, words_r),"
        " x -> of_word_l[x]), 0.0))"
    )
    left = f"(all_bits_l + all_bits_r - 2 * {shared})"
    empty = "len(words_l) = 0 OR len(words_r) = 0 OR of_word_l IS NULL OR of_word_r IS NULL"
    none = _level(empty, "no words").configure(is_null_level=True)
    strong = [(33, 10), (33, 23), (23, 10), (23, 23), (13, 7), (13, 13)]
    by_words = [_level(f"{shared} >= {a} AND {left} <= {b}", f"{a}/{b}") for a, b in strong]
    by_words += [_level(f"{shared} >= {bits}", str(bits)) for bits in (33, 23, 13, 6.6)]
    return comparisons.CustomComparison(
        [none, *by_words, levels.ElseLevel()], output_column_name="words"
    )


def _splink_settings():
    """Return the comparisons and blocks that splink is given."""
    import splink.comparison_level_library as levels
    import splink.comparison_library as comparisons
    from splink import SettingsCreator, block_on

    near = "abs(try_cast(founded_l AS INT) - try_cast(founded_r AS INT)) <= 1"
    by_name = [
        levels.NullLevel("name"),
        levels.ExactMatchLevel("name", term_frequency_adjustments=True),
        *(levels.JaroWinklerLevel("name", at) for at in (0.97, 0.92, 0.85, 0.75)),
        levels.ElseLevel(),
    ]
    by_year = [
        levels.NullLevel("founded"),
        levels.ExactMatchLevel("founded"),
        _level(near, "within one"),
        levels.ElseLevel(),
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row",
        comparisons=[
            _shared_words(),
            comparisons.CustomComparison(by_name, output_column_name="name"),
            comparisons.ExactMatch("city").configure(term_frequency_adjustments=True),
            comparisons.CustomComparison(by_year, output_column_name="founded"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("rare", arrays_to_explode=["rare"]),
            block_on("start"),
            block_on("first", "city"),
            block_on("city", "founded"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )


def _splink_table(frame: pd.DataFrame):
    """Return a frame as splink takes it: the bits of each word as a map."""
    import duckdb
    from splink.backends.duckdb import DuckDBAPI

    connection = duckdb.connect()
    connection.execute("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'")
    connection.register("raw_frame", frame)
    connection.execute(
        "CREATE TABLE names AS SELECT * EXCLUDE (bits), map(words, bits) AS of_word,"
        " list_sum(bits) AS all_bits FROM raw_frame"
    )
    api = DuckDBAPI(connection)
    return api.register(connection.table("names"))


def splink(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link with splink, trained on the register itself."""
    from splink import Linker, SettingsCreator, block_on

    frame = with_words(frame)
    sample = frame.sample(SAMPLE, random_state=7) if len(frame) > SAMPLE else frame
    trained = Linker(_splink_table(sample), _splink_settings(), log_level="ERROR")
    training = trained.training
    training.estimate_probability_two_random_records_match([block_on("name", "city")], recall=0.5)
    training.estimate_u_using_random_sampling(max_pairs=5e6)
    for blocks in (["name"], ["city", "founded"]):
        training.estimate_parameters_using_expectation_maximisation(
            block_on(*blocks), fix_u_probabilities=True
        )
    linker = trained
    if sample is not frame:
        learnt = SettingsCreator.from_path_or_dict(trained.misc.save_model_to_json())
        linker = Linker(_splink_table(frame), learnt, log_level="ERROR")
        linker.training.estimate_probability_two_random_records_match(
            [block_on("name", "city")], recall=0.5
        )
    found = linker.inference.predict(threshold_match_weight=-5).as_pandas_dataframe()
    return in_order(found["row_l"], found["row_r"], found["match_weight"])


def recordlinkage(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link with the Python Record Linkage Toolkit by ECM."""
    import recordlinkage as toolkit

    frame = with_words(frame).set_index("row", drop=False)
    frame["sorted"] = frame["words"].str.join(" ")
    blocks: dict[str, list[int]] = {}
    for row, rare, start in frame[["row", "rare", "start"]].itertuples(index=False):
        for key in [*rare, f"start {start}"]:
            blocks.setdefault(key, []).append(row)
    pairs = {
        pair
        for block in blocks.values()
        if 1 < len(block) <= 200
        for pair in itertools.combinations(sorted(block), 2)
    }
    index = pd.MultiIndex.from_tuples(sorted(pairs))
    compare = toolkit.Compare()
    for column, method, at in (
        ("name", "jarowinkler", 0.9),
        ("name", "jarowinkler", 0.8),
        ("sorted", "jarowinkler", 0.9),
        ("name", "qgram", 0.6),
        ("name", "qgram", 0.4),
    ):
        label = f"{column} {method} {at}"
        compare.string(column, column, method=method, threshold=at, label=label)
    for column in ("rarest", "city", "founded"):
        compare.exact(column, column, label=column)
    vectors = compare.compute(index, frame)
    classifier = toolkit.ECMClassifier(init="jaro", binarize=None, max_iter=200)
    classifier.fit(vectors)
    score = classifier.prob(vectors).to_numpy() + 1e-6 * vectors.sum(axis=1).to_numpy()
    return in_order(index.get_level_values(0), index.get_level_values(1), score)


def dedupe(frame: pd.DataFrame, truth: pd.Series) -> pd.DataFrame:
    """Link with dedupe, trained on pairs whose truth is told."""
    import io

    import dedupe as library

    frame = with_words(frame)
    columns = ["name", "city", "founded"]
    records = {
        row: dict(zip(columns, values, strict=True))
        for row, *values in frame[["row", *columns]].itertuples(index=False)
    }
    variables = [
        library.variables.String("name"),
        library.variables.Text("name", corpus=list(frame["name"])),
        library.variables.ShortString("city", has_missing=True),
        library.variables.ShortString("founded", has_missing=True),
    ]
    match, distinct = labelled(frame, truth)
    model = library.Dedupe(variables, num_cores=2)
    told = {
        kind: [{"__class__": "tuple", "__value__": [records[a], records[b]]} for a, b in pairs]
        for kind, pairs in (("match", match), ("distinct", distinct))
    }
    model.prepare_training(
        records,
        training_file=io.StringIO(json.dumps(told)),
        sample_size=min(5_000, len(records)),
    )
    model.train(recall=0.95)
    scored = model.score(model.pairs(records))
    pairs = [(int(ids[0]), int(ids[1]), float(score)) for ids, score in scored]
    return in_order(*zip(*pairs, strict=True))


def labelled(frame: pd.DataFrame, truth: pd.Series) -> tuple[list, list]:
    """Return pairs of rows of one firm, and of two; of the latter some share a rare word."""
    chance = random.Random(7)
    firm = truth[frame["row"]]
    several = [list(rows) for rows in firm.groupby(firm).groups.values() if len(rows) > 1]
    match = [tuple(chance.sample(rows, 2)) for rows in chance.sample(several, LABELS)]
    sharing: dict[str, list[int]] = {}
    for row, rare in frame[["row", "rare"]].itertuples(index=False):
        for word in rare:
            sharing.setdefault(word, []).append(row)
    hard = [
        pair
        for rows in sharing.values()
        for pair in itertools.islice(itertools.combinations(rows, 2), 3)
        if truth[pair[0]] != truth[pair[1]]
    ]
    distinct = chance.sample(hard, min(LABELS // 2, len(hard)))
    rows = list(frame["row"])
    while len(distinct) < LABELS:
        left, right = chance.sample(rows, 2)
        if truth[left] != truth[right]:
            distinct.append((left, right))
    return match, distinct


PROGRAMS = {
    "equal_names": equal_names,
    "tfidf": tfidf,
    "tfidf_place_year": tfidf_place_year,
    "splink": splink,
    "recordlinkage": recordlinkage,
    "dedupe": dedupe,
}


def main() -> None:
    """Run one peer."""
    peer, register, out, truth = sys.argv[1:]
    firm = pd.read_parquet(truth).set_index("row")["firm"]
    pairs = PROGRAMS[peer](read(register), firm)
    best = pairs.groupby(["row_l", "row_r"], as_index=False)["score"].max()
    best.to_parquet(Path(out), index=False)


if __name__ == "__main__":
    main()
