"""The stages of a register: each writes its tables into a folder and returns its number of rows."""

from cluster_anatomy.registers.stages.entry import enter
from cluster_anatomy.registers.stages.firms import describe
from cluster_anatomy.registers.stages.groups import group
from cluster_anatomy.registers.stages.links import link
from cluster_anatomy.registers.stages.origins import classify
from cluster_anatomy.registers.stages.rows import clean, place, read

__all__ = ["classify", "clean", "describe", "enter", "group", "link", "place", "read"]
