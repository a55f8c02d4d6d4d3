"""Text filled from the register of results."""

import re
import string
from collections.abc import Mapping, Sequence

import pandas as pd

from cluster_anatomy.results.numbers import Shown, lookup
from cluster_anatomy.tables.cells import escaped


class Prose(string.Formatter):
    """Fill ``{id}`` and ``{id.low}`` from the register; an unknown id is an error that names it."""

    def __init__(self, register: pd.DataFrame):
        self.results = lookup(register)

    def get_value(
        self, key: int | str, args: Sequence[object], kwargs: Mapping[str, object]
    ) -> Shown:
        """Return the result of that id."""
        if key not in self.results:
            raise KeyError(f"There is no result '{key}' in the register.")
        return self.results[str(key)]

    def format_field(self, value: object, format_spec: str) -> str:
        """Return the text of a field as Markdown shows it."""
        return escaped(super().format_field(value, format_spec))


def render(text: str, register: pd.DataFrame) -> str:
    """Fill Markdown from the register, such as ``"{home_share} (n = {home_share.n})"``."""
    return Prose(register).format(text)


MARK = re.compile(r"<!--r:([a-z0-9_.]+)-->.*?<!--/r-->", re.DOTALL)


def fill_marks(text: str, register: pd.DataFrame) -> str:
    """Fill a Markdown file between its invisible marks, ``<!--r:id-->…<!--/r-->`` (README)."""
    return MARK.sub(
        lambda hit: f"<!--r:{hit[1]}-->{render('{' + hit[1] + '}', register)}<!--/r-->", text
    )
