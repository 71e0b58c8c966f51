"""Refit what is left to the dense outputs in closed form, from inputs without labels."""
