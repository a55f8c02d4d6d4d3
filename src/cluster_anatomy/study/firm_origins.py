"""Step 02: where each firm came from, by rules that can be read.

An origin has three dimensions: *mode* (start-up, spin-off, subsidiary, relocation, backbone),
*source* (of founders, capital and knowledge) and *reach* (where the source sits relative to the
entry). The rules are a table (``data/raw/coding/origin_rules.csv``), and so are the conventions on
which honest coders differ (``conventions.csv``). The coders' labels are the yardstick of the rules,
never their input.
"""

import re
import textwrap
from collections.abc import Mapping, Sequence

import pandas as pd

from cluster_anatomy.firms import origins as firms_origins
from cluster_anatomy.firms.coders import ROUNDS, in_order, with_evidence
from cluster_anatomy.firms.entries import ORIGINS, entries
from cluster_anatomy.firms.places import Gazetteer
from cluster_anatomy.methods.shares import share
from cluster_anatomy.study.firm_lists import WHY

FIELDS = {
    "label": "origin",
    "reach": "reach",
    "types": "kinds of founders' earlier organisations",
    "outcome": "whether enough was found",
    "year": "year of founding",
    "city_region": "region of the first seat",
}
"""What was coded twice, in words."""
CODINGS = {
    "us_listed": "",
    "us_frame": ", American frame, evidence seen",
    "cn_frames": ", Chinese frames, evidence seen",
}
"""Second codings, as they are told apart in a picture; the first one was blind."""
REACH = ["home", "mixed", "elsewhere", "abroad", "unknown"]
"""Where sources sit, in the order of figures."""


def in_force(conventions: pd.DataFrame, options: Mapping[str, str]) -> pd.DataFrame:
    """Return the option in force and its meaning, by convention."""
    chosen = conventions["convention"].map(options) == conventions["option"]
    return conventions.loc[chosen, ["convention", "option", "meaning"]].set_index("convention")


def origins(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    sources: pd.DataFrame,
    gazetteer: Gazetteer,
    coding: Mapping[str, pd.DataFrame],
    options: Mapping[str, str],
) -> pd.DataFrame:
    """Say by the rules where each firm came from: mode, source, reach, and the views on them.

    Parameters
    ----------
    firms, members, sources : DataFrame
        Register, members (step 01) and `firms.origins.sources`.
    gazetteer : Gazetteer
        The places that cities of sources mean.
    coding : mapping
        ``source_roles``, ``origin_rules``, ``origin_views``, ``alternatives``.
    options : mapping
        The conventions in force, from `firms.origins.choose`.

    Returns
    -------
    DataFrame
        The columns of `firms.origins.classify`, `firms.origins.reach` and the contract
        ``origin_views``.
    """
    seen = firms_origins.conditions(firms, sources, coding["source_roles"], options)
    table = firms_origins.classify(seen, coding["origin_rules"])
    if options["disputed"] == "alternative":
        table = firms_origins.override(table, members, coding["alternatives"])
    reach = firms_origins.reach(firms, sources, table, gazetteer, options)
    table = table.merge(reach, on="firm_id", validate="1:1")
    return table.merge(coding["origin_views"], on=["mode", "source"], how="left", validate="m:1")


def coder_labels(members: pd.DataFrame, evidence: pd.DataFrame) -> pd.DataFrame:
    """Give each firm the label of its surest coder who knows one, and all labels it got.

    Returns
    -------
    DataFrame
        ``firm_id``, ``coder``, ``coder_label``, ``coder_confidence``, ``all_labels``.
    """
    rows = in_order(with_evidence(members, evidence), "firm_id", "confidence", "coder")
    unknown = rows["origin_coder_label"] == "unknown"
    grouped = pd.concat([rows[~unknown], rows[unknown]]).groupby("firm_id")
    return grouped.agg(
        coder=("coder", "first"),
        coder_label=("origin_coder_label", "first"),
        coder_confidence=("confidence", "first"),
        all_labels=("origin_coder_label", lambda labels: "|".join(dict.fromkeys(labels))),
    ).reset_index()


