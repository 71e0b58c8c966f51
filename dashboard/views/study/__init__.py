"""The page *Study*."""
