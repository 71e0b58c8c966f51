"""Twelve tasks, each a small network that is trained for a moment, its data and its metric."""
