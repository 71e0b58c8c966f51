"""What every choice of a plan costs and damages, as tables whose sums are exact.

A weight is zeroed in one layer, so its costs add. Units of two groups meet in the tensors that
one produces and the other reads, so a tensor's elements are a product of what each dimension
keeps. Multiplied out, a quantity of the whole plan is

    constant + sum_s unary[s, option of s] + sum_(s,t) pair[s, t] * units[s] * units[t]

with the units that each group loses. A tensor's dimension that reads several groups (after a
concatenation) stays a sum, a group in two dimensions of one tensor is a square in ``unary``. A
block takes the whole product with it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from prunescope.planning.preview import value_bytes
from prunescope.study import Manifest
from prunescope.study.method import BLOCK
from prunescope.study.summaries import Blocks

Monomials = dict[tuple[int, ...], float]

_MOST: int = 2
"""Groups that one product may have; with more, the others count as whole, which costs more."""


@dataclass(frozen=True)
class Polynomial:
    """A cost of the units removed: coefficients of 1, of ``u_a`` and of ``u_a * u_b``.

    Attributes:
        terms: ``()`` → constant, ``(a,)`` → linear, ``(a, b)`` → product (``a <= b``).
        exact: False where products of more than two groups were bounded from above.
    """

    terms: Mapping[tuple[int, ...], float]
    exact: bool = True

    def at(self, units: Sequence[float]) -> float:
        """Return the value where group ``a`` lost ``units[a]``."""
        return math.fsum(
            value * math.prod(units[index] for index in key) for key, value in self.terms.items()
        )


def shape_costs(manifest: Manifest, groups: Sequence[str]) -> dict[str, Polynomial]:
    """Return ``stored``, ``bytes`` and ``macs`` as polynomials of the units that ``groups`` lose.

    Equal to ``study.network_size.shrunk`` at every plan (a property test says so).

    Args:
        manifest: Of the dense network.
        groups: The groups that may lose units, in the order of the indices.
    """
    group_index = {name: index for index, name in enumerate(groups)}
    shrinking: dict[str, dict[int, Monomials]] = {}
    whole = _blocks(manifest, group_index)
    for name in groups:
        for member in manifest.group(name).members if group_index[name] not in whole else ():
            axis = shrinking.setdefault(member.parameter, {}).setdefault(member.dimension, {})
            key = (group_index[name],)
            axis[key] = axis.get(key, 0.0) - member.indices
    stored: Monomials = {}
    size: Monomials = {}
    macs: Monomials = {}
    exact = True
    tensors: dict[str, tuple[Monomials, int]] = {}
    for tensor in manifest.tensors:
        axes = shrinking.get(tensor.name, {})
        rest = math.prod(n for axis, n in enumerate(tensor.shape) if axis not in axes)
        parts = [{(): float(tensor.shape[axis]), **change} for axis, change in axes.items()]
        elements, product_exact = _product(float(rest), parts)
        elements, leaving_exact = _leaving(elements, tensor.leaves_with, group_index, whole)
        exact = exact and product_exact and leaving_exact
        tensors[tensor.name] = elements, math.prod(tensor.shape)
        if not tensor.buffer:
            _add(stored, elements, 1.0)
        _add(size, elements, tensor.width)
    for term in manifest.mac_terms:
        if term.parameter is not None and not term.sums():
            elements, dense = tensors[term.parameter]
            _add(macs, elements, term.macs / dense)
        else:
            shares: list[Monomials] = [
                {(): 1.0, **{(group_index[g],): -s for g, s in factor if g in group_index}}
                for factor in term.sums()
            ]
            left, product_exact = _product(float(term.macs), [s for s in shares if len(s) > 1])
            left, leaving_exact = _leaving(left, term.leaves_with, group_index, whole)
            exact = exact and product_exact and leaving_exact
            _add(macs, left, 1.0)
    if not manifest.tensors or not groups:  # a study without groups holds totals only
        stored, size = {(): float(manifest.parameters)}, {(): float(manifest.bytes)}
        macs = {(): float(manifest.macs)}
    return {
        "stored": Polynomial(stored, exact),
        "bytes": Polynomial(size, exact),
        "macs": Polynomial(macs, exact),
    }


def widths(manifest: Manifest) -> dict[str, int]:
    """Return the bytes per element of every layer's weight."""
    tensor_widths = {tensor.name: tensor.width for tensor in manifest.tensors}
    usual = value_bytes(manifest)
    return {layer.parameter: tensor_widths.get(layer.parameter, usual) for layer in manifest.layers}


def _product(scale: float, parts: Sequence[Monomials]) -> tuple[Monomials, bool]:
    """``scale`` times the product of sums; parts past the second count as whole."""
    counted, rest = parts[:_MOST], parts[_MOST:]
    scale *= math.prod(part[()] for part in rest)
    monomials: Monomials = {}
    for chosen in product(*(part.items() for part in counted)):
        key = tuple(sorted(index for name, _ in chosen for index in name))
        monomials[key] = monomials.get(key, 0.0) + scale * math.prod(value for _, value in chosen)
    return monomials, not rest


def _blocks(manifest: Manifest, group_index: Mapping[str, int]) -> dict[int, frozenset[int]]:
    """The blocks among the groups, each with the groups that are a part of it."""
    layers = {index: set(manifest.group(name).layers) for name, index in group_index.items()}
    return {
        index: frozenset(
            other for other, own in layers.items() if other != index and own <= layers[index]
        )
        for name, index in group_index.items()
        if manifest.group(name).granularity == BLOCK
    }


def _leaving(
    monomials: Monomials,
    leaves_with: Blocks,
    group_index: Mapping[str, int],
    whole: Mapping[int, frozenset[int]],
) -> tuple[Monomials, bool]:
    """``monomials`` less what leaves with blocks, and whether that is exact.

    A block and a group within it are never chosen together, so their product is left out. What
    leaves only with several blocks together counts as staying, which costs more.
    """
    if not leaves_with or not group_index:
        return monomials, True
    if len(leaves_with) > 1:
        return monomials, False
    left, exact = dict(monomials), True
    for block in (group_index[name] for name in leaves_with[0] if name in group_index):
        for key, value in monomials.items():
            if any(index in whole[block] or block in whole.get(index, ()) for index in key):
                continue
            if len(key) < _MOST:
                product_key = tuple(sorted((*key, block)))
                left[product_key] = left.get(product_key, 0.0) - value
            else:
                exact = False  # of two groups in both of its dimensions: a little more is saved
    return left, exact


def _add(total: Monomials, more: Monomials, scale: float) -> None:
    for key, value in more.items():
        total[key] = total.get(key, 0.0) + scale * value
