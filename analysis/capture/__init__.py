"""From a model to one graph that replay, coupling, removal and cost all read."""
