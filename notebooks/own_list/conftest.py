"""For nbval and nbmake: these notebooks have no list of their own, and nothing to compare.

A run on a list leaves them executed in ``own_lists/NAME/results/notebooks``.
"""

collect_ignore_glob = ["*.ipynb"]
