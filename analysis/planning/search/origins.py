"""What plans are called by where the search for them began."""

from typing import Final

_NAMES: Final = {
    "solver": "solver", "uniform": "uniform", "erk": "ERK", "lamp": "LAMP",
    "global-magnitude": "global magnitude", "equal-drop": "equal drop",
}  # fmt: skip
_OWNED: Final = {name: f"{words}'s" for name, words in _NAMES.items()} | {
    "solver": "the solver's", "uniform": "the uniform rule's",
}  # fmt: skip


def possessive(start: str) -> str:
    """Return whose plan a search began with.

    >>> possessive("lamp"), possessive("solver")
    ("LAMP's", "the solver's")
    """
    return _OWNED.get(start, f"{start}'s")


def origin(start: str, own: bool) -> str:
    """Return a name for a plan: its start's where that made it, else by what it was found near.

    >>> origin("erk", True), origin("erk", False)
    ('ERK', 'near ERK')
    """
    name = _NAMES.get(start, start)
    return name if own else f"near {name}"
