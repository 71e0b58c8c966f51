"""Intervals: paired differences, confidence sequences, tolerance limits. Torch-free."""
