"""Fine-tune the weights that a plan keeps."""
