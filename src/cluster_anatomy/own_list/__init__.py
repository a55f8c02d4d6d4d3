"""A list of the user's own."""

from cluster_anatomy.own_list.begin import new
from cluster_anatomy.own_list.content import OwnList, check, read
from cluster_anatomy.own_list.description import find, locate, shown
from cluster_anatomy.reading.problems import Problem

__all__ = ["OwnList", "Problem", "check", "find", "locate", "new", "read", "shown"]
