"""Numbers, units and durations in words: made here, the same on every page and in every command.

Torch-free.
"""
