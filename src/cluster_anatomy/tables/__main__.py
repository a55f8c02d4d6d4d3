"""Rewrite the codebook and the checksums: ``python -m cluster_anatomy.tables``."""

from cluster_anatomy.tables.codebook import main

main()
