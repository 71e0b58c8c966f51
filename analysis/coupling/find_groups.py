"""Find the groups of a captured graph: scout, decide, walk, collect."""

from weakref import WeakKeyDictionary

from torch import fx

import prunescope.coupling.rules  # noqa: F401  (fills the operator table)
from prunescope.capture.graph import Captured
from prunescope.capture.shapes import shapes
from prunescope.coupling.collect_units import collect
from prunescope.coupling.decide_factors import choose_factors
from prunescope.coupling.groups import Coupling
from prunescope.coupling.rule_table import RULES
from prunescope.coupling.rules.experts import follow
from prunescope.coupling.walk import BATCH, CouplingWalk

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
        choices = choose_factors(scout) if scout.options else {}
        walk = CouplingWalk(captured, values, RULES, choices, (follow,)).run()
        coupling = collect(captured, walk, walk.ledger.solve())
        _KNOWN[captured.module] = coupling
    return coupling


def remember(captured: Captured, coupling: Coupling) -> Coupling:
    """Let ``find_groups`` answer with ``coupling`` for this graph from now on, and return it."""
    _KNOWN[captured.module] = coupling
    return coupling
