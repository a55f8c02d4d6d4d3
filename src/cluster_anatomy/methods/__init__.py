"""Statistics for small tables of counts, groups and networks, one family a module.

shares : a share with its interval, and the bounds that unknown items leave
partial_identification : intervals that join sampling error and missing values
weighting : shares weighted by one over the yield of what was looked up
differences : the difference of two shares, its test and power, and families of such tests
bootstrap : differences of shares with families of linked units drawn anew
contingency : independence, association and residuals of a table of counts; Cohen's kappa
quotients : location quotients of categories in places
concentration : geographic concentration against a distribution of reference
correspondence : correspondence analysis of a table of counts
similarity : distances of compositions, trees with support, the adjusted Rand index
permutation : permutation tests of labels, and which p such a test can reach at all
ei_index : ties inside and between groups, against groups dealt out at random
qap : logit models of ties between pairs of nodes, against permuted nodes
brokerage : who stands between whom, by the groups of the three
descent : who descends from whom, in which generation
choice_models : conditional logit models, and which place gets the next unit
distance : kilometres on the globe
multiverse : an estimate under every combination of choices, and its specification curve
specification_tests : inference on a specification curve by permuting groups
randomness : the seed and the number of draws of all of them, unless a caller gives others

Several numbers come back by name in a dict, tables as a DataFrame. Undefined stays undefined: a
share of nothing, or a test of one group, is ``nan`` and not zero.
"""
