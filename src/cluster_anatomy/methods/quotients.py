"""Location quotients."""

import numpy as np
import pandas as pd


def location_quotients(table: pd.DataFrame) -> pd.DataFrame:
    """Say how much of a category a place has relative to all places.

    The location quotient is the share of the category in the place by its share in all places: 1 is
    the mean. A place without any count, or a category without any, has no quotient; it is
    undefined, not 0.

    Parameters
    ----------
    table : DataFrame
        Counts: places in rows, categories in columns, all that are at risk.

    Returns
    -------
    DataFrame
        Same shape; ``nan`` is undefined.

    References
    ----------
    Florence (1939), Report on the Location of Industry, Political and Economic Planning.

    Examples
    --------
    >>> table = pd.DataFrame({"chairs": [20, 30], "other": [20, 130]}, index=["here", "elsewhere"])
    >>> location_quotients(table).round(2)
               chairs  other
    here         2.00   0.67
    elsewhere    0.75   1.08
    """
    observed = table.to_numpy(float)
    with np.errstate(invalid="ignore", divide="ignore"):
        local = observed / observed.sum(axis=1, keepdims=True)
        overall = observed.sum(axis=0) / observed.sum()
        return pd.DataFrame(local / overall, index=table.index, columns=table.columns).replace(
            np.inf, np.nan
        )
