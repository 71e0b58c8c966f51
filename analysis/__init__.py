"""Prunescope's engine: sweep, plan, recover and export pruned PyTorch networks."""

__version__ = "0.1.0"
