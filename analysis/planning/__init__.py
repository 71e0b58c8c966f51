"""Plans: what to remove where, what that costs, and what accuracy to expect. Torch-free."""
