"""One row per smaller model that was timed against the dense one. Torch-free."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prunescope.store.parquet_table import Table
from prunescope.study import Manifest

PROCESSOR: Final = "cpu"
"""The device of all rows and reports that name none."""
KINDS: Final = ("group", "random", "plan")
KEY: Final = (
    "graph", "machine", "runtime", "version", "dtype", "batch", "threads", "units",
    "device",
)  # fmt: skip
_KEPT: Final = 8
_DIGESTS: dict[tuple[str, int], tuple[str, object]] = {}
"""The tensors are kept beside their digest, so that nobody else can get their id."""


@dataclass(frozen=True)
class LatencyRow:
    """A really smaller model, timed in turns with the dense one.

    Attributes:
        graph: Of the network's operators and tensor shapes; weights' values do not matter.
        machine: Processor, cores and system.
        runtime: Title of one of ``prunescope.latency.runtimes``, such as ``PyTorch``.
        version: Of the runtime.
        dtype: Of the weights.
        batch: Samples per forward pass.
        threads: That the runtime may use.
        units: Units removed by group, as JSON with sorted names; ``{}`` is the dense model
            against a second copy of itself.
        kind: Why it was timed: ``group`` (a step of one group's staircase), ``random`` (a draw
            over all groups), ``plan`` (somebody's plan).
        dense_seconds: Of one dense forward pass in the fast rounds (``interleaved_timing.FAST``).
        ratio: This model's time divided by the dense model's.
        low: Lower end of the ratio's 95 % interval over the rounds.
        high: Upper end.
        samples: Rounds.
        device: That computed; rows of before it was noted are the processor's.
    """

    graph: str
    machine: str
    runtime: str
    version: str
    dtype: str
    batch: int
    threads: int
    units: str
    kind: str
    dense_seconds: float
    ratio: float
    low: float
    high: float
    samples: int
    device: str = PROCESSOR


def stored_rows(study: Path) -> Table:
    """Return the table of timed models in the study folder ``study``."""
    return Table(study / "latency", LatencyRow, KEY)


def graph_digest(manifest: Manifest) -> str:
    """Return the hash of what a latency depends on: the operators and every tensor's shape."""
    key = (manifest.fingerprint, id(manifest.tensors))
    if key not in _DIGESTS:
        _DIGESTS[key] = (_digest(manifest), manifest.tensors)
        while len(_DIGESTS) > _KEPT:
            _DIGESTS.pop(next(iter(_DIGESTS)), None)
    return _DIGESTS[key][0]


def _digest(manifest: Manifest) -> str:
    shapes = [[tensor.name, *tensor.shape, tensor.width] for tensor in manifest.tensors]
    content = json.dumps([manifest.parts.get("graph", ""), shapes])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def units_text(units: Mapping[str, int]) -> str:
    """Return units removed by group as stored: sorted, without the groups that stay whole.

    >>> units_text({"b": 2, "a": 1, "c": 0})
    '{"a": 1, "b": 2}'
    """
    return json.dumps({name: int(units[name]) for name in sorted(units) if units[name]})


def units_of(text: str) -> dict[str, int]:
    """Return what ``units_text`` wrote."""
    found: dict[str, int] = json.loads(text)
    return found
