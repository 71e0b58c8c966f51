"""What measurements say, sparsity by sparsity: means, curves, seeds, chance. Torch-free."""
