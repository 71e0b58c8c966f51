"""Names of plans after the start that a search found them from."""

from collections.abc import Callable, Collection, Mapping
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


def beside_in_words(
    beside: Mapping[str, float],
    measured: Collection[str],
    amount: Callable[[float], str],
    named: Callable[[str], str] = str,
) -> str:
    """Return the other plans' objectives, the predicted ones apart from the measured ones.

    Args:
        beside: Start → its objective.
        measured: The starts whose objective was measured.
        amount: From an objective to words.
        named: From a start to its name.

    >>> beside_in_words({"solver": 0.2, "erk": 0.5}, {"erk"}, str)
    'others, as predicted: solver 0.2; as measured: erk 0.5'
    """
    groups = []
    for how, own in (
        ("as predicted", [name for name in beside if name not in measured]),
        ("as measured", [name for name in beside if name in measured]),
    ):
        if own:
            values = ", ".join(f"{named(name)} {amount(beside[name])}" for name in own)
            groups.append(f"{how}: {values}")
    return f"others, {'; '.join(groups)}" if groups else "no others"
