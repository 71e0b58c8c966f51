"""Make plans: solve for a goal, predict size, cost and accuracy, search further. Torch-free."""
