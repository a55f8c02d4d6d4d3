"""A list of your own: begin one, check it, read it (``docs/OWN_LIST.md``)."""

from .begin import new
from .description import find, locate, shown
from .door import OwnList, check, read
from .problems import Problem

__all__ = ["OwnList", "Problem", "check", "find", "locate", "new", "read", "shown"]
