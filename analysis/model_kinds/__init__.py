"""Models by name, ``KIND:NAME``: one file for each kind, found by the registry. Torch-free."""
