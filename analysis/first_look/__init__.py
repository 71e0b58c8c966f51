"""A first look at all curves: drops predicted from gradients, second moments and a few points."""