def listed(
    firms: pd.DataFrame,
    members: pd.DataFrame,
    evidence: pd.DataFrame,
    gazetteer: Gazetteer,
    coding: Mapping[str, pd.DataFrame],
    options: Mapping[str, str],
    known: Mapping[str, str],
) -> dict[str, pd.DataFrame]:
    """Read the listed pair as this step reads the register.

    Parameters
    ----------
    firms, members : DataFrame
        ``listed_firms`` and ``listed_firm_evidence`` of step 01.
    evidence : DataFrame
        The settled evidence of the register and of the pair.
    gazetteer : Gazetteer
        The places that cities of sources mean.
    coding : mapping of DataFrame
        ``organisation_types``, ``source_roles``, ``origin_rules``, ``origin_views``,
        ``alternatives`` and ``periods`` (data/raw/coding).
    options : mapping
        The conventions in force.
    known : mapping
        From `sources.known_places`.

    Returns
    -------
    dict of DataFrame
        ``sources`` and ``entries``, each after its contract (``listed_sources``, …).
    """
    types = coding["organisation_types"]
    found = firms_origins.sources(members, evidence, gazetteer, types, known)
    read = origins(firms, members, found, gazetteer, coding, options)
    read = with_coders(read, members, evidence, found)
    read = with_flags(read, firms, found, firms_origins.serial(firms, found))
    return {"sources": found, "entries": entries(firms, read, coding["periods"])}


def describe_evidence(source_rows: pd.DataFrame) -> pd.Series:
    """Write out, per firm, the sources that the rules have seen (index ``firm_id``)."""
    rows = source_rows[source_rows["timing"] == "at_entry"]
    text = []
    for row in rows.itertuples():
        named = next((part for part in (row.organisation, row.city) if pd.notna(part)), "not named")
        text.append(
            f"{row.role}: {named}" + (f" ({row.org_type})" if pd.notna(row.org_type) else "")
        )
    return pd.Series(text, index=rows["firm_id"]).groupby(level=0).agg("; ".join)


def with_coders(
    origins: pd.DataFrame, members: pd.DataFrame, evidence: pd.DataFrame, sources: pd.DataFrame
) -> pd.DataFrame:
    """Set the coders' labels and the evidence beside what the rules say.

    Returns
    -------
    DataFrame
        The origins with the columns of `coder_labels`, ``evidence_used`` and ``agrees`` (``yes``,
        ``no``; blank where no coder gave a label).
    """
    table = origins.merge(coder_labels(members, evidence), on="firm_id", how="left", validate="1:1")
    table["evidence_used"] = table["firm_id"].map(describe_evidence(sources))
    same = (table["label"] == table["coder_label"]).map({True: "yes", False: "no"})
    return table.assign(agrees=same.where(table["coder_label"].notna()))


def with_flags(
    origins: pd.DataFrame, firms: pd.DataFrame, sources: pd.DataFrame, serial: pd.DataFrame
) -> pd.DataFrame:
    """Add what cuts across origins: flags, second-order founding, serial founders.

    Parameters
    ----------
    origins, firms, sources : DataFrame
        Origins of all firms, register and sources.
    serial : DataFrame
        From `firms.origins.serial`.
    """
    table = origins.merge(firms_origins.flags(firms, sources), on="firm_id", validate="1:1")
    table["second_order"] = firms_origins.second_order(table)
    for kind in ("person", "organisation"):
        table[f"serial_{kind}"] = table["firm_id"].map(firms_origins.serial_of_firm(serial, kind))
    return table


def agreements(origins: pd.DataFrame, members: pd.DataFrame) -> dict[str, dict[str, float] | float]:
    """Measure how far rules and coders agree, and coders with each other, by id of the result.

    Parameters
    ----------
    origins : DataFrame
        From `with_coders`.
    members : DataFrame
        Rows of firms. A firm with rows of two coders of the first round was seen by two who did
        not know of each other; later rounds knew of the first.
    """
    from cluster_anatomy.methods.contingency import agreement  # takes seconds to load

    coded = origins.dropna(subset=["coder_label"])
    informed = coded[(coded["coder_label"] != "unknown") & (coded["label"] != "unknown")]
    overall, both = (agreement(part["coder_label"], part["label"]) for part in (coded, informed))
    times = members[members["coder"].isin(ROUNDS[0])].groupby("firm_id").size()
    overlap = origins.loc[origins["firm_id"].map(times) > 1, "all_labels"]
    return {
        "rules_agree": {
            "value": overall["agree"] / overall["n"],
            "count": overall["agree"],
            "n": overall["n"],
        },
        "rules_kappa": overall | {"value": overall["kappa"]},
        "rules_kappa_informed": both | {"value": both["kappa"]},
        "rules_disagree": int((origins["agrees"] == "no").sum()),
        "coders_overlap": {
            "value": (~overlap.str.contains("|", regex=False)).mean(),
            "n": len(overlap),
        },
    }


