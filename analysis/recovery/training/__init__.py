"""Fine-tune what a plan keeps."""
