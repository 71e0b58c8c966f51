"""Made-up rows for the tests of the store."""

from dataclasses import replace
from pathlib import Path

from prunescope.store.measurements import Measurement
from prunescope.store.parquet_table import Table
from prunescope.study import (
    MEASUREMENT_VERSION,
    Baseline,
    LayerSummary,
    Manifest,
    MethodSummary,
    Reference,
    TensorSummary,
)
from prunescope.study.point import KEY


def manifest(fingerprint: str = "f", **parts: str) -> Manifest:
    """A manifest of one linear layer."""
    layer = LayerSummary("fc", "linear", "fc.weight", (2, 3), 6, 6, 8)
    return Manifest(
        reference=Reference("tiny.py:build", "tiny.py:splits"),
        fingerprint=fingerprint,
        parameters=8,
        buffers=0,
        bytes=32,
        macs=6,
        activation_bytes=20,
        layers=(layer,),
        splits={"calibration": 4, "validation": 4, "test": 4},
        baseline=Baseline(4, 0.75, 0.5, (2, 2), (2, 1)),
        methods=(MethodSummary("magnitude", "Magnitude", "|w|", "Han", "weights"),),
        tensors=(TensorSummary("fc.weight", (2, 3), 4), TensorSummary("fc.bias", (2,), 4)),
        parts=parts or {"weights": "w", "graph": "g", "data": "d", "metric": "top-1"},
    )


ROW = Measurement(
    fingerprint="f",
    version=MEASUREMENT_VERSION,
    subject="fc",
    criterion="magnitude",
    granularity="weight",
    sparsity=0.5,
    recovery="none",
    seed=0,
    removed=3,
    total=6,
    compressed_bytes=20,
    samples=4,
    population=4,
    score_sum=2.0,
    drop_sum=1.0,
    drop_squares=1.0,
    entropy_sum=0.5,
    entropy_squares=0.25,
    divergence_sum=0.1,
    divergence_squares=0.01,
    agreements=3,
    nonfinite=0,
    class_correct=(1, 1),
)


def row(sparsity: float = 0.5, **changes: object) -> Measurement:
    """``ROW`` with changes."""
    return replace(ROW, sparsity=sparsity, **changes)  # type: ignore[arg-type]


def table(folder: Path) -> Table:
    """A table of measurements."""
    return Table(folder, Measurement, KEY)


def files(folder: Path) -> dict[str, bytes]:
    """Name → bytes of every file below ``folder``, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
