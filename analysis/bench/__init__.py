"""Network, splits, metric and dense baseline together: what sweeps and plans work on."""
