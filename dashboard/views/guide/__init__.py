"""A first visitor's way through the pages."""
