"""The steps of the study, one module a notebook, of the same name.

``08_figures`` has none: it chooses what is drawn, and all else is in `cluster_anatomy.figures`.
`claim_checks` is the language in which ``09_claims`` asks.
"""
