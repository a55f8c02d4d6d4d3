"""Actors of ties: names, kinds and places."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import pandas as pd

from cluster_anatomy.firms.names import name_index, organisation_key
from cluster_anatomy.firms.places import Gazetteer, GazetteerPlace
from cluster_anatomy.tables.cells import split

SEEN_FROM = {"usa": "USA", "usa_second": "USA"}
"""Country that a coder looked at; China for the others."""
PLACE = ["city", "cluster", "admin", "country", "latitude", "longitude"]
NOWHERE = dict.fromkeys(PLACE)
Finder = Callable[[str], tuple[str, str | None]]
"""From a name as given to the name of the actor and its ``firm_id``, if it is a firm."""


def gather(ties: pd.DataFrame, figures: pd.DataFrame) -> pd.DataFrame:
    """Put the ties of all coders and the edges of the paper's figures into one table.

    Parameters
    ----------
    ties : DataFrame
        Contract ``ties``, with ``coder``.
    figures : DataFrame
        Contract ``paper_figures``; kind and city of an end are taken from the ties, where the name
        occurs.

    Returns
    -------
    DataFrame
        The columns of ``ties``; ``coder`` is ``figures`` for an edge of a figure.
    """
    ends = pd.concat(
        [
            ties[[f"{end}_name", f"{end}_type", f"{end}_city"]].set_axis(
                ["name", "type", "city"], axis=1
            )
            for end in ("source", "target")
        ]
    )
    known = ends.groupby("name")[["type", "city"]].first()
    edges = figures.assign(coder="figures")
    for end in ("source", "target"):
        for column in ("type", "city"):
            edges[f"{end}_{column}"] = edges[f"{end}_name"].map(known[column])
    columns = [
        "coder",
        *(f"{end}_{what}" for end in ("source", "target") for what in ("name", "type", "city")),
    ]
    return pd.concat([ties, edges], ignore_index=True)[
        [*columns, "tie_type", "year", "source_urls"]
    ]


def name_actors(
    rows: pd.DataFrame,
    firms: pd.DataFrame,
    organisations: pd.DataFrame,
    persons: pd.DataFrame,
    reviewed: pd.DataFrame,
) -> pd.DataFrame:
    """Give each end of each row the actor it means.

    A name is looked up among the reviewed names (contract ``actor_names``), then in the register of
    firms, then among the paper's organisations and persons; two spellings with the same words are
    one actor.

    Returns
    -------
    DataFrame
        The rows with ``source``, ``target`` (names of the actors), ``source_firm_id``,
        ``target_firm_id``.
    """
    find = actor_finder(firms, organisations, persons, reviewed)
    rows = rows.copy()
    for end in ("source", "target"):
        actors = [find(name) for name in rows[f"{end}_name"]]
        rows[end] = [name for name, _ in actors]
        rows[f"{end}_firm_id"] = pd.array([firm_id for _, firm_id in actors], dtype="string")
        in_register = (rows[f"{end}_type"] == "firm").fillna(False) & rows[f"{end}_firm_id"].notna()
        rows[f"{end}_type"] = rows[f"{end}_type"].mask(in_register, "firm_same_industry")
    return rows


def actor_finder(
    firms: pd.DataFrame, organisations: pd.DataFrame, persons: pd.DataFrame, reviewed: pd.DataFrame
) -> Finder:
    """Return a function from a name as given to the name and ``firm_id`` of the actor.

    See `name_actors` for where names are looked up.
    """
    main = name_index(firms)
    firm_of = {
        (firm.name_en if pd.notna(firm.name_en) else firm.name_zh): firm.firm_id
        for firm in firms.iloc[::-1].itertuples()
    }
    others: dict[str, str] = {}
    for table, column in ((organisations, "org_name"), (persons, "person")):
        for row in table.itertuples():
            for name in [getattr(row, column), *split(row.aliases)]:
                others.setdefault(organisation_key(name), getattr(row, column))
    means = dict(reviewed.dropna(subset=["actor"])[["name", "actor"]].itertuples(index=False))
    own = {name for name, actor in means.items() if name == actor}
    seen: dict[str, str] = {}

    def find(name: str) -> tuple[str, str | None]:
        name = means.get(name, name)
        if name in own:
            return name, None
        key = organisation_key(name)
        if key in main:
            return main[key], firm_of[main[key]]
        return others.get(key) or seen.setdefault(key, name), None

    return find


def locate(
    named: pd.DataFrame,
    firms: pd.DataFrame,
    organisations: pd.DataFrame,
    persons: pd.DataFrame,
    reviewed: pd.DataFrame,
    gazetteer: Gazetteer,
    countries: Mapping[str, str] = SEEN_FROM,
) -> pd.DataFrame:
    """Give each end of each row a place.

    The city of the row comes first, then the register of firms, the paper's list of organisations,
    and the city that other rows give the actor. A foreign organisation without a city is abroad. A
    person is where the organisations are that he or she worked in (other than the one at the other
    end), if they are in one place; else the place of a person is unknown.

    Parameters
    ----------
    named : DataFrame
        From `name_actors`.
    firms, organisations, persons, reviewed : DataFrame
        Register; contracts ``organisations``, ``persons``, ``actor_names``.
    gazetteer : Gazetteer
        The places that cities of ties mean.
    countries : mapping
        Coder to the country that he or she looked at; China for coders that it does not name.

    Returns
    -------
    DataFrame
        The rows with ``seen_from`` (country whose coder wrote the row) and, for each end, ``city``,
        ``cluster``, ``admin``, ``country``, ``latitude``, ``longitude`` (prefixed ``source_``,
        ``target_``).
    """
    find = actor_finder(firms, organisations, persons, reviewed)
    table = named.assign(seen_from=[countries.get(coder, "China") for coder in named["coder"]])
    whereabouts = _Whereabouts(
        gazetteer,
        homes=_homes(table, firms, organisations, find, gazetteer),
        abroad=_foreign_actors(table),
        employers={
            find(row.person)[0]: [find(employer)[0] for employer in split(row.affiliations)]
            for row in persons.itertuples()
        },
        stated=dict(
            reviewed.dropna(subset=["country"])[["name", "country"]].itertuples(index=False)
        ),
    )
    for end, other in (("source", "target"), ("target", "source")):
        places = [whereabouts.of_end(row, end, other) for row in table.to_dict("records")]
        frame = pd.DataFrame(places, columns=PLACE, index=table.index)
        frame[["latitude", "longitude"]] = frame[["latitude", "longitude"]].astype(float)
        table[[f"{end}_{column}" for column in PLACE]] = frame
    return table


@dataclass(frozen=True)
class _Whereabouts:
    """What is known of where actors are, for `locate`."""

    gazetteer: Gazetteer
    homes: Mapping[str, dict]
    abroad: set[tuple[str, str]]
    """Foreign actors, by the country that they are seen from."""
    employers: Mapping[str, list[str]]
    stated: Mapping[str, str]
    """Countries that a reviewer stated, by name."""

    def of_end(self, row: Mapping, end: str, other: str) -> dict:
        """Place of one end of a tie."""
        actor, country, kind = row[end], row["seen_from"], row[f"{end}_type"]
        if kind == "individual":
            employers = [name for name in self.employers.get(actor, []) if name != row[other]]
            return _place_of_person([self.of_employer(name, country) for name in employers])
        city = row[f"{end}_city"]
        if pd.notna(city):
            place = _place(self.gazetteer.find(city))
        else:
            place = dict(self.homes.get(actor, NOWHERE))
        if not place["country"]:
            place["country"] = self.stated.get(row[f"{end}_name"]) or self.stated.get(actor)
        if not place["country"]:
            away = (country, actor) in self.abroad
            place["country"] = "abroad" if away else _assumed(kind, country)
        return place

    def of_employer(self, actor: str, seen_from: str) -> dict:
        """Place of an organisation that a person worked in."""
        place = dict(self.homes.get(actor, NOWHERE))
        if not place["country"] and (seen_from, actor) in self.abroad:
            place["country"] = "abroad"
        return place


def _homes(
    named: pd.DataFrame,
    firms: pd.DataFrame,
    organisations: pd.DataFrame,
    find: Finder,
    gazetteer: Gazetteer,
) -> dict[str, dict]:
    """Place of each actor: of the register, of the paper's list, else a city that a tie gives."""
    homes = {find(main_name(firm))[0]: _place_of_firm(firm) for firm in firms.itertuples()}
    for row in organisations.itertuples():
        homes.setdefault(find(row.org_name)[0], _place_of_organisation(row, gazetteer))
    for end in ("source", "target"):
        for actor, city in named[[end, f"{end}_city"]].dropna().itertuples(index=False):
            if not homes.get(actor, NOWHERE)["city"]:
                homes[actor] = _place(gazetteer.find(city))
    return homes


