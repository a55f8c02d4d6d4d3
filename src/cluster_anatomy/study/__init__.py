"""The steps of the study, one module a notebook, of the same name.

``12_figures`` has none: it chooses what is drawn, and all else is in `cluster_anatomy.figures`.
The language in which ``11_claims`` asks is `cluster_anatomy.results.checks`.
"""
