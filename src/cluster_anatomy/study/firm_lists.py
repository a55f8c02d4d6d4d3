"""Step 01: many lists and codings become one register of firms.

Rows of evidence and of lists are compared pair by pair. A rule or a score decides what is clearly
the same or clearly different; a reviewed crosswalk always wins; what is left between is listed as
borderline and kept apart. Nothing depends on the order of rows.
"""

import pandas as pd

from cluster_anatomy import tables
from cluster_anatomy.firms import listed as firms_listed
from cluster_anatomy.firms.coders import with_evidence
from cluster_anatomy.firms.lists import resolve, yes_or_no
from cluster_anatomy.firms.names import NameRules
from cluster_anatomy.firms.places import Gazetteer, Place
from cluster_anatomy.methods.shares import share
from cluster_anatomy.tables.cells import split

SEAT = [
    "place_id",
    "city",
    "admin",
    "region",
    "economic_region",
    "cluster",
    "latitude",
    "longitude",
]
"""Columns of the register that say where a firm is."""
LOOKALIKES = [
    "北京科兴生物制品有限公司",
    "深圳科兴生物工程有限公司",
    "南京华欣药业生物工程有限公司",
    "上海华新生物高技术有限公司",
]
"""Names of four firms that are easily taken for two: Kexing and Kexing, Huaxin and Huaxin."""
DECISIONS = ["same", "different", "borderline"]
KNOWN = ["place and year", "place only", "year only", "neither"]
"""What is known of an entry, in the order of figures."""
LOOKED_UP = ["in the register", "found", "found in part", "not found", "out by rule", "not yet"]
"""What became of a firm of the listed pair, in the order of figures."""
SLICE = "Nasdaq Biotechnology Index 2003-11 (tickers AAII-CTIC)"
"""The list of which only the beginning of the alphabet could be read."""


