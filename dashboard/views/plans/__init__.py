"""The page *Plans*."""
