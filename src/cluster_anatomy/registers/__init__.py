"""Business registers of any size."""

from cluster_anatomy.registers.run import run_register, summary
from cluster_anatomy.registers.work import parse_memory

__all__ = ["parse_memory", "run_register", "summary"]