def register(
    members: pd.DataFrame,
    evidence: pd.DataFrame,
    gazetteer: Gazetteer,
    rules: NameRules,
    rows: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make the register of firms: names, place, years, frame and scope of each.

    Parameters
    ----------
    members : DataFrame
        From `assemble`.
    evidence : DataFrame
        From `settle`.
    gazetteer : Gazetteer
        The places that cities mean.
    rules : NameRules
        Used for the place that a list-only name carries.
    rows : DataFrame, optional
        From `gather`: the places that lists print beside names.

    Returns
    -------
    firms : DataFrame
        The columns of the contract ``firms``.
    conflicts : DataFrame
        See `resolve`.
    """
    joined = with_evidence(members, evidence, how="left")
    coded = joined[joined["kind"] == "evidence"]
    firms, conflicts = resolve(joined)
    listed = {} if rows is None else _listed_places(rows, members)
    located = [
        _locate(firm, gazetteer, rules, listed.get(firm.firm_id)) for firm in firms.itertuples()
    ]
    firms = firms.drop(columns=["city", "region", "province_or_state"])
    firms[SEAT] = pd.DataFrame(located, columns=SEAT, index=firms.index)
    country = joined.groupby("firm_id")["country"].first().fillna("China")
    firms["country"] = firms["firm_id"].map(country)
    firms = _with_years(firms, coded)
    firms = _with_frame(firms, coded)
    return firms.sort_values("firm_id", ignore_index=True), conflicts


def listed(
    frame: pd.DataFrame,
    members: pd.DataFrame,
    evidence: pd.DataFrame,
    gazetteer: Gazetteer,
    rules: NameRules,
) -> dict[str, pd.DataFrame]:
    """Make the tables of the listed pair, apart from the register.

    Parameters
    ----------
    frame : DataFrame
        From `firms.listed.identify`.
    members : DataFrame
        Rows of the register's firms, from `assemble`.
    evidence : DataFrame
        The settled evidence of the register and of the pair (``listed_evidence``).
    gazetteer : Gazetteer
        The places that cities mean.
    rules : NameRules
        Used for the place that a name carries.

    Returns
    -------
    dict of DataFrame
        ``frame``, ``firms``, ``firm_evidence``, each after its contract (``listed_frame``, …).
    """
    rows = firms_listed.members_of(frame, members)
    firms, _ = register(rows, evidence, gazetteer, rules)
    sampled = frame[frame["status"] == "sampled"].set_index("firm_id")
    for column in ("country", "frame"):
        firms[column] = firms["firm_id"].map(sampled[column])
    return {
        "frame": tables.in_contract(frame, "data/processed/listed_frame.csv"),
        "firms": firms,
        "firm_evidence": rows,
    }


def _with_years(firms: pd.DataFrame, coded: pd.DataFrame) -> pd.DataFrame:
    """Add the year of entry and the earliest and latest one that any coder gives."""
    year, years = _entry_year(firms), _entry_year(coded).groupby(coded["firm_id"])
    low = firms["firm_id"].map(years.min()).where(year.notna())
    high = firms["firm_id"].map(years.max()).where(year.notna())
    return firms.assign(
        entry_year=year,
        entry_year_low=pd.concat([low, year], axis=1).min(axis=1),
        entry_year_high=pd.concat([high, year], axis=1).max(axis=1),
    )


def _entry_year(rows: pd.DataFrame) -> pd.Series:
    """Year of entry: as coded, else the year of founding unless the firm moved here."""
    stayed = rows["founded_year"].where(rows["relocated_from"].isna())
    return rows["entry_year"].fillna(stayed)


def _with_frame(firms: pd.DataFrame, coded: pd.DataFrame) -> pd.DataFrame:
    """Add why each firm is in the data, and whether it is an entry of the industry at all."""
    chinese, firm_id = firms["firm_id"].str.startswith("cn-"), firms["firm_id"]
    in_paper = firm_id.isin(coded.loc[coded["lists"].map(_names_paper), "firm_id"])
    sample, scope = (
        coded.dropna(subset=[column]).set_index("firm_id")[column].to_dict()
        for column in ("sample", "scope")
    )
    firms = firms.assign(
        named_in_paper=in_paper.map(yes_or_no).where(chinese | in_paper),
        on_open_list=firms["lists"].notna().map(yes_or_no).where(chinese),
        us_sample=firm_id.map(sample),
        scope=firm_id.map(scope).astype(object).fillna("entry"),
        frame="found_otherwise",
    )
    firms.loc[firms["on_open_list"] == "yes", "frame"] = "on_open_list"
    firms.loc[firms["named_in_paper"] == "yes", "frame"] = "named_in_paper"
    firms.loc[firms["us_sample"].notna(), "frame"] = "us_" + firms["us_sample"].astype("string")
    return firms


def _names_paper(cell) -> bool:
    """Whether a coder's cell of lists says that the paper names the firm."""
    return any(part.startswith(("seed", "named in seed paper")) for part in split(cell))


def _listed_places(rows: pd.DataFrame, members: pd.DataFrame) -> dict[str, Place]:
    firm_of = members.set_index("row_id")["firm_id"]
    known = rows[
        (rows["kind"] == "list") & rows["place"].map(lambda place: place.metro is not None)
    ]
    return {firm_of[row.row_id]: row.place for row in known.itertuples()}


def _locate(firm, gazetteer: Gazetteer, rules: NameRules, listed: Place | None) -> tuple:
    """Place of a firm: its city, else its coder's region, else what a list prints."""
    place = gazetteer.find_within(firm.city, firm.province_or_state)
    if place is None and pd.isna(firm.coders):
        place = gazetteer.find((listed or rules.place(_printed(firm))).metro)
    if place is not None:
        return (
            place.place_id,
            place.name,
            place.admin,
            place.metro,
            place.economic_region,
            place.cluster,
            place.latitude,
            place.longitude,
        )
    admin = firm.province_or_state
    if pd.isna(firm.coders):
        admin = rules.place(_printed(firm)).admin or pd.NA
    region = firm.region if pd.notna(firm.region) and firm.region != "other" else pd.NA
    economic = _economic_region(gazetteer, admin)
    return (pd.NA, pd.NA, admin, region, economic, region, pd.NA, pd.NA)


def _economic_region(gazetteer: Gazetteer, admin: str | None) -> str | None:
    """Economic region of a province or state, if all its places lie in one."""
    if pd.isna(admin):
        return None
    inside = gazetteer.table.loc[gazetteer.table["admin"] == admin, "economic_region"].unique()
    return inside[0] if len(inside) == 1 else None


def _printed(firm) -> str:
    return firm.name_zh if pd.notna(firm.name_zh) else firm.name_en


def ledger(rows: pd.DataFrame, members: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Count rows in and out of every stage; each line must follow from the one above.

    Returns
    -------
    DataFrame
        ``stage``, ``rows_in``, ``change``, ``rows_out``, ``reason``.

    Raises
    ------
    AssertionError
        If the lines do not add up.
    """
    changes: list[tuple[str, int, str]] = []
    for kind, what in {
        "evidence": "evidence rows of the coder",
        "list": "rows of the list",
    }.items():
        for coder, part in rows[rows["kind"] == kind].groupby("coder"):
            changes.append(("read", len(part), f"{what} {coder}"))
    linked = members["firm_id"].nunique() - len(members)
    changes.append(("linked", linked, "rows that are another row's firm under another name"))
    for scope, part in firms[firms["scope"] != "entry"].groupby("scope"):
        changes.append(("scope", -len(part), f"firms that are no entry of the industry: {scope}"))
    table = pd.DataFrame(changes, columns=["stage", "change", "reason"])
    table["rows_out"] = table["change"].cumsum()
    table["rows_in"] = table["rows_out"] - table["change"]
    assert len(rows) == len(members), "rows were lost or doubled between reading and linking"
    assert table["rows_out"].iloc[-1] == (firms["scope"] == "entry").sum(), (
        "the ledger does not add up"
    )
    return table[["stage", "rows_in", "change", "rows_out", "reason"]]


def register_counts(rows: pd.DataFrame, firms: pd.DataFrame, links: pd.DataFrame) -> dict[str, int]:
    """Count what was read, linked and kept, by id of the result.

    Parameters
    ----------
    rows : DataFrame
        From `lists.gather`.
    firms : DataFrame
        From `register`.
    links : DataFrame
        From `lists.decide`.
    """
    entries = firms[firms["scope"] == "entry"]
    of_country = entries["country"].value_counts()
    return {
        "rows_read": len(rows),
        "rows_linked": len(rows) - len(firms),
        "entries_all": len(entries),
        "entries_china": int(of_country["China"]),
        "entries_usa": int(of_country["USA"]),
        "entries_located": int(entries["region"].notna().sum()),
        "entries_dated": int(entries["entry_year"].notna().sum()),
        "pairs_reviewed": int((links["rule"] == "reviewed").sum()),
        "pairs_borderline": int((links["decision"] == "borderline").sum()),
    }


def ledger_flow(ledger: pd.DataFrame) -> pd.DataFrame:
    """Return a ledger as a waterfall draws it: ``label`` (in words), ``change``, ``rows_out``."""
    return ledger.assign(label=ledger["reason"].str.replace("_", " "))[
        ["label", "change", "rows_out"]
    ]


WHY = {
    ("China", "named_in_paper"): "China: named in the paper",
    ("China", "on_open_list"): "China: on an open list",
    ("China", "found_otherwise"): "China: found otherwise",
    ("USA", "us_frame"): "USA: six dated lists",
    ("USA", "us_purposive"): "USA: purposive",
    ("USA", "named_in_paper"): "USA: named in the paper",
}
"""Why a firm is in the data, by country and frame, in the order of figures."""


def coverage(firms: pd.DataFrame) -> pd.DataFrame:
    """Say for each group of firms (`WHY`) how many have a place and a year.

    Returns
    -------
    DataFrame
        ``label``, ``series`` (place and year, place only, year only, neither), ``value`` (firms).
    """
    entries = firms[firms["scope"] == "entry"]
    place, year = entries["region"].notna(), entries["entry_year"].notna()
    series = pd.Series("neither", index=entries.index)
    series = series.mask(place, "place only").mask(year, "year only")
    series = series.mask(place & year, "place and year")
    keys = zip(entries["country"], entries["frame"], strict=True)
    labels = pd.Categorical([WHY.get(key, " ".join(key)) for key in keys], list(WHY.values()))
    table = entries.assign(label=labels, series=series)
    counts = table.groupby(["label", "series"], observed=True).size().rename("value")
    return counts.reset_index().astype({"label": str})


def rows_by_coder(rows: pd.DataFrame) -> pd.DataFrame:
    """Count the rows of each coder and list, in words.

    Parameters
    ----------
    rows : DataFrame
        From `lists.gather`.
    """
    named = rows.assign(**{"coder or list": rows["coder"].str.replace("_", " ")})
    return named.groupby(["kind", "coder or list"]).size().rename("rows").to_frame()


def decisions(links: pd.DataFrame) -> pd.DataFrame:
    """Count pairs by the rule that decided them and by what was decided, as a figure draws them.

    Returns
    -------
    DataFrame
        ``label`` (the rule, in words), ``series`` (the decision), ``value`` (pairs).
    """
    table = links.assign(label=links["rule"].str.replace("_", " "), series=links["decision"])
    return table.groupby(["label", "series"]).size().rename("value").reset_index()


def borderline(links: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """Return the pairs that no rule decides, those with the highest scores first, in words.

    Parameters
    ----------
    links : DataFrame
        From `lists.decide`.
    most : int
        Pairs shown.
    """
    words = {
        "left_name": "one name",
        "right_name": "the other",
        "score": "score, %",
        "place": "places",
    }
    pairs = links[links["decision"] == "borderline"].nlargest(most, "score")
    return pairs[list(words)].rename(columns=words).set_index("one name")


def names_apart(names: list[str], rules: NameRules) -> pd.DataFrame:
    """Show what the rules take a name apart into: ``name``, ``core``, ``place``."""
    seats = [rules.place(name) for name in names]
    return pd.DataFrame(
        {
            "name": names,
            "core": [rules.core(name) for name in names],
            "place": [seat.metro or seat.admin for seat in seats],
        }
    )


def list_table(firms: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """Describe the lists of some frames for people: who is on each, how many, who is left out.

    Parameters
    ----------
    firms : DataFrame
        The register.
    listings : DataFrame
        From `lists.on_lists`.

    Returns
    -------
    DataFrame
        Index: the list, in words. Columns: ``entries`` (of the industry), ``on no other list`` (of
        the entries), ``with a year``, ``who is on it``, ``who is not``.
    """
    entries = firms[firms["scope"] == "entry"].set_index("firm_id")
    on = listings[listings["firm_id"].isin(entries.index)]
    on = on.assign(
        alone=~on["firm_id"].duplicated(keep=False),
        dated=on["firm_id"].map(entries["entry_year"].notna()),
    )
    by_list = on.groupby("label")
    about = listings.drop_duplicates("list").set_index("label")
    counts = {
        "entries": by_list.size(),
        "on no other list": by_list["alone"].sum(),
        "with a year": by_list["dated"].sum(),
    }
    table = pd.DataFrame(counts).reindex(about.index).fillna(0).astype(int)
    table["who is on it"], table["who is not"] = about["rule"], about["leaves_out"]
    return table.rename_axis("list")


def slice_counts(firms: pd.DataFrame, listings: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Count what one alphabetical slice does to the American frame, by id of the result.

    Parameters
    ----------
    firms : DataFrame
        The register.
    listings : DataFrame
        From `lists.on_lists`.
    """
    frame = firms[firms["us_sample"] == "frame"]
    on = listings[listings["firm_id"].isin(frame["firm_id"])]
    alone = on[~on["firm_id"].duplicated(keep=False)]
    early = frame["name_en"].str[0].str.upper().isin(list("ABC"))
    return {
        "us_frame_slice_only": share(int((alone["list"] == SLICE).sum()), len(frame)),
        "us_frame_a_to_c": share(int(early.sum()), len(frame)),
    }


def looked_up(frame: pd.DataFrame, lists: pd.DataFrame) -> pd.DataFrame:
    """Count the firms of the listed pair by list and by what became of them, as a figure draws it.

    Parameters
    ----------
    frame : DataFrame
        Contract ``listed_frame``.
    lists : DataFrame
        Contract ``frame_lists``.

    Returns
    -------
    DataFrame
        ``label`` (the list; of a firm on two lists the first), ``series`` (`LOOKED_UP`), ``value``
        (firms).
    """
    words = {"register": "in the register", "part": "found in part", "not_found": "not found"}
    series = frame["outcome"].replace(words)
    series = series.mask(frame["status"].isin(["struck", "double"]), "out by rule")
    series = series.mask(frame["status"] == "beyond", "not yet")
    names = lists.set_index("list")["label"]
    label = frame["list"].str.split("|").str[0].map(names)
    counts = frame.assign(label=label, series=series).groupby(["label", "series"]).size()
    return counts.rename("value").reset_index()
