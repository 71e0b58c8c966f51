"""Find the groups of a captured graph: scout, decide, walk, collect."""

from typing import Final
from weakref import WeakKeyDictionary

from torch import fx

import prunescope.coupling.rules  # noqa: F401  (fills the operator table)
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes
from prunescope.coupling.collect_units import collect
from prunescope.coupling.decide_factors import choose_factors, repeated_heads
from prunescope.coupling.groups import Coupling
from prunescope.coupling.rule_table import RULES
from prunescope.coupling.rules.experts import follow
from prunescope.coupling.walk import BATCH, CouplingWalk
from prunescope.study.manifest import KEY_VALUE

_HEADS: Final = "prunescope heads"
"""Where a graph's module notes what ``choose_heads`` chose."""

_KNOWN: "WeakKeyDictionary[fx.GraphModule, Coupling]" = WeakKeyDictionary()


def find_groups(captured: Captured) -> Coupling:
    """Return the groups of ``captured``, cached per graph.

    A first walk records, for every split dimension, the factors that could carry the units. The
    second walk takes for every split a factor that nothing blocks, heads first.
    """
    coupling = _KNOWN.get(captured.module)
    if coupling is None:
        values = shapes(captured, BATCH)
        scout = CouplingWalk(captured, values, RULES, None, (follow,)).run()
        asked = captured.module.meta.get(_HEADS) == KEY_VALUE
        choices = choose_factors(scout, asked) if scout.options else {}
        walk = CouplingWalk(captured, values, RULES, choices, (follow,)).run()
        coupling = collect(captured, walk, walk.ledger.solve())
        _KNOWN[captured.module] = coupling
    return coupling


def choose_heads(captured: Captured, heads: str) -> Captured:
    """Return ``captured``, of which ``find_groups`` from now on takes the heads ``heads``.

    Smaller graphs that are made of it go on with the same.

    Args:
        captured: Its module notes the choice.
        heads: ``key-value``: where key-value heads serve several query heads, a unit is one of
            them with all of its query heads. Empty for that, or one query head of each key-value
            head: whichever are more.
    """
    if captured.module.meta.get(_HEADS, "") != heads:
        captured.module.meta[_HEADS] = heads
        _KNOWN.pop(captured.module, None)
    return captured


def heads_of(captured: Captured) -> str:
    """Return what ``choose_heads`` chose for this graph; empty for nothing."""
    return str(captured.module.meta.get(_HEADS, ""))


def repeats_heads(captured: Captured) -> bool:
    """Whether some key-value heads of this graph serve several query heads each."""
    scout = CouplingWalk(captured, shapes(captured, BATCH), RULES, None, (follow,)).run()
    return bool(repeated_heads(scout))


def remember(captured: Captured, coupling: Coupling) -> Coupling:
    """Let ``find_groups`` answer with ``coupling`` for this graph from now on, and return it."""
    _KNOWN[captured.module] = coupling
    return coupling
