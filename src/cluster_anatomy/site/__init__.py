"""The static site."""

from cluster_anatomy.site.builder import build

__all__ = ["build"]
