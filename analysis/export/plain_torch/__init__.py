"""A pruned graph as Python source: modules of ``torch.nn``, and a ``forward`` that calls them.

What is written needs torch and the weights, and nothing of this project. An operator, a name or a
value that is not known here leaves the network without source, and says which.
"""
