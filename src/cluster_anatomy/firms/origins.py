"""Origins of entries: what the rules see of each firm, the rules, and the reach of its sources."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from cluster_anatomy.firms.coders import in_order, with_evidence
from cluster_anatomy.firms.names import name_index, organisation_key, person_name
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.firms.sources import FOREIGN_TYPES, counted, with_known_places
from cluster_anatomy.tables.cells import split

ROLES = ["founder", "parent", "mover"]
LABELS = [
    "relocation",
    "subsidiary_foreign",
    "subsidiary_domestic",
    "academic_spinoff",
    "academic_startup",
    "enterprise_startup",
    "government_startup",
    "state_backbone",
    "independent_startup",
    "unknown",
]
"""The ten labels of the coders, in the order in which they were applied."""
OFFSHORE = ["China (Hong Kong)", "Cayman Islands"]
"""Where Chinese capital comes back from: foreign only if it leads (convention ``hong_kong``)."""
PARENT_SOURCES = ["same_industry_firm", "other_firm", "academia", "government", "hospital"]
FOUNDER_SOURCES = [
    "academia",
    "same_industry_firm",
    "government",
    "hospital",
    "other_firm",
    "abroad",
    "capital",
    "individual",
]
ROLE_OF_MODE = {
    "relocation": "mover",
    "subsidiary": "parent",
    "spin_off": "parent",
    "backbone": "parent",
}
"""The source by which a firm's reach is measured; founders for all other modes."""
LEVELS = {
    "metro": ("metro", "region"),
    "city": ("name", "city"),
    "province": ("admin", "admin"),
    "economic": ("economic_region", "economic_region"),
}
"""What is one region (convention ``region``): field of the gazetteer, column of the register."""


def defaults(conventions: pd.DataFrame) -> dict[str, str]:
    """Return the default option of every convention."""
    chosen = conventions[conventions["default"] == "yes"]
    return dict(zip(chosen["convention"], chosen["option"], strict=True))


