"""Which channels, neurons and heads must leave together, read off a captured graph.

``find_groups(captured) -> Coupling`` walks the graph once per decision it has to take, with one
rule per ATen operator (``prunescope.coupling.rules``). Every index of every dimension carries a
label; rules unite the labels of indices that can only leave together, and block those that
cannot leave. What is connected is a *unit*; units with the same members are a *group*, of which
one unit at least stays. Where a group could still empty a tensor on its way, it is divided, so
that every removal that leaves a unit of each group exists.

* ``Coupling.groups: tuple[Group, ...]``, ``Coupling.group(name) -> Group``,
  ``Coupling.refused: tuple[Refused, ...]`` (layers, dimension, reason).
* ``Group``: ``name``, ``granularity`` (``"channel"`` or ``"head"``), ``units`` (a count),
  ``members``, ``normalised`` and ``reason``.
* ``Member``: ``parameter`` (dotted name), ``layer``, ``dimension``, ``role``, ``buffer``,
  ``indices`` (one int64 array per unit: what the unit owns of that dimension).

Removal (``prunescope.removal``) takes ``{group name: bool mask over units, True = keep}``:

* ``remove(captured, removal) -> Captured``: the physically smaller network.
* ``silence(captured, removal) -> Callable``: the dense network with those units silenced.
* ``check_law(captured, removal, inputs) -> LawReport``: that both give the same outputs.
* ``freed(captured, group, units) -> Freed``: parameters, MACs and bytes.
* ``gated(captured, group) -> GraphModule``: the network with a parameter ``gate`` of one
  multiplier per unit, where the group's readers read it.
* ``load_pruned(module, removal, weights)``: pour the smaller weights into the user's class.
"""

from prunescope.coupling.find_groups import choose_heads, find_groups, heads_of, repeats_heads
from prunescope.coupling.groups import Coupling, Group, Member, Refused

__all__ = [
    "Coupling",
    "Group",
    "Member",
    "Refused",
    "choose_heads",
    "find_groups",
    "heads_of",
    "repeats_heads",
]
