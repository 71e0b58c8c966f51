"""What several pages show or remember."""
