"""Fourier transforms mix the dimensions that they run over; the others pass through."""

from typing import Final

from torch import fx

from prunescope.capture.functional import operator_name
from prunescope.coupling.labels import Dim
from prunescope.coupling.operator_arguments import argument
from prunescope.coupling.rule_table import rule
from prunescope.coupling.walk import CouplingWalk, Value

_LAST: Final = ("fft_fft", "fft_ifft", "fft_rfft", "fft_irfft", "fft_hfft", "fft_ihfft")
_LAST_TWO: Final = tuple(f"{name}2" for name in _LAST)
_ALL: Final = (*(f"{name}n" for name in _LAST), "fft_fftshift", "fft_ifftshift")


@rule(*_LAST, *_LAST_TWO, *_ALL)
def transform(walk: CouplingWalk, node: fx.Node) -> Value:
    """Every value along a transformed dimension needs all of it."""
    dims, sizes, name = list(walk.dims(node.args[0])), walk.shape(node), operator_name(node)
    axes = argument(node, "dim")
    if axes is None:
        axes = range(len(dims))
    why = f"{name} mixes all of it"
    for axis in [axes] if isinstance(axes, int) else axes:
        walk.ledger.block(dims[axis], why)
        dims[axis] = Dim(sizes[axis], why=why)
    return tuple(dims)


@rule("view_as_complex")
def join_parts(walk: CouplingWalk, node: fx.Node) -> Value:
    """The last dimension holds real and imaginary parts."""
    *dims, parts = walk.dims(node.args[0])
    walk.ledger.block(parts, "it holds real and imaginary parts")
    return tuple(dims)


@rule("view_as_real")
def part(walk: CouplingWalk, node: fx.Node) -> Value:
    """Real and imaginary parts are a dimension of their own."""
    return (*walk.dims(node.args[0]), Dim(2, why="it holds real and imaginary parts"))