def _foreign_actors(named: pd.DataFrame) -> set[tuple[str, str]]:
    """Actors of a foreign kind, each with the country that it is seen from."""
    return {
        (seen, actor)
        for end in ("source", "target")
        for seen, actor, kind in zip(
            named["seen_from"], named[end], named[f"{end}_type"], strict=True
        )
        if pd.notna(kind) and kind.startswith("foreign_")
    }


def main_name(firm) -> str:
    return firm.name_en if pd.notna(firm.name_en) else firm.name_zh


def _clean(place: Mapping) -> dict:
    return {column: None if pd.isna(place[column]) else place[column] for column in PLACE}


def _place(place: GazetteerPlace | None) -> dict:
    return dict(NOWHERE) if place is None else _clean({**asdict(place), "city": place.name})


def _place_of_firm(firm) -> dict:
    return _clean({column: getattr(firm, column) for column in PLACE})


def _place_of_organisation(row, gazetteer: Gazetteer) -> dict:
    if city := gazetteer.find(row.city):
        return _place(city)
    country = None if pd.isna(row.country) else row.country.replace("United Kingdom", "UK")
    admin = row.province_or_state if country == "China" else None
    return _clean({**NOWHERE, "admin": admin, "country": country})


def _place_of_person(employers: list[dict]) -> dict:
    """Place of a person: that of the organisations worked in, if they are in one."""
    spots = {(place["cluster"], place["country"]) for place in employers}
    return dict(employers[0]) if len(spots) == 1 else dict(NOWHERE)


def _assumed(kind: object, country: str) -> str | None:
    """Country of an organisation without a place: the coder's, unless it is an investor."""
    return None if pd.isna(kind) or kind in ("venture_capital", "individual") else country


def read_known(read: Callable[[str], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Read what names of actors are looked up in: firms, organisations, persons, reviewed names."""
    evidence = "data/raw/evidence"
    return {
        "firms": read("data/processed/firms.csv"),
        "organisations": read(f"{evidence}/organisations.csv"),
        "persons": read(f"{evidence}/persons.csv"),
        "reviewed": read("data/raw/coding/actor_names.csv"),
    }
