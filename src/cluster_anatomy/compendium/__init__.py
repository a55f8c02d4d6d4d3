"""How any compendium of notebooks is run, compared and reported."""
