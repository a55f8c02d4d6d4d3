"""A list of the user's own."""

from cluster_anatomy.own_list.begin import new
from cluster_anatomy.own_list.folders import display_name, find, locate
from cluster_anatomy.own_list.lists import OwnList, check, read
from cluster_anatomy.reading.problems import Problem

__all__ = ["OwnList", "Problem", "check", "display_name", "find", "locate", "new", "read"]
