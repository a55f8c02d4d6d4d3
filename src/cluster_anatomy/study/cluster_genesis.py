"""Step 03: how clusters began: bases and parks, endowments, first entrants, phases."""

from collections.abc import Callable, Sequence

import pandas as pd

from cluster_anatomy.firms.clusters import cumulated, entrants
from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.firms.sites import TORCH_BASE, by_province
from cluster_anatomy.methods.contingency import independence
from cluster_anatomy.methods.shares import count_until, tally
from cluster_anatomy.tables.cells import split


def growth(numbers: pd.DataFrame) -> pd.DataFrame:
    """Compare published numbers over time, where one source gives the same measure twice.

    Returns
    -------
    DataFrame
        ``region``, ``measure``, ``category``, ``unit``, ``first_year``, ``first``, ``last_year``,
        ``last``, ``ratio``, ``per_year`` (mean yearly growth): neighbouring years only.
    """
    keys = ["region", "measure", "category", "unit", "source_citation"]
    rows = []
    for key, group in numbers.dropna(subset=["period_end"]).groupby(keys, sort=True):
        group = group.sort_values("period_end").drop_duplicates("period_end")
        for earlier, later in zip(group[:-1].itertuples(), group[1:].itertuples(), strict=True):
            ratio, years = later.value / earlier.value, int(later.period_end - earlier.period_end)
            ends = (earlier.period_end, earlier.value, later.period_end, later.value)
            rows.append((*key[:4], *ends, ratio, ratio ** (1 / years) - 1))
    columns = [*keys[:4], "first_year", "first", "last_year", "last", "ratio", "per_year"]
    return pd.DataFrame(rows, columns=columns)


def growth_table(numbers: pd.DataFrame) -> pd.DataFrame:
    """Show how published numbers grew (`growth`), in words and rounded."""
    table = growth(numbers)
    years = table["first_year"].astype(str) + " to " + table["last_year"].astype(str)
    return pd.DataFrame(
        {
            "region": table["region"],
            "measure": table["measure"],
            "of": table["category"],
            "years": years,
            "ratio": table["ratio"].round(2),
            "growth a year, %": (100 * table["per_year"]).round(1),
        }
    ).set_index("region")


def open_addresses(cell) -> int:
    """Count the addresses of a cell other than the paper itself."""
    return len([address for address in split(cell) if address != "seed"])


MEASURES = {
    "torch_bases": "torch bases of all fields (end of 2006)",
    "parks": "national high-tech zones",
}
DATED = {
    "biosino": "cn-biosino-bio-technology-and-science",
    "kexing": "cn-shenzhen-kexing-biotech",
    "diao": "cn-diao-group",
    "yangtze_river": "cn-yangtze-river-pharmaceutical",
}
"""Firms whose year of entry is quoted."""
COUNTRIES = {"China": ("China", "cn_all"), "USA": ("the USA", "us_all")}
"""Country -> how a sentence names it, and the frame of all its entries."""


def base_counts(
    sites: pd.DataFrame, provinces: list[str], last_year: int
) -> dict[str, float | dict[str, float]]:
    """Count bases and zones, and the provinces that have a base, up to a year, by id of the result.

    Rows that only the paper names are left out, because they cannot test it; undated ones are
    unknown.
    """
    listed = sites[sites["only_paper"] == "no"]
    bases, zones = (listed[listed["kind"] == kind] for kind in ("base", "park"))
    by = by_province(sites, provinces, last_year)
    has, may = by["bases"] > 0, (by["bases"] == 0) & (by["bases_undated"] > 0)
    torch = bases["programme"] == TORCH_BASE
    inferred, dated = zones["year_basis"] == "inferred", zones["year"].notna()
    tonghua = (listed["city"] == "Tonghua").mul(listed["programme"] == TORCH_BASE)
    return {
        "bases_listed": len(bases),
        "bases_to_end": count_until(bases["year"], last_year),
        "base_provinces": tally(int(has.sum()), len(provinces) - int(may.sum()), int(may.sum())),
        "parks_listed": len(zones),
        "parks_to_end": count_until(zones["year"], last_year),
        "parks_inferred": tally(int(inferred.sum()), int(dated.sum())),
        "torch_bases_named": int(torch.sum()),
        "tonghua_torch_bases": int(tonghua.sum()),
    }


