"""The colours of marks, light and dark; text and grid colours are left to the theme."""

from collections.abc import Sequence
from typing import Final

from prunescope.study import SHUFFLED

LIGHT: Final = (
    "#2459B8", "#C75B12", "#12805F", "#A8327A", "#6C4FC2",
    "#8F6A00", "#137E9E", "#5F7C1E", "#556474", "#BE3A34",
)  # fmt: skip
DARK: Final = (
    "#7AA8F7", "#F5A060", "#4FC7A1", "#EA83C2", "#B29DFA",
    "#DDBB4C", "#5CC4E2", "#A6C75C", "#A4B2C1", "#F58680",
)  # fmt: skip
LIGHT_SCALE: Final = (
    "#F3F5F8", "#FBE9D3", "#F8D2A8", "#F3B27D", "#E98D58",
    "#D9673F", "#BE4431", "#982C2E", "#6E1C2A", "#441022",
)  # fmt: skip
DARK_SCALE: Final = (
    "#1D242C", "#30262F", "#4A2836", "#692C3C", "#8B353E",
    "#AE463E", "#CE6040", "#E58549", "#F3B267", "#FBE3A4",
)  # fmt: skip
QUIET: Final = "#8995A3"
"""For reference lines: readable on both backgrounds."""


def palette(dark: bool) -> Sequence[str]:
    """Return the ten categorical colours."""
    return DARK if dark else LIGHT


def scale(dark: bool) -> list[tuple[float, str]]:
    """Return the sequential scale as Plotly takes it."""
    colours = DARK_SCALE if dark else LIGHT_SCALE
    return [(place / (len(colours) - 1), colour) for place, colour in enumerate(colours)]


def by_criterion(methods: Sequence[str], dark: bool) -> dict[str, str]:
    """Return a colour per method: its criterion's, the same at every granularity and page.

    Criteria that shuffle another are grey, as what they are: chance.

    Args:
        methods: All methods of a study, in its order, so that the colours stay when fewer show.
        dark: Whether the page is dark.
    """
    colours = palette(dark)
    ordered = sorted(methods, key=lambda name: "@" in name)  # weights first: most often seen
    criteria = list(dict.fromkeys(name.partition("@")[0] for name in ordered))
    criteria = [name for name in criteria if not name.startswith(SHUFFLED)]
    place = {name: index for index, name in enumerate(criteria)}
    return {
        name: QUIET if name.startswith(SHUFFLED)
        else colours[place[name.partition("@")[0]] % len(colours)]
        for name in methods
    }  # fmt: skip


def faint(colour: str, opacity: float) -> str:
    """Return ``#RRGGBB`` as ``rgba``.

    >>> faint("#FF0080", 0.2)
    'rgba(255, 0, 128, 0.2)'
    """
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity:g})"