def reliability(second_coding: pd.DataFrame) -> pd.DataFrame:
    """Measure how far a second coder agrees with the first, by coding and field.

    Parameters
    ----------
    second_coding : DataFrame
        Contract ``second_coding``.

    Returns
    -------
    DataFrame
        ``slug`` (the field, and the coding unless it was blind), ``field`` and ``words`` (as they
        are shown), ``blind``, ``count`` (firms on which both say the same), ``n`` (on which both
        say something), ``unknown`` (on which one or both are silent), ``value``, ``low``, ``high``
        (share that agrees; Wilson), ``kappa``, ``kappa_low``, ``kappa_high`` (Cohen 1960; of
        origins and reach only, and undefined where there is one value only).
    """
    from cluster_anatomy.methods.contingency import agreement

    rows = []
    for (coding, field), part in second_coding.groupby(["coding", "field"], sort=False):
        both = part[part["agree"].isin(["yes", "no"])]
        hits = int((both["agree"] == "yes").sum())
        row: dict = {"slug": field if coding == "us_listed" else f"{field}_{coding}"}
        row |= {"field": FIELDS[field], "words": FIELDS[field] + CODINGS[coding]}
        row |= {"blind": part["blind"].iloc[0], "count": hits}
        row |= share(hits, len(both), len(part) - len(both))
        if field in ("label", "reach"):
            seen = agreement(both["first"], both["second"])
            row |= {"kappa": seen["kappa"], "kappa_low": seen["low"], "kappa_high": seen["high"]}
        rows.append(row)
    order = {words: rank for rank, words in enumerate(FIELDS.values())}
    table = pd.DataFrame(rows)
    ranks = table["field"].map(order) + len(order) * (table["blind"] == "no")
    return table.iloc[ranks.argsort(kind="stable")].reset_index(drop=True)


def reliability_dots(reliable: pd.DataFrame) -> pd.DataFrame:
    """Return the agreement of two coders as dots draw it (`plain.dots`)."""
    label = reliable["words"] + " (n = " + reliable["n"].astype(str) + ")"
    return reliable.assign(label=label)[["label", "value", "low", "high"]]


def kappas(reliable: pd.DataFrame) -> pd.DataFrame:
    """Return the kappas of `reliability` as numbers: ``slug``, ``value``, ``low``, ``high``, …"""
    names = {"kappa": "value", "kappa_low": "low", "kappa_high": "high"}
    kept = reliable[reliable["kappa"].notna() & (reliable["blind"] == "yes")]
    return kept[["slug", "words", *names, "n", "unknown"]].rename(columns=names)


def in_words(labels: pd.Series) -> pd.Series:
    """Return origins as they are shown (`entries.ORIGINS`), in their order."""
    return pd.Series(
        pd.Categorical(labels.map(ORIGINS), list(ORIGINS.values())), index=labels.index
    )


def confusion(origins: pd.DataFrame) -> pd.DataFrame:
    """Cross the coders' label (rows) with the rules' (columns), both in words."""
    coded = origins.dropna(subset=["coder_label"])
    return pd.crosstab(
        in_words(coded["coder_label"]), in_words(coded["label"]), dropna=False
    ).rename_axis(index="coder", columns="rules")


