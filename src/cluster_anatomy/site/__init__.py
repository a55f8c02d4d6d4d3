"""The static site."""

from cluster_anatomy.site.site import build

__all__ = ["build"]
