"""The five sample networks, one architecture per file."""
