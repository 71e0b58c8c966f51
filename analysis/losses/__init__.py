"""Losses that gradients and training are taken of: one file each, and the list of them."""
