"""Names of plans after the start that a search found them from."""

from typing import Final

NAMES: Final = {
    "solver": "solver", "uniform": "uniform", "erk": "ERK", "lamp": "LAMP",
    "global-magnitude": "global magnitude", "equal-drop": "equal drop",
}  # fmt: skip
"""The solver and the simple rules, as people call them within a sentence."""
_OWNED: Final = {name: f"{words}'s" for name, words in NAMES.items()} | {
    "solver": "the solver's", "uniform": "the uniform rule's",
}  # fmt: skip


def plan_owner(start: str) -> str:
    """Return the possessive of a start's name, as in "LAMP's plan".

    >>> plan_owner("lamp"), plan_owner("solver")
    ("LAMP's", "the solver's")
    """
    return _OWNED.get(start, f"{start}'s")


def candidate_name(start: str, own: bool) -> str:
    """Return a candidate's name: its start's for the start's own plan, else "near" that name.

    >>> candidate_name("erk", True), candidate_name("erk", False)
    ('ERK', 'near ERK')
    """
    name = NAMES.get(start, start)
    return name if own else f"near {name}"