def published_bases(published: dict[str, pd.DataFrame]) -> dict[str, float]:
    """Return published totals of bases and parks, by id of the result.

    Parameters
    ----------
    published : dict of str to DataFrame
        From `read_published`: torch bases by province and field, bio-industry bases (JST 2009), and
        the counts that the paper states.
    """
    torch, bio, paper = (published[name] for name in BASES)
    fields = torch[torch["measure"].str.endswith("by field")].set_index("category")["value"]
    whole = torch[
        (torch["region"] == "China")
        & (torch["measure"] == "torch programme specialised industrial bases")
    ].set_index("period_end")["value"]
    says = paper.set_index("measure")["value"]
    total = bio.set_index("measure")["value"]["national bio-industry bases (NDRC)"]
    biology = fields["biology and new drugs"]
    bases = "national-level pharmaceutical and biotechnology industrial bases"
    return {
        "torch_bases_end_of_first_count": whole[2006],
        "torch_bases_end_of_last_count": whole[2008],
        "torch_bases_biology": biology,
        "bio_bases_published": total,
        "bases_published_sum": total + biology,
        "paper_parks": says["science parks under the torch programme"],
        "paper_bases": says[bases],
        "paper_base_provinces": says["provinces with at least one such base"],
    }


def base_ranks(by: pd.DataFrame, provinces: Sequence[str]) -> pd.DataFrame:
    """Rank provinces by torch bases and by zones, the one with most first.

    Returns
    -------
    DataFrame
        ``measure``, ``province``, ``value``, ``rank``, ``words``, ``slug``.
    """
    rows = []
    for measure, words in MEASURES.items():
        rank = by[measure].rank(ascending=False, method="min")
        for name in provinces:
            about = {"measure": measure, "words": words, "province": name, "slug": name.lower()}
            rows.append(about | {"value": int(by.loc[name, measure]), "rank": int(rank[name])})
    return pd.DataFrame(rows)


def bases_drawn(by: pd.DataFrame, most: int = 14) -> pd.DataFrame:
    """Return the provinces with most bases as a figure draws them."""
    columns = {"bases": "bases for drugs and biotechnology", "parks": "high-tech zones"}
    first = by.sort_values(["bases", "parks"], ascending=False).head(most)
    table = first[list(columns)].rename(columns=columns).rename_axis("label").reset_index()
    return table.melt("label", var_name="series", value_name="value")


def beginnings(paper: pd.DataFrame, endowed: pd.DataFrame, entries: pd.DataFrame) -> pd.DataFrame:
    """Set the endowments of the paper's clusters beside their kind and number of entries.

    Parameters
    ----------
    paper : DataFrame
        From `clusters.kinds`.
    endowed : DataFrame
        From `endowments.endowments`.
    entries : DataFrame
        All entries.

    Returns
    -------
    DataFrame
        Index: the paper's clusters. The columns of both tables and ``entries``.
    """
    size = entries[entries["country"] == "China"].groupby("cluster").size().rename("entries")
    return paper.set_index("cluster").join(endowed).join(size)


def endowment_numbers(begun: pd.DataFrame) -> dict[str, dict[str, float] | int]:
    """Return how endowments go with the paper's kinds, by id of the result.

    Parameters
    ----------
    begun : DataFrame
        Index: the paper's clusters; ``kind``, ``institutes``, ``entries``.
    """
    seen, endogenous = begun["institutes"].gt(0), begun["kind"].eq("endogenous")
    test = independence(pd.crosstab(begun["kind"], seen))
    return {
        "institutes_endogenous": tally(int((seen & endogenous).sum()), int(endogenous.sum())),
        "institutes_policy": tally(int((seen & ~endogenous).sum()), int((~endogenous).sum())),
        "institutes_p": {"value": test["p"], "n": test["n"]},
        "shenzhen_entries": int(begun.loc["Shenzhen", "entries"]),
    }


def backbone_counts(begun: pd.DataFrame) -> pd.DataFrame:
    """Count works from before the reforms in each of the paper's clusters."""
    rows = [
        {"cluster": name, "slug": str(name).lower()}
        | tally(int(row.pre_reform_works), int(row.entries))
        for name, row in begun.iterrows()
    ]
    return pd.DataFrame(rows)


