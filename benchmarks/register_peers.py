"""The peers of `registers`, each in its own process: ``register_peers.py PEER REGISTER OUT
[TRUTH]``.

Each reads ``company``, ``city``, ``founded`` of a made register and writes ``row`` and ``firm_id``.
Needs only pandas and pyarrow beside the peer, for recordlinkage and dedupe have environments of
their own.
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

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for one, other in pairs:
        one, other = sorted((root(one), root(other)))
        parent[other] = one
    return [root(one) for one in range(size)]


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
    """Link with splink as its first tutorial does: default levels, parameters estimated from the
    register.
    """
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
    found = linker.inference.predict(threshold_match_probability=0.9)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        found, 0.9
    ).as_pandas_dataframe()
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
    found = components(len(frame), ((one - 1, other - 1) for one, other in hits))
    return pd.Series(found, index=frame.index)


def dedupe(frame: pd.DataFrame, truth: str) -> pd.Series:
    """Link with dedupe, trained on pairs whose truth is told."""
    import dedupe as library

    known = pd.read_parquet(truth).set_index("row")["firm"]
    records = {
        row: {"name": name, "city": city, "founded": founded}
        for row, name, city, founded in frame[["row", "name", "city", "founded"]].itertuples(
            index=False
        )
    }
    variables = [
        library.variables.String("name"),
        library.variables.ShortString("city", has_missing=True),
        library.variables.ShortString("founded", has_missing=True),
    ]
    chance = random.Random(7)
    firms = known.groupby(known).groups
    several = [list(rows) for rows in firms.values() if len(rows) > 1]
    match = [
        tuple(chance.sample(rows, 2)) for rows in chance.sample(several, min(1000, len(several)))
    ]
    rows = list(records)
    distinct = []
    while len(distinct) < 1000:
        one, other = chance.sample(rows, 2)
        if known[one] != known[other]:
            distinct.append((one, other))
    model = library.Dedupe(variables, num_cores=2)
    training = {
        "match": [(records[one], records[other]) for one, other in match],
        "distinct": [(records[one], records[other]) for one, other in distinct],
    }
    model.prepare_training(records, sample_size=min(15_000, len(records)))
    model.mark_pairs(training)
    model.train()
    found = {}
    for number, (members, _) in enumerate(model.partition(records, 0.5)):
        found |= dict.fromkeys(members, number)
    return frame["row"].map(found)


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
