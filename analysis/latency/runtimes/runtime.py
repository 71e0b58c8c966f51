"""What a runtime is: something that makes of a network a call that can be timed. Torch-free.

An example, whole: PyTorch in double precision, in a file of its own::

    class Double(Runtime):
        name = "double"
        title = "PyTorch double"

        def version(self):
            import torch
            return torch.__version__

        def compile(self, module, workload):
            import copy
            twin = copy.deepcopy(module).double()
            inputs = workload.inputs.double()
            return lambda: twin(inputs)

    RUNTIME = Double()

Imports of what is heavy stand inside of the methods: the dashboard reads the descriptions of all
runtimes, and must not load torch for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from torch import nn

    from prunescope.capture.graph import Inputs
    from prunescope.removal import Removal

Call = Callable[[], object]
"""One forward pass of one batch, complete when it returns."""


@dataclass(frozen=True)
class VectorWidths:
    """Of which numbers of units a runtime's kernels make good use.

    Attributes:
        aligned: Kept counts that people round to, the largest first: a group keeps multiples of
            the first one that it holds twice.
        steps: Where a staircase may have its steps: the count at a multiple is timed, and the
            first one past the multiple below.
    """

    aligned: tuple[int, ...] = (16, 8, 4)
    steps: tuple[int, ...] = (8, 4)


VECTORS: Final = VectorWidths()


@dataclass(frozen=True)
class Workload:
    """What calls have to compute, and with what.

    Attributes:
        dense: The dense network, with which smaller ones are compared.
        inputs: One batch, as it is passed to the network.
        threads: That the runtime may use.
        problem: Why the network is no graph, where it is none.
    """

    dense: nn.Module
    inputs: Inputs
    threads: int
    problem: str | None = None


class Compiler(Protocol):
    """A runtime at work on one dense network and those that are made from it."""

    @property
    def slow(self) -> bool:
        """Whether making a call takes longer than timing it; then fewer are made at once."""

    def compile(self, module: nn.Module, removal: Removal | None = None) -> Call:
        """Return a call of ``module``, which shares no weights with another call.

        Args:
            module: The dense network, or another one, masked or smaller.
            removal: What a smaller one lacks of the dense one, where that is known.

        Raises:
            CannotCapture: The runtime cannot run the network; the message says why.
        """


@runtime_checkable
class Runtime(Protocol):
    """One way to run networks on this machine. Derive from it: all but three things have defaults.

    Attributes:
        name: What a user types.
        title: What people read, and what latency tables store: it never changes.
        rank: Place in lists; see ``prunescope.extensions``.
        effort: The share of a table's seconds, in proportion to the other runtimes': more where
            making calls takes time, or where times jump and take more models to learn.
        widths: Where its staircases are expected to have steps.
        usual: Whether it is timed unless others are asked for.
    """

    name: str
    title: str
    rank: int = 100
    effort: float = 2.0
    widths: VectorWidths = VECTORS
    usual: bool = True

    def version(self) -> str:
        """Return the version: times of different ones are kept apart."""

    def compile(self, module: nn.Module, workload: Workload) -> Call:
        """Return one forward pass of ``module`` on the workload's batch as a call.

        The call is made in inference mode with torch limited to the workload's threads.

        Raises:
            CannotCapture: The runtime cannot run the network; the message says why.
        """

    def unavailable(self) -> str | None:
        """Return in one sentence why this machine lacks the runtime, or None where it does not."""
        return None

    def device(self, dense: nn.Module) -> str:
        """Return the name of the device that computes; by default where the weights lie."""
        from prunescope.bench.device import device_of

        return str(device_of(dense))

    def conditions(self) -> str:
        """Return what else times depend on at present, such as a device's clocks; empty here."""
        return ""

    def compiler(self, workload: Workload) -> Compiler:
        """Return what compiles the networks of one workload; by default each by itself."""
        return EachAlone(self, workload)


class EachAlone:
    """Compiles every network by itself, as ``Runtime.compile`` does."""

    slow = False

    def __init__(self, runtime: Runtime, workload: Workload) -> None:
        self._runtime, self._workload = runtime, workload

    def compile(self, module: nn.Module, removal: Removal | None = None) -> Call:
        """Return a call of ``module``; see ``Compiler``."""
        del removal
        return self._runtime.compile(module, self._workload)