def endowments_as_said(begun: pd.DataFrame, through_firms: pd.Series) -> bool:
    """Say whether clusters lack institutes and works as the text says, by name."""
    seen, endogenous = begun["institutes"].gt(0), begun["kind"].eq("endogenous")
    without = begun.index[begun["pre_reform_works"] == 0]
    return (
        through_firms.reindex(begun.index).gt(0).equals(seen)
        and set(begun.index[endogenous & ~seen]) == {"Tonghua", "Xiamen"}
        and not (seen & ~endogenous).any()
        and set(without) == {"Shenzhen", "Suzhou", "Hangzhou", "Xiamen"}
    )


def endowments_drawn(begun: pd.DataFrame) -> pd.DataFrame:
    """Return the endowments of the paper's clusters as a heat map draws them."""
    columns = {
        "institutes": "academic organisations",
        "local_first": "first entrants out of local academia",
        "pre_reform_works": "pre-reform works",
    }
    kind = begun["kind"].str.replace("_", "-")
    table = begun[list(columns)].rename(columns=columns).set_axis(begun.index + " (" + kind + ")")
    return table.iloc[kind.argsort(kind="stable")].rename_axis(None)


def take_offs(described: pd.DataFrame, smallest: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return in how many clusters a take-off is found, and in which year.

    Parameters
    ----------
    described : DataFrame
        From `clusters.phases`.
    smallest : int
        Dated entries from which a cluster has enough.

    Returns
    -------
    counts : DataFrame
        ``country``, ``slug``, ``place``, ``frame``, and the columns of `methods.shares.tally`.
    years : DataFrame
        ``cluster``, ``slug``, ``frame``, ``value`` (year), ``dated``.
    """
    took_off = described[described["take_off"].notna()]
    enough = described[described["dated"] >= smallest].groupby("country").size()
    counts = [
        {"country": country, "slug": country.lower(), "place": place, "frame": frame}
        | tally(int((took_off["country"] == country).sum()), int(enough[country]))
        for country, (place, frame) in COUNTRIES.items()
    ]
    years = took_off.assign(
        slug=took_off["cluster"].str.lower().str.replace(r"[^a-z0-9]+", "_", regex=True),
        frame=took_off["country"].map({name: frame for name, (_, frame) in COUNTRIES.items()}),
        value=took_off["take_off"].astype(int),
    )
    return pd.DataFrame(counts), years[["cluster", "slug", "frame", "value", "dated"]]


def growth_drawn(entries: pd.DataFrame, smallest: int, country: str) -> pd.DataFrame:
    """Return cumulated dated entries of the larger clusters of a country, as a figure draws them.

    All lines run to the last year in which any of them has an entry.

    Returns
    -------
    DataFrame
        ``series`` (cluster), ``year``, ``value``.
    """
    table = cumulated(entries[entries["country"] == country])
    total = table.groupby("cluster")["entries"].transform("sum")
    wide = table[total >= smallest].pivot(index="year", columns="cluster", values="cumulated")
    years = range(wide.index.min(), wide.index.max() + 1)
    long = wide.reindex(years).ffill().melt(ignore_index=False, var_name="series").dropna()
    return long.rename_axis("year").reset_index()


def pioneers(first: pd.DataFrame, paper: pd.DataFrame) -> pd.DataFrame:
    """Show the first dated entrant of each of the paper's clusters, in words.

    Parameters
    ----------
    first : DataFrame
        From `clusters.first_entrants`; firms of one first year share a row.
    paper : DataFrame
        From `clusters.kinds`.
    """
    rows = first[first["cluster"].isin(paper["cluster"]) & (first["place"] == 1)]
    rows = rows.assign(origin=rows["label"].map(ORIGINS)).rename(columns={"name": "firm"})
    by = rows.groupby(["cluster", "entry_year"])[["firm", "origin", "reach"]].agg("; ".join)
    return by.reset_index("entry_year").rename(columns={"entry_year": "year"})


def dated_firms(entries: pd.DataFrame) -> pd.DataFrame:
    """Return the years of entry of `DATED`: ``name``, ``firm``, ``value``, ``low``, ``high``, …"""
    firm, rows = entries.set_index("firm_id"), []
    for name, key in DATED.items():
        row = firm.loc[key]
        years = {"value": row["entry_year"], "low": row["entry_year_low"]}
        years["high"] = row["entry_year_high"]
        addresses = open_addresses(row["source_urls"])
        rows.append({"name": name, "firm": row["name_en"], "addresses": addresses} | years)
    return pd.DataFrame(rows)


def before(entries: pd.DataFrame, firm: str) -> pd.DataFrame:
    """Return the Chinese entrants that are dated before a firm."""
    newcomers = entrants(entries[entries["country"] == "China"])
    year = entries.set_index("firm_id").loc[firm, "entry_year"]
    return newcomers[newcomers["entry_year"] < year].sort_values("entry_year")


def named_before_kexing(entries: pd.DataFrame) -> set[str]:
    """Return which firms of `DATED` the paper names among those dated before Kexing.

    A firm that it names and that is none of them comes under its id.
    """
    earlier = before(entries, DATED["kexing"])
    names = {key: name for name, key in DATED.items()}
    return {
        names.get(key, key) for key in earlier.loc[earlier["named_in_paper"] == "yes", "firm_id"]
    }


def before_numbers(entries: pd.DataFrame, firm: str) -> dict[str, dict[str, float] | int]:
    """Count the entrants before Shenzhen Kexing, by id of the result."""
    newcomers = entrants(entries[entries["country"] == "China"])["entry_year"]
    earlier = before(entries, firm)
    return {
        "entries_before_kexing": tally(
            len(earlier), int(newcomers.notna().sum()), int(newcomers.isna().sum())
        ),
        "entries_before_kexing_in_paper": int((earlier["named_in_paper"] == "yes").sum()),
    }


def region_numbers(regional: pd.DataFrame, shift: pd.DataFrame) -> dict[str, float | dict]:
    """Return what open numbers say of the growth of regions, by id of the result.

    Parameters
    ----------
    regional : DataFrame
        Published numbers on provinces.
    shift : DataFrame
        Provinces by source of growth (Xuan et al. 2014).
    """
    comparable = growth(regional)
    money = regional[
        regional["region"].isin(["Shandong", "Jilin", "Jiangsu"])
        & (regional["unit"] == "billion CNY")
    ]
    words = money["measure"] + money["category"]
    biologics = words.str.contains("biolog|biopharm|biochem", case=False)
    revenue = comparable["measure"].str.contains("revenue")
    jiangsu = comparable[(comparable["region"] == "Jiangsu") & revenue].iloc[0]
    grew = shift.set_index("category")["value"]
    return {
        "jiangsu_revenue_ratio": {"value": jiangsu["ratio"]}
        | {name: int(jiangsu[name]) for name in ("first_year", "last_year")},
        "jiangsu_revenue_first_year": int(jiangsu["first_year"]),
        "regional_money_first_year": int(money["period_end"].min()),
        "biopharma_output_numbers": int(biologics.sum()),
        "regional_pairs": int(comparable["region"].isin(["Shandong", "Jilin"]).sum()),
        "shift_share_edge": tally(int(grew["competitive edge"] + grew["both"]), 31),
    }


PUBLISHED = [
    "cn_conle_taube_2010",
    "cn_jst_2009_bio_bases",
    "cn_jst_2009_torch_bases_by_province",
    "cn_shandong_pharma_2009",
    "cn_jiangsu_pharma",
    "cn_jilin_tonghua_pharma",
    "cn_national_pharma_output",
    "cn_xuan_et_al_2014",
]
"""Tables of published counts; from the fourth on they are about regions."""
BASES = ("cn_jst_2009_torch_bases_by_province", "cn_jst_2009_bio_bases", "cn_conle_taube_2010")
"""Those on bases: torch bases, bio-industry bases, and what the paper states."""


def read_published(read: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Read the tables of `PUBLISHED` by name."""
    return {name: read(f"data/raw/aggregates/{name}.csv") for name in PUBLISHED}


def regional(published: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the published numbers on regions, one table below the other."""
    return pd.concat([published[name] for name in PUBLISHED[3:]], ignore_index=True)
