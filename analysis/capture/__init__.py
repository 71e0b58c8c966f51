"""Capture a model as one graph, which replay, coupling, removal and cost all read."""
