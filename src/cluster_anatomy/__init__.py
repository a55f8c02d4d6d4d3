"""Cluster Anatomy: who starts the firms of an industrial cluster, and where they come from."""

__version__ = "0.1.0"
