"""What runs a network to time it, one file each."""
