"""Which engine a sweep runs on."""

from typing import Final

from torch import Tensor

from prunescope.bench.workbench import Workbench
from prunescope.errors import UnknownName
from prunescope.replay.engine import Engine
from prunescope.replay.frontier import FrontierEngine
from prunescope.replay.naive import NaiveEngine

ENGINES: Final = ("frontier", "naive")


def choose_engine(
    bench: Workbench, name: str = "frontier", sample_order: Tensor | None = None
) -> Engine:
    """Return the engine ``name``; a model without a graph gets the plain loop in any case.

    Args:
        bench: What is measured.
        name: One of ``ENGINES``.
        sample_order: ``(n,)`` in which order samples come; None for the study's.

    Raises:
        UnknownName: There is no such engine.
    """
    if name not in ENGINES:
        raise UnknownName.among("engine", name, ENGINES)
    if name == "naive" or bench.network.captured is None:
        return NaiveEngine(bench, sample_order)
    return FrontierEngine(bench, sample_order=sample_order)
