"""Metrics that come with Prunescope: one file each, and the list that others add to."""