def evidence_of_origins(origins: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Cross the kinds of organisation behind entries (rows) with the origin (columns), in words."""
    rows = sources[sources["timing"] == "at_entry"].dropna(subset=["org_type"])
    label = rows["firm_id"].map(origins.set_index("firm_id")["label"])
    kind = rows["role"] + ": " + rows["org_type"].str.replace("_", " ")
    table = pd.crosstab(kind, in_words(label))
    return table[table.sum(axis=1) >= 5].rename_axis(index=None, columns=None)


def reach_by_frame(origins: pd.DataFrame, firms: pd.DataFrame) -> pd.DataFrame:
    """Count firms by why they are in the data and by reach, as a figure draws them.

    Returns
    -------
    DataFrame
        ``label``, ``series`` (reach), ``value`` (firms).
    """
    frame = firms.set_index("firm_id")
    keys = [tuple(frame.loc[firm, ["country", "frame"]]) for firm in origins["firm_id"]]
    labels = pd.Categorical([WHY.get(key, " ".join(key)) for key in keys], list(WHY.values()))
    table = origins.assign(label=labels, series=origins["reach"])
    counts = table.groupby(["label", "series"], observed=True).size().rename("value")
    return counts.reset_index().astype({"label": str})


def disagreements(origins: pd.DataFrame, firms: pd.DataFrame, most: int = 8) -> pd.DataFrame:
    """Show the first firms that rules and coders read differently, in words.

    Parameters
    ----------
    origins : DataFrame
        From `with_coders`.
    firms : DataFrame
        The register, for names.
    most : int
        Firms shown.
    """
    names = firms.set_index("firm_id")[["name_en", "name_zh"]].bfill(axis=1)["name_en"]
    rows = origins[origins["agrees"] == "no"].head(most)
    evidence = rows["evidence_used"].fillna("no organisation named").str.replace("_", " ")
    return pd.DataFrame(
        {
            "firm": rows["firm_id"].map(names),
            "coder": rows["coder_label"].map(ORIGINS),
            "rules": rows["label"].map(ORIGINS),
            "evidence": [textwrap.shorten(text, 110, placeholder=" …") for text in evidence],
        }
    ).set_index("firm")


def most_serial(serial: pd.DataFrame, most: int = 12) -> pd.DataFrame:
    """Show the persons and organisations behind the highest numbers of entries, in words.

    Parameters
    ----------
    serial : DataFrame
        From `firms.origins.serial`.
    most : int
        Persons and organisations shown.
    """
    words = {"actor": "who", "kind": "kind", "entries": "entries", "regions": "regions"}
    rows = serial.nlargest(most, "entries")[list(words)].rename(columns=words)
    regions = rows["regions"].astype("string").str.replace("|", ", ").fillna("unknown")
    return rows.assign(regions=regions).set_index("who")


def list_yields(reach: pd.Series, listings: pd.DataFrame) -> pd.DataFrame:
    """Estimate of how many firms of each list the reach is known.

    Parameters
    ----------
    reach : Series
        Reach of each entry, by ``firm_id``; entries of the register and of the listed pair.
    listings : DataFrame
        From `firms.lists.on_lists`.

    Returns
    -------
    DataFrame
        ``slug``, ``words`` (the list, in words), ``frame`` and what `share` returns for entries of
        known reach, in the order of the lists.
    """
    on = listings[listings["firm_id"].isin(reach.index)]
    known = on["firm_id"].map(reach != "unknown").groupby(on["list"])
    about = listings.drop_duplicates("list").set_index("list")[["label", "frame"]]
    rows = [
        {"slug": re.sub(r"\W+", "_", name.lower()).strip("_"), "words": label, "frame": frame}
        | share(int(known.get_group(name).sum()), len(known.get_group(name)))
        for name, label, frame in about.itertuples()
        if name in known.groups
    ]
    return pd.DataFrame(rows)


def yield_dots(yields: pd.DataFrame) -> pd.DataFrame:
    """Return the yields of lists as dots draw them (`plain.dots`)."""
    label = yields["words"] + " (n = " + yields["n"].astype(str) + ")"
    return yields.assign(label=label)[["label", "value", "low", "high"]]


def reach_by_list(reach: pd.Series, listings: pd.DataFrame, frames: Sequence[str]) -> pd.DataFrame:
    """Count the entries of the lists of some frames by reach, as a figure draws them.

    Returns
    -------
    DataFrame
        ``label`` (the list; an entry on two lists counts on the first), ``series`` (reach),
        ``value`` (entries).
    """
    on = listings[listings["frame"].isin(frames) & listings["firm_id"].isin(reach.index)]
    on = on.drop_duplicates("firm_id")
    on = on.assign(series=on["firm_id"].map(reach))
    return on.groupby(["label", "series"], sort=False).size().rename("value").reset_index()
