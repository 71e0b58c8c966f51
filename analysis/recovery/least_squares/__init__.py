"""Refit the kept weights to the dense outputs in closed form, from inputs without labels."""