def choose(conventions: pd.DataFrame, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the options in force: the defaults, but for those given.

    Raises
    ------
    ValueError
        If a convention or an option does not exist; the message names those that do.
    """
    options = conventions.groupby("convention")["option"].agg(list).to_dict()
    for name, option in (given or {}).items():
        if name not in options:
            raise ValueError(
                f"There is no convention '{name}'; there are: {', '.join(sorted(options))}."
            )
        if option not in options[name]:
            raise ValueError(
                f"Convention '{name}' has no option '{option}'; it has: {', '.join(options[name])}."
            )
    return defaults(conventions) | dict(given or {})


def sources(
    members: pd.DataFrame,
    evidence: pd.DataFrame,
    gazetteer: Gazetteer,
    types: pd.DataFrame,
    known: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """List who stood behind each entry.

    Founders' earlier organisations, parents, and the seat that a firm left.

    Parameters
    ----------
    members : DataFrame
        Step 01: ``firm_id``, ``coder``, ``name_as_given``.
    evidence : DataFrame
        The settled evidence.
    gazetteer : Gazetteer
        The places that cities of sources mean.
    types : DataFrame
        ``contains``, ``coded_as``, ``type``: names that, among organisations coded as one type,
        mean a kind of its own (biological-products institutes, epidemic stations), which a
        convention can read in two ways.
    known : mapping, optional
        From `sources.known_places`: the city of organisations whose row names none.

    Returns
    -------
    DataFrame
        ``firm_id``, ``role`` (founder, parent, mover), ``position`` (0 is the one that leads),
        ``organisation``, ``org_type``, ``city``, ``country``, ``region``, ``timing`` (``at_entry``;
        ``earlier``: an employer before a founder's last one; ``later``: a parent seen only after
        the entry), ``founders`` (how many of the coder's founders came from it), ``coder``.

    Notes
    -----
    Where one founder is named, the organisations are that founder's stations and the last one is
    the last employer; where there are as many as founders, each is the last employer of one. Else,
    or where the coder wrote another order, ``last_employers`` of the evidence says which count;
    without it all do. Venture houses are no stations.
    """
    joined = in_order(with_evidence(members, evidence), "firm_id", "confidence", "coder")
    rows = []
    for row in joined.itertuples():
        parents = _aligned(
            row.parent_orgs, row.parent_org_types, row.parent_cities, row.parent_countries
        )
        later = pd.notna(row.parent_timing) and row.parent_timing == "later"
        rows += [(row.firm_id, "founder", *values, row.coder) for values in _careers(row)]
        rows += [
            (row.firm_id, "parent", *values, "later" if later else "at_entry", None, row.coder)
            for values in parents
        ]
        if pd.notna(row.relocated_from):
            seat = (None, None, row.relocated_from, None, "at_entry", None)
            rows.append((row.firm_id, "mover", *seat, row.coder))
    columns = ["firm_id", "role", "organisation", "org_type", "city", "country", "timing"]
    table = pd.DataFrame(rows, columns=[*columns, "founders", "coder"])
    table["founders"] = table["founders"].astype("Int64")
    for rule in types.itertuples():
        hit = table["organisation"].fillna("").str.contains(rule.contains, case=False, regex=True)
        hit &= table["org_type"] == rule.coded_as
        table.loc[hit, "org_type"] = rule.type
    table = with_known_places(table, known or {}, gazetteer)
    placed = [gazetteer.find(city) for city in table["city"]]
    table["region"] = [None if place is None else place.metro for place in placed]
    named = [None if place is None else place.country for place in placed]
    table["country"] = (
        table["country"].fillna(pd.Series(named, index=table.index)).replace("United Kingdom", "UK")
    )
    table = table.drop_duplicates(["firm_id", "role", "organisation", "org_type", "region"])
    table.insert(2, "position", table.groupby(["firm_id", "role"]).cumcount())
    return table.sort_values(["firm_id", "role", "position"], ignore_index=True)


def _careers(row) -> list[tuple]:
    """Say of each organisation that founders of one row came from whether it was the last one."""
    parts = _aligned(row.founder_prior_orgs, row.founder_prior_org_types, row.founder_prior_cities)
    said = split(getattr(row, "last_employers", None))
    stations = [values for values in parts if values[1] != "venture_capital"]
    last = stations[-1:] if len(split(row.founder_names)) == 1 else stations
    if said:
        last = [values for values in stations if values[0] in said]
    return [
        (
            *values,
            None,
            "earlier" if values in stations and values not in last else "at_entry",
            parts.count(values),
        )
        for values in parts
    ]


def _aligned(*cells) -> list[tuple]:
    """Line up ``|``-lists part by part; a blank list has blanks only, nobody known is no part."""
    lists = [
        [] if pd.isna(cell) else [part.strip() or None for part in str(cell).split("|")]
        for cell in cells
    ]
    longest = max(map(len, lists))
    filled = (values + [None] * (longest - len(values)) for values in lists)
    return [parts for parts in zip(*filled, strict=True) if any(parts)]


def conditions(
    firms: pd.DataFrame, source_rows: pd.DataFrame, roles: pd.DataFrame, options: Mapping[str, str]
) -> pd.DataFrame:
    """Turn the evidence on each firm into the yes/no conditions that the rules ask for.

    Parameters
    ----------
    firms : DataFrame
        The register of step 01.
    source_rows : DataFrame
        From `sources`.
    roles : DataFrame
        What each kind of organisation counts as, as a founder's employer and as a parent, by
        convention.
    options : mapping
        The conventions in force (`choose`).

    Returns
    -------
    DataFrame
        One row per firm (index ``firm_id``), one boolean column per condition.
    """
    rows = _with_meaning(counted(source_rows, firms, options), firms, roles, options)
    register = firms.set_index("firm_id")
    founders = rows[rows["role"] == "founder"].dropna(subset=["as_founder"])
    lead = _lead_founder(founders, options["founders"])
    met = pd.DataFrame(index=register.index)
    met["moved"] = met.index.isin(rows.loc[rows["role"] == "mover", "firm_id"])
    met["pre_reform"] = pre_reform(register)
    met = met.join(_parent_conditions(rows, register, options))
    for source in FOUNDER_SOURCES:
        met[f"founder_{source}"] = met.index.map(lead).isin([source])
    met["returnee"] = (register["returnee_founder"] == "yes").fillna(False)
    met["founders_named"] = register["founder_names"].notna()
    has_founder = met.index.isin(lead.index)
    met["parent_decides"] = ~has_founder if options["control"] == "founder_first" else True
    return met.astype(bool)


def _with_meaning(
    source_rows: pd.DataFrame, firms: pd.DataFrame, roles: pd.DataFrame, options: Mapping[str, str]
) -> pd.DataFrame:
    """Sources with what they count as under the conventions, and the country of their firm."""
    in_force = roles["convention"].isna() | (
        roles["convention"].map(dict(options)) == roles["option"]
    )
    meaning = roles[in_force].set_index("org_type")
    home = firms[["firm_id", "country"]].rename(columns={"country": "home"})
    rows = source_rows.merge(home, on="firm_id")
    return rows.assign(
        as_founder=rows["org_type"].map(meaning["as_founder"]),
        as_parent=rows["org_type"].map(meaning["as_parent"]),
    )


def pre_reform(register: pd.DataFrame) -> pd.Series:
    """Say of each firm of a register whether it is a Chinese one from before the reforms."""
    early = (register["founded_year"] < 1980).fillna(False)
    settled = (register["pre_reform"] == "yes").fillna(False)
    return (early | settled) & (register["country"] == "China").fillna(False)


def _parent_conditions(
    rows: pd.DataFrame, register: pd.DataFrame, options: Mapping[str, str]
) -> pd.DataFrame:
    """What the rules ask about the parents of each firm at its entry."""
    parents = rows[rows["role"] == "parent"].copy()
    foreign = _foreign(parents, options)
    parents["as_parent"] = parents["as_parent"].mask(
        ~foreign & (parents["as_parent"] == "foreign_firm"), "other_firm"
    )
    first = parents[~foreign].dropna(subset=["as_parent"]).drop_duplicates("firm_id")
    first = first.set_index("firm_id")
    domestic = first["as_parent"]
    met = pd.DataFrame(index=register.index)
    met["foreign_parent"] = met.index.isin(parents.loc[foreign, "firm_id"])
    if options["joint_venture"] == "domestic":
        met["foreign_parent"] &= ~met.index.isin(domestic.index)
    for source in PARENT_SOURCES:
        met[f"parent_{source}"] = met.index.map(domestic).isin([source]) & ~met["foreign_parent"]
    met["parent_local"] = False
    if options["local_parent"] == "spin_off":
        own = register["region"].reindex(first.index)
        near = first.index[(first["region"] == own).fillna(False).astype(bool)]
        met["parent_local"] = met.index.isin(near)
    owned = register["ownership_at_entry"].isin(["foreign", "joint_venture"])
    met["foreign_owned"] = owned & ~met.index.isin(parents["firm_id"])
    return met


def _lead_founder(founders: pd.DataFrame, convention: str) -> pd.Series:
    """Source of the founders who lead (convention ``founders``); of equals the one named first."""
    times = founders.groupby(["firm_id", "as_founder"])["founders"].transform("sum")
    first = {"academia_first": "academia", "firm_first": "same_industry_firm"}.get(convention)
    ranked = founders.assign(
        preferred=founders["as_founder"] != first,
        fewer=-times if convention == "majority" else 0,
    )
    order = ["firm_id", "preferred", "fewer", "position"]
    return ranked.sort_values(order).groupby("firm_id")["as_founder"].first()


def _foreign(parents: pd.DataFrame, options: Mapping[str, str]) -> pd.Series:
    """Say for each parent whether it is foreign; an offshore one only if it is named first."""
    outside = parents["country"].notna() & (parents["country"] != parents["home"])
    foreign = outside | parents["org_type"].isin(FOREIGN_TYPES)
    offshore = parents["country"].isin(OFFSHORE) & (parents["home"] == "China")
    leads = parents["position"] == parents.groupby("firm_id")["position"].transform("min")
    counts = leads if options["hong_kong"] == "foreign" else False
    return foreign & (~offshore | counts)


def classify(met: pd.DataFrame, rules: pd.DataFrame) -> pd.DataFrame:
    """Apply the rules in order: the first whose conditions all hold wins.

    Parameters
    ----------
    met : DataFrame
        From `conditions`.
    rules : DataFrame
        ``rule``, ``when`` (conditions separated by blanks; none: always), ``mode``, ``source``.

    Returns
    -------
    DataFrame
        ``firm_id``, ``mode``, ``source``, ``rule``, ``runner_up`` (the next rule that would hold),
        sorted.

    Raises
    ------
    ValueError
        If a rule asks for a condition that does not exist, or if no rule holds for a firm.
    """
    holds = pd.DataFrame(index=met.index)
    for rule in rules.itertuples():
        needed = split_words(rule.when)
        if missing := [name for name in needed if name not in met]:
            raise ValueError(
                f"data/raw/coding/origin_rules.csv, rule '{rule.rule}': there is no condition"
                f" {missing[0]!r}; there are: {', '.join(met.columns)}."
            )
        holds[rule.rule] = met[needed].all(axis=1) if needed else True
    if not holds.any(axis=1).all():
        raise ValueError("No rule holds for some firms: the last rule must have no condition.")
    names = np.array(list(holds.columns))
    table = holds.to_numpy()
    first = table.argmax(axis=1)
    rest = table.copy()
    rest[np.arange(len(rest)), first] = False
    second = np.where(rest.any(axis=1), names[rest.argmax(axis=1)], None)
    decided = pd.DataFrame({"firm_id": met.index, "rule": names[first], "runner_up": second})
    meaning = rules.set_index("rule")
    for column in ("mode", "source"):
        decided[column] = decided["rule"].map(meaning[column])
    return decided[["firm_id", "mode", "source", "rule", "runner_up"]]


def split_words(cell) -> list[str]:
    """Split the conditions of a rule; a blank cell has none."""
    return [] if pd.isna(cell) else str(cell).split()


def override(
    origins: pd.DataFrame, members: pd.DataFrame, alternatives: pd.DataFrame
) -> pd.DataFrame:
    """Give disputed firms their other reading (convention ``disputed`` = ``alternative``)."""
    key = members.rename(columns={"name_as_given": "name_en"})[["firm_id", "coder", "name_en"]]
    other = alternatives.merge(key, on=["coder", "name_en"], validate="1:1").set_index("firm_id")
    origins = origins.set_index("firm_id")
    for column in ("mode", "source"):
        origins.loc[other.index, column] = other[column]
    origins.loc[other.index, "rule"] = "disputed_alternative"
    return origins.reset_index()


def reach(
    firms: pd.DataFrame,
    source_rows: pd.DataFrame,
    origins: pd.DataFrame,
    gazetteer: Gazetteer,
    options: Mapping[str, str],
) -> pd.DataFrame:
    """Say where the source of each entry sits relative to the entry.

    A relocated firm is measured by the seat it left, a firm made by an organisation by its parents,
    any other by where its founders worked. Sources at home and in other places are ``mixed``; of
    several places away the source named first counts. An entry whose city is not known is not where
    its sources sit if all of them are in other provinces. Where no source has a known place the
    coder's own statement is taken, where there is one.

    Parameters
    ----------
    firms, source_rows, origins : DataFrame
        Register, `sources`, `classify`.
    gazetteer : Gazetteer
        The places that cities of sources mean.
    options : mapping
        The conventions in force (`choose`).

    Returns
    -------
    DataFrame
        ``firm_id``, ``reach`` (``home``, ``elsewhere``, ``abroad``, ``mixed``, ``unknown``),
        ``reach_basis`` (``places``, ``coder``, ``returnee`` or blank).
    """
    field, own = LEVELS[options["region"]]
    register = firms.set_index("firm_id")
    rows = _deciding(counted(source_rows, firms, options), origins)
    placed = [gazetteer.find(city) for city in rows["city"]]
    rows["there"] = [None if place is None else getattr(place, field) for place in placed]
    rows["admin"] = [None if place is None else place.admin for place in placed]
    if options["hong_kong"] == "domestic":
        rows["country"] = rows["country"].mask(rows["country"].isin(OFFSHORE), "China")
    seats = register[list(dict.fromkeys(["country", "admin", own]))].to_dict("index")
    rows["where"] = [
        _where(row, seats[row.firm_id], own)
        for row in rows[["firm_id", "country", "org_type", "there", "admin"]].itertuples()
    ]
    # a source in the province of an entry of unknown city may be at home or elsewhere
    undecided = rows["where"].isna() & pd.Series(rows["there"]).notna()
    rows = rows[~rows["firm_id"].isin(rows.loc[undecided, "firm_id"])]
    seen = (
        rows.dropna(subset=["where"])
        .sort_values(["firm_id", "position"])
        .groupby("firm_id")["where"]
        .agg(_together)
    )
    table = pd.DataFrame({"firm_id": firms["firm_id"].to_numpy()})
    # as text: where no source at all has a known place, pandas would make a column of numbers
    table["reach"] = table["firm_id"].map(seen).astype("str")
    table["reach_basis"] = table["reach"].map(lambda _: "places", na_action="ignore").astype("str")
    return _with_statements(table, register)


def _deciding(source_rows: pd.DataFrame, origins: pd.DataFrame) -> pd.DataFrame:
    """Sources in the role that the mode of a firm asks for, all where none has it."""
    role = origins.set_index("firm_id")["mode"].map(ROLE_OF_MODE)
    fits = source_rows["role"] == source_rows["firm_id"].map(role).fillna("founder")
    some_fit = source_rows["firm_id"].isin(source_rows.loc[fits, "firm_id"])
    return source_rows[fits | ~some_fit].copy()


def _with_statements(table: pd.DataFrame, register: pd.DataFrame) -> pd.DataFrame:
    """Fill reach that no place tells: the coder's own words, then that a founder is a returnee."""
    rows = register.reindex(table["firm_id"])
    returned = (rows["returnee_founder"] == "yes").map({True: "abroad"})
    for basis, words in {"coder": rows["founder_scope"], "returnee": returned}.items():
        values = pd.Series(words.to_numpy(), index=table.index, dtype="object")
        fill = table["reach"].isna() & values.notna()
        table.loc[fill, "reach"] = values[fill]
        table.loc[fill, "reach_basis"] = basis
    table["reach"] = table["reach"].fillna("unknown")
    return table


def _together(kinds: pd.Series) -> str:
    """Reach of several sources: mixed if one is at home, else that of the source named first."""
    several = len(set(kinds)) > 1 and "home" in set(kinds)
    return "mixed" if several else kinds.iloc[0]


def _where(row, firm: Mapping, own: str):
    """Place of one source relative to its firm: home, elsewhere, abroad, or not known."""
    if pd.notna(row.country) and row.country != firm["country"]:
        return "abroad"
    if pd.isna(row.there) or row.there is None:
        return "abroad" if pd.notna(row.org_type) and row.org_type in FOREIGN_TYPES else None
    if pd.isna(firm[own]):
        other = pd.notna(row.admin) and pd.notna(firm["admin"]) and row.admin != firm["admin"]
        return "elsewhere" if other else None
    return "home" if row.there == firm[own] else "elsewhere"


def flags(firms: pd.DataFrame, source_rows: pd.DataFrame) -> pd.DataFrame:
    """Mark what cuts across origins; a blank in the evidence is ``not_seen``, never ``no``.

    Returns
    -------
    DataFrame
        ``firm_id``, ``returnee``, ``foreign_partner``, ``former_official``, ``military``,
        ``state_owned``, each ``yes``, ``no`` or ``not_seen``. Only a returnee founder and ownership
        are stated as ``no`` by coders.
    """
    register = firms.set_index("firm_id")
    not_later = source_rows[source_rows["timing"] != "later"]
    founder = not_later[not_later["role"] == "founder"]

    def seen(rows: pd.DataFrame, types: list[str]) -> pd.Series:
        having = rows.loc[rows["org_type"].isin(types), "firm_id"]
        return pd.Series(
            np.where(register.index.isin(having), "yes", "not_seen"), index=register.index
        )

    table = pd.DataFrame(index=register.index)
    table["returnee"] = register["returnee_founder"].fillna("not_seen")
    table["foreign_partner"] = (
        register["foreign_partner"].notna().map({True: "yes", False: "not_seen"})
    )
    table["former_official"] = seen(founder, ["government", "epidemic_station"])
    table["military"] = seen(not_later, ["military_institute"])
    owner = register["ownership_at_entry"]
    table["state_owned"] = owner.map(
        lambda word: "yes" if word == "state" else "no", na_action="ignore"
    ).fillna("not_seen")
    return table.rename_axis("firm_id").reset_index()


def second_order(origins: pd.DataFrame) -> pd.Series:
    """Say of each firm whether staff of an existing firm of the industry started it.

    Second-order founding after Romanelli and Feldman (2006).

    Returns
    -------
    Series
        ``yes``, ``no``, or ``unknown`` where the mode is, or where a start-up's founders are known
        and their careers are not.
    """
    start_up = origins["mode"] == "start_up"
    is_one = start_up & (origins["source"] == "same_industry_firm")
    unknown = (origins["mode"] == "unknown") | (start_up & (origins["source"] == "unknown"))
    words = np.select([unknown, is_one], ["unknown", "yes"], "no")
    return pd.Series(words, index=origins.index)


def serial(firms: pd.DataFrame, source_rows: pd.DataFrame) -> pd.DataFrame:
    """List persons and organisations that are a source of two or more entries of one country.

    Parameters
    ----------
    firms : DataFrame
        The register, with ``founder_names`` and ``other_names``.
    source_rows : DataFrame
        From `sources`; unnamed organisations are left out.

    Returns
    -------
    DataFrame
        ``country``, ``kind`` (``person``, ``organisation``), ``actor``, ``entries``, ``firm_ids``,
        ``regions`` (of the entries, ``|`` between them), ``regions_known``; most entries first.
    """
    index = name_index(firms)
    named = [
        ("person", person_name(name), firm.firm_id)
        for firm in firms.itertuples()
        for name in split(firm.founder_names)
        if not any(
            word in name.lower() for word in ("unnamed", "partners", "professors", "scientists")
        )
    ]
    rows = source_rows[(source_rows["timing"] != "later") & source_rows["organisation"].notna()]
    for row in rows.itertuples():
        if "unnamed" not in row.organisation.lower():
            named.append(
                (
                    "organisation",
                    index.get(organisation_key(row.organisation), row.organisation),
                    row.firm_id,
                )
            )
    table = pd.DataFrame(named, columns=["kind", "actor", "firm_id"]).drop_duplicates()
    table["key"] = table["actor"].map(organisation_key)
    table = table.merge(firms[["firm_id", "country", "region"]], on="firm_id").sort_values(
        ["key", "firm_id"]
    )
    grouped = table.groupby(["country", "kind", "key"]).agg(
        actor=("actor", "first"),
        entries=("firm_id", "nunique"),
        firm_ids=("firm_id", lambda ids: "|".join(sorted(set(ids)))),
        regions=("region", lambda names: "|".join(sorted(set(names.dropna())))),
    )
    grouped["regions_known"] = grouped["regions"].map(lambda cell: len(split(cell)))
    grouped["regions"] = grouped["regions"].replace("", pd.NA)
    several = grouped[grouped["entries"] > 1].reset_index().drop(columns="key")
    return several.sort_values(
        ["country", "kind", "entries", "actor"],
        ascending=[True, True, False, True],
        ignore_index=True,
    )


def serial_of_firm(serial_table: pd.DataFrame, kind: str) -> pd.Series:
    """Return the serial persons or organisations behind each firm, ``|`` between them."""
    chosen = serial_table[serial_table["kind"] == kind]
    pairs = chosen.assign(firm_id=chosen["firm_ids"].map(split)).explode("firm_id")
    return pairs.groupby("firm_id")["actor"].agg("|".join)


def options_of(conventions: pd.DataFrame) -> dict[str, list[str]]:
    """Return the options of every convention, the default first."""
    ordered = conventions.sort_values("default", ascending=False, kind="stable")
    return {
        name: ordered.loc[ordered["convention"] == name, "option"].tolist()
        for name in conventions["convention"].unique()
    }
