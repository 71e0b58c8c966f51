"""The page *Curves*."""
