"""A list of the user's own.

What reads lists is loaded when it is asked for: the notebooks of a list, which read none, begin
sooner without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cluster_anatomy.own_list.begin import new
    from cluster_anatomy.own_list.folders import display_name, find, locate
    from cluster_anatomy.own_list.lists import OwnList, check, read
    from cluster_anatomy.reading.problems import Problem

__all__ = ["OwnList", "Problem", "check", "display_name", "find", "locate", "new", "read"]
MODULES = {
    "begin": ("new",),
    "folders": ("display_name", "find", "locate"),
    "lists": ("OwnList", "check", "read"),
}


def __getattr__(name: str) -> object:
    if name == "Problem":
        return import_module("cluster_anatomy.reading.problems").Problem
    for module, names in MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
