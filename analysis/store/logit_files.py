"""The parquet files of stored logits: columns, and reading them as what others may have made."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import numpy as np
import pyarrow as pa

from prunescope.fence.parquet_files import Bounds, collected, opened, read_bounded, require_within
from prunescope.fence.refusal import Refusal
from prunescope.store.files import set_aside, storage
from prunescope.store.logit_rows import Key, require_whole
from prunescope.study.point import KEY

log = logging.getLogger(__name__)

Found = TypeVar("Found")

_BATCH: Final = 64
_BOUNDS: Final = Bounds(rows=10_000_000, bytes=8 << 30)
_LARGEST_LABEL: Final = 1 << 31
_LABELS: Final = pa.schema([("target", pa.int64())])
SCHEMA: Final = pa.schema(
    [
        ("fingerprint", pa.string()), ("version", pa.int64()), ("subject", pa.string()),
        ("criterion", pa.string()), ("granularity", pa.string()), ("sparsity", pa.float64()),
        ("recovery", pa.string()), ("seed", pa.int64()), ("start", pa.int64()),
        ("rows", pa.int64()), ("classes", pa.int64()), ("values", pa.binary()),
        ("places", pa.binary()), ("rest", pa.binary()),
    ]
)  # fmt: skip


def read_labels(path: Path) -> np.ndarray | None:
    """Return the labels ``(n,)`` int64 in ``path``, or None where there are none."""
    table = _read_or_set_aside(
        path, lambda: read_bounded(path, _LABELS, _BOUNDS, _require_labels, checksums=True)
    )
    return None if table is None else np.asarray(table["target"], np.int64)


def read_file(path: Path, columns: list[str] | None = None) -> pa.Table | None:
    """Return the rows of ``path``, or some columns; None where it is gone or damaged."""
    if columns is None:
        return _read_or_set_aside(path, lambda: _checked(path, None))
    schema = pa.schema([SCHEMA.field(name) for name in columns])
    return _read_or_set_aside(path, lambda: read_bounded(path, schema, _BOUNDS, checksums=True))


def read_row_groups(path: Path, wanted_keys: set[Key]) -> pa.Table | None:
    """Return the row groups of ``path`` that hold any of ``wanted_keys``; None as ``read_file``."""
    return _read_or_set_aside(path, lambda: _matching_row_groups(path, wanted_keys))


def _matching_row_groups(path: Path, wanted_keys: set[Key]) -> pa.Table:
    """The row groups of ``path`` that hold any of ``wanted_keys``."""
    keys = pa.schema([SCHEMA.field(name) for name in KEY])
    groups = []
    with opened(path, SCHEMA, checksums=True) as file:
        require_within(file, SCHEMA, _BOUNDS)
        for group in range(file.num_row_groups):
            batches = file.iter_batches(row_groups=[group], columns=keys.names)
            table = collected(batches, keys, _BOUNDS)
            columns = [table[name].to_pylist() for name in KEY]
            if not wanted_keys.isdisjoint(zip(*columns, strict=True)):
                groups.append(group)
    return _checked(path, groups) if groups else SCHEMA.empty_table()


def _checked(path: Path, groups: list[int] | None) -> pa.Table:
    """Row groups of ``path``, or all, whose rows hold what their counts say."""
    with opened(path, SCHEMA, checksums=True) as file:
        require_within(file, SCHEMA, _BOUNDS)
        batches = file.iter_batches(_BATCH, row_groups=groups, columns=SCHEMA.names)
        return collected(batches, SCHEMA, _BOUNDS, _require_rows)


def _require_rows(table: pa.Table) -> None:
    for row in table.to_pylist():
        require_whole(row)


def _require_labels(table: pa.Table) -> None:
    labels = np.asarray(table["target"], np.int64)
    if len(labels) and np.abs(labels).max() >= _LARGEST_LABEL:
        raise ValueError("it holds labels that count no class")


def _read_or_set_aside(path: Path, read: Callable[[], Found]) -> Found | None:
    """Return what ``read`` gives, or None when ``path`` is gone or damaged (and set aside)."""
    try:
        return read()
    except FileNotFoundError:
        return None
    except (Refusal, pa.ArrowException, KeyError, ValueError, OSError) as error:
        if not path.exists():
            return None
        if isinstance(error, OSError) and error.errno is not None:  # the disk, not the file
            with storage(path):
                raise
        aside = set_aside(path)
        log.warning(
            "Expected %s to hold logits, but it is damaged (%s). It is set aside as %s; sweep into "
            "a new folder when you need its points' logits again.",
            path.name, (str(error).splitlines() or [type(error).__name__])[0][:120], aside.name,
        )  # fmt: skip
        return None
