"""The steps of the study, one module a notebook."""
