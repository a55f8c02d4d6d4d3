"""Bootstrap over groups of linked units, which are not independent of each other."""

from collections.abc import Hashable, Iterable

import networkx as nx
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cluster_anatomy.methods.randomness import DRAWS, SEED


def linked_families(
    units: Iterable[Hashable], links: Iterable[tuple[Hashable, Hashable]]
) -> pd.Series:
    """Label units that hang together through links of any length.

    Parameters
    ----------
    units : iterable
        The units.
    links : iterable of pairs
        Who is linked with whom, without direction; ends that are no units, such as a parent that
        several units share, pass a link on.

    Returns
    -------
    Series
        Number of the family (from 0, in the order of ``units``) by unit; a unit without links is a
        family of its own.

    References
    ----------
    Hopcroft and Tarjan (1973), Communications of the ACM 16, 372-378: connected components.

    Examples
    --------
    >>> linked_families(["a", "b", "c", "d"], [("a", "mother"), ("mother", "c")]).tolist()
    [0, 1, 0, 2]
    """
    units = list(units)
    graph = nx.Graph()
    graph.add_nodes_from(units)
    graph.add_edges_from(links)
    component = {
        node: number
        for number, nodes in enumerate(nx.connected_components(graph))
        for node in nodes
    }
    codes, _ = pd.factorize(np.array([component[unit] for unit in units], dtype=int))
    return pd.Series(codes, index=pd.Index(units), name="family", dtype=int)


def family_bootstrap(
    first: pd.DataFrame, second: pd.DataFrame, draws: int = DRAWS, seed: int = SEED
) -> dict[str, float]:
    """Estimate the difference of two shares with families of units drawn anew, not units.

    In each group as many families are drawn, with replacement, as there are; a family comes with
    all its units. The interval is that of percentiles. With few families it is too narrow.

    Parameters
    ----------
    first, second : DataFrame
        The two groups, one row per unit: ``hit`` (true, false or missing: unknown) and ``family``
        (see `linked_families`; missing: a family of its own).
    draws : int
        Bootstrap samples.
    seed : int
        Seed of the random generator.

    Returns
    -------
    dict
        ``value`` (first minus second share of the units that are known), ``low``, ``high`` (95 %),
        ``n``, ``n2`` (known units), ``families``, ``families2``, ``draws``, ``undefined`` (samples
        in which no unit of a group is known; they are left out), ``seed``. Value and interval are
        ``nan`` where no unit of a group is known.

    Raises
    ------
    ValueError
        If a family has units in both groups: they cannot be drawn apart.

    References
    ----------
    Field and Welsh (2007), Journal of the Royal Statistical Society B 69, 369-390: to draw clusters
    with all that is in them.
    Efron and Tibshirani (1993), An Introduction to the Bootstrap, chapter 13: percentiles.

    Examples
    --------
    >>> first = pd.DataFrame({"hit": [True, True, False, True], "family": [0, 0, 1, 2]})
    >>> second = pd.DataFrame({"hit": [False, True, False], "family": [3, 4, 5]})
    >>> result = family_bootstrap(first, second, draws=999)
    >>> round(result["value"], 2), result["families"], result["families2"]
    (0.42, 3, 3)
    """
    shared = set(first["family"].dropna()) & set(second["family"].dropna())
    if shared:
        raise ValueError(f"Families with units in both groups: {sorted(shared, key=str)}.")
    rng = np.random.default_rng(seed)
    counts = [_by_family(group) for group in (first, second)]
    shares = [_share(group.sum(axis=0)) for group in counts]
    value = float(shares[0] - shares[1])
    samples = [
        _share(
            rng.multinomial(len(group), np.full(len(group), 1 / len(group)), size=draws) @ group
            if len(group)
            else np.zeros((draws, 2))
        )
        for group in counts
    ]
    drawn = samples[0] - samples[1]
    defined = drawn[~np.isnan(drawn)]
    low, high = np.percentile(defined, [2.5, 97.5]) if len(defined) else (np.nan, np.nan)
    return {
        "value": value,
        "low": float(low),
        "high": float(high),
        "n": int(first["hit"].notna().sum()),
        "n2": int(second["hit"].notna().sum()),
        "families": len(counts[0]),
        "families2": len(counts[1]),
        "draws": draws,
        "undefined": draws - len(defined),
        "seed": seed,
    }


def _by_family(group: pd.DataFrame) -> NDArray[np.float64]:
    """Return hits and known units of each family; a unit without one is a family of its own."""
    alone = group["family"].isna()
    codes = pd.factorize(group["family"])[0]
    codes[alone] = codes.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    counts = np.zeros((len(set(codes)), 2))
    np.add.at(counts[:, 0], codes, group["hit"].fillna(False).to_numpy(float))
    np.add.at(counts[:, 1], codes, group["hit"].notna().to_numpy(float))
    return counts


def _share(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return hits over known units, undefined where none is known."""
    with np.errstate(invalid="ignore"):
        return np.asarray(counts[..., 0] / counts[..., 1])
