"""Pour smaller weights back into the user's own class."""
