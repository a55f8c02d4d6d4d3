"""The peers of `registers`, each in its own process.

``register_peers.py PEER REGISTER OUT [TRUTH]`` reads ``company``, ``city`` and ``founded`` of a
made register and writes ``row`` and ``firm_id``. It needs only pandas and pyarrow beside the peer,
for recordlinkage and dedupe have environments of their own.
"""

import random
import sys

import pandas as pd


def read(path: str) -> pd.DataFrame:
    """Read the register; the row number is 1 below the header; names in lower case."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    frame["row"] = range(1, len(frame) + 1)
    frame["name"] = frame["company"].str.lower().str.strip()
    for column in ("name", "city", "founded"):
        frame[column] = frame[column].astype(object).where(frame[column] != "", None)
    frame["block"] = frame["name"].str[:5]
    return frame[["row", "name", "city", "founded", "block"]]


def components(size: int, pairs) -> list[int]:
    """Return for each position the smallest one that it is linked with (union-find)."""
    parent = list(range(size))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for left, right in pairs:
        first, second = sorted((root(left), root(right)))
        parent[second] = first
    return [root(node) for node in range(size)]


def plain(frame: pd.DataFrame) -> pd.Series:
    """Clean and group: equal names in one city."""
    legal = (
        r"\b(inc|incorporated|corp|corporation|ltd|limited|llc|co|company|gmbh|ag|sa|plc)\b|"
        r"股份有限公司|有限责任公司|有限公司"
    )
    bare = frame["name"].str.replace(".", "", regex=False).str.replace(r"[^\w ]", " ", regex=True)
    bare = bare.str.replace(legal, " ", regex=True).str.replace(r"\s+", " ", regex=True).str.strip()
    return frame.groupby([bare, frame["city"].fillna("")]).ngroup()


def splink_default(frame: pd.DataFrame) -> pd.Series:
    """Link with splink as its first tutorial does: default levels, parameters estimated here."""
    import splink.comparison_library as comparisons
    from splink import Linker, SettingsCreator, block_on
    from splink.backends.duckdb import DuckDBAPI

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="row",
        comparisons=[
            comparisons.JaroWinklerAtThresholds("name"),
            comparisons.ExactMatch("city"),
            comparisons.ExactMatch("founded"),
        ],
        blocking_rules_to_generate_predictions=[block_on("block")],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI()
    linker = Linker(api.register(frame), settings, log_level="ERROR")
    linker.training.estimate_probability_two_random_records_match(
        [block_on("name", "city")], recall=0.5
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("city", "founded"))
    linker.training.estimate_parameters_using_expectation_maximisation(block_on("name"))
    pairs = linker.inference.predict(threshold_match_probability=0.9)
    clustered = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, 0.9)
    clusters = clustered.as_pandas_dataframe()
    return frame["row"].map(clusters.set_index("row")["cluster_id"])


def recordlinkage(frame: pd.DataFrame) -> pd.Series:
    """Link with the Python Record Linkage Toolkit."""
    import recordlinkage as toolkit

    frame = frame.set_index("row", drop=False)
    indexer = toolkit.Index()
    indexer.block("block")
    pairs = indexer.index(frame)
    compare = toolkit.Compare()
    compare.string("name", "name", method="jarowinkler", threshold=0.85, label="name")
    compare.exact("city", "city", label="city")
    compare.exact("founded", "founded", label="founded")
    vectors = compare.compute(pairs, frame)
    hits = vectors[(vectors["name"] == 1) & (vectors[["city", "founded"]].sum(axis=1) >= 1)].index
    firms = components(len(frame), ((left - 1, right - 1) for left, right in hits))
    return pd.Series(firms, index=frame.index)


def dedupe(frame: pd.DataFrame, truth: str) -> pd.Series:
    """Link with dedupe, trained on pairs whose truth is told."""
    import dedupe as library

    firm = pd.read_parquet(truth).set_index("row")["firm"]
    columns = ["name", "city", "founded"]
    records = {
        row: dict(zip(columns, values, strict=True))
        for row, *values in frame[["row", *columns]].itertuples(index=False)
    }
    variables = [
        library.variables.String("name"),
        library.variables.ShortString("city", has_missing=True),
        library.variables.ShortString("founded", has_missing=True),
    ]
    match, distinct = training_pairs(firm, list(records))
    model = library.Dedupe(variables, num_cores=2)
    training = {
        "match": [(records[left], records[right]) for left, right in match],
        "distinct": [(records[left], records[right]) for left, right in distinct],
    }
    model.prepare_training(records, sample_size=min(15_000, len(records)))
    model.mark_pairs(training)
    model.train()
    firms = {}
    for number, (members, _) in enumerate(model.partition(records, 0.5)):
        firms |= dict.fromkeys(members, number)
    return frame["row"].map(firms)


def training_pairs(firm: pd.Series, rows: list[int], size: int = 1000) -> tuple[list, list]:
    """Return so many pairs of rows of one firm, and of two; `firm` is the truth by row."""
    chance = random.Random(7)
    several = [list(members) for members in firm.groupby(firm).groups.values() if len(members) > 1]
    firms = chance.sample(several, min(size, len(several)))
    match = [tuple(chance.sample(members, 2)) for members in firms]
    distinct: list[tuple[int, int]] = []
    while len(distinct) < size:
        left, right = chance.sample(rows, 2)
        if firm[left] != firm[right]:
            distinct.append((left, right))
    return match, distinct


def main() -> None:
    """Run one peer."""
    peer, register, out, *rest = sys.argv[1:]
    frame = read(register)
    programs = {
        "pandas": plain,
        "splink_default": splink_default,
        "recordlinkage": recordlinkage,
        "dedupe": dedupe,
    }
    firm = programs[peer](frame, *rest)
    pd.DataFrame({"row": frame["row"].to_numpy(), "firm_id": firm.to_numpy()}).to_parquet(
        out, index=False
    )


if __name__ == "__main__":
    main()
