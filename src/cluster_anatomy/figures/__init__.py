"""The figures of the study."""

from cluster_anatomy.figures.comparison import (
    china_usa,
    china_usa_data,
    difference_data,
    two_frames,
)
from cluster_anatomy.figures.compositions import (
    cluster_members,
    composition,
    composition_data,
    frame_members,
)
from cluster_anatomy.figures.correspondence import clusters_and_origins, clusters_and_origins_data
from cluster_anatomy.figures.curves import curve_data, specification_curve
from cluster_anatomy.figures.genealogies import genealogy, genealogy_data
from cluster_anatomy.figures.maps import map_data, tile_map
from cluster_anatomy.figures.neighbourhoods import PAPER, ego_data, ego_network, known_words
from cluster_anatomy.figures.ties import (
    ei_against_null,
    ei_data,
    tie_matrices,
    tie_matrix,
    tie_matrix_data,
)
from cluster_anatomy.figures.verdicts import (
    VERDICTS,
    claims_at_a_glance,
    claims_data,
    verdict_shares,
)
from cluster_anatomy.figures.vocabulary import TIE_WORDS, words
from cluster_anatomy.figures.years import (
    cluster_years,
    cluster_years_data,
    events_by_frame,
    over_time,
    over_time_data,
)

__all__ = [
    "PAPER",
    "TIE_WORDS",
    "VERDICTS",
    "china_usa",
    "china_usa_data",
    "claims_at_a_glance",
    "claims_data",
    "cluster_members",
    "cluster_years",
    "cluster_years_data",
    "clusters_and_origins",
    "clusters_and_origins_data",
    "composition",
    "composition_data",
    "curve_data",
    "difference_data",
    "ego_data",
    "ego_network",
    "ei_against_null",
    "ei_data",
    "events_by_frame",
    "frame_members",
    "genealogy",
    "genealogy_data",
    "known_words",
    "map_data",
    "over_time",
    "over_time_data",
    "specification_curve",
    "tie_matrices",
    "tie_matrix",
    "tie_matrix_data",
    "tile_map",
    "two_frames",
    "verdict_shares",
    "words",
]
