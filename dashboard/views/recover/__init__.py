"""The page *Recover*."""
