"""The largest sparsity within a limit, without measuring the grid: strata, a law, few samples."""
