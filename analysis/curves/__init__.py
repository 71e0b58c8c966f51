"""Curves of drop against sparsity, with means, seeds and comparisons with chance. Torch-free."""
