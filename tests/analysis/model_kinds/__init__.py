"""Kinds of models: by name, with random weights, offline."""
