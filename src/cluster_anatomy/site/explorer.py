"""What the explorer shows: firms, readings under every convention, shares and bars.

Everything is computed here, in Python, and handed to the page as plain data; the page only looks
things up.
"""

import pandas as pd

from cluster_anatomy.firms.entries import ORIGINS
from cluster_anatomy.firms.origins import options_of
from cluster_anatomy.firms.readings import origins_everywhere
from cluster_anatomy.firms.readings import readings as every_reading
from cluster_anatomy.site import firm_records, pages, readings
from cluster_anatomy.site.bars import bar_firms
from cluster_anatomy.site.content import Content


def explorer_data(content: Content) -> dict[str, object]:
    """Put together what the explorer looks up.

    Returns
    -------
    dict
        ``firms``, ``conventions``, ``labels`` and ``reach`` (what each moved firm is in each
        reading), ``properties`` (shares in each reading), ``bars``, ``frames``, ``rules``,
        ``words``.
    """
    coding = content.coding
    documented = (content.firms, content.firm_evidence, content.sources)
    origins = origins_everywhere(*documented, coding, alone=False)
    values = every_reading(*documented, content.places, coding, origins, alone=False)
    chosen = crossed(coding["conventions"])
    shown = set(chosen["convention"])
    labels = (
        origins["label"]
        .unstack("firm_id")
        .loc[values["start_up"].index, content.entries["firm_id"]]
    )
    reach = readings.reach_words(values["home"], values["abroad"])
    frames, properties = coding["frames"], coding["properties"]
    return {
        "firms": firm_records.firm_records(content.entries, frames, firm_details(content)),
        "conventions": convention_records(chosen),
        "origin_order": [name for name in values["start_up"].index.names if name in shown],
        "labels": readings.outcomes(labels),
        "reach_order": [name for name in values["home"].index.names if name in shown],
        "reach": readings.outcomes(reach),
        "properties": readings.properties_everywhere(values, content.entries, frames, properties),
        "bars": bar_firms(content.bars),
        "frames": content.frame_labels,
        "default_frames": frames.loc[frames["default"] == "yes", "frame"].tolist(),
        "rules": {
            row.rule: [pages.filled(row.meaning), pages.filled(row.passage)]
            for row in coding["origin_rules"].itertuples()
        },
        "origins": ORIGINS,
        "periods": coding["periods"]["period"].tolist(),
        "ties_known": content.ties is not None,
    }


def firm_details(content: Content) -> dict[str, dict[str, list[list[str]]]]:
    """Return what is listed on the card of a firm: sources, conflicts, coders' words, ties."""
    source_columns = ["role", "organisation", "org_type", "city", "country", "timing"]
    conflict_columns = ["column", "value", "coder", "chosen"]
    return {
        "sources": firm_records.by_firm(content.sources, source_columns),
        "conflicts": firm_records.by_firm(content.conflicts, conflict_columns),
        "said": firm_records.coder_words(content.firm_evidence, content.evidence, content.lists),
        "ties": firm_records.tie_words(content.ties),
    }


def crossed(conventions: pd.DataFrame) -> pd.DataFrame:
    """Return the conventions of which the explorer has every combination, on frames as they are."""
    return conventions[(conventions["varied"] == "crossed") & (conventions["changes"] != "frame")]


def convention_records(conventions: pd.DataFrame) -> list[dict[str, object]]:
    """Return the conventions with their options in the order in which readings are counted.

    The default comes first.
    """
    meaning = conventions.set_index(["convention", "option"])
    return [
        {
            "name": name,
            "options": [
                {
                    "option": option,
                    **firm_records.plain(
                        meaning.loc[(name, option)], {"meaning": "meaning", "reason": "reason"}
                    ),
                }
                for option in options
            ],
        }
        for name, options in options_of(conventions).items()
    ]
