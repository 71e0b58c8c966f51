"""Pieces of pages that are forms or tables of their own."""
