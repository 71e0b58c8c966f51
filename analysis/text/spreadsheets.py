"""Texts in files that spreadsheets open. Torch-free."""

from typing import Final

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cell(value: str) -> str:
    """Return ``value`` so that no spreadsheet takes it for a formula.

    >>> cell("=1+1"), cell("conv1")
    ("'=1+1", 'conv1')
    """
    return f"'{value}" if value[:1] in _FORMULA else value
