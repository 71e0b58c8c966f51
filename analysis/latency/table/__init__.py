"""Smaller models that were timed, and what they predict for every plan."""
