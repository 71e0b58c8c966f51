"""Latency tables of other machines: written to one file, and read where they fit. Torch-free."""

import io
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from prunescope.commands import next_steps
from prunescope.errors import BadReference, BadValue, DamagedFile, ForeignStudy
from prunescope.fence.parquet_files import Bounds
from prunescope.fence.refusal import Refusal
from prunescope.latency.runtimes.registry import runtime_titles
from prunescope.latency.table.rows import (
    KINDS,
    LatencyRow,
    graph_digest,
    stored_rows,
    units_of,
    units_text,
)
from prunescope.latency.table.tensor_sizes import shapes_of
from prunescope.store.destinations import require_replaceable, source_paths
from prunescope.store.files import storage, write_atomically
from prunescope.store.parquet_table import Table, rows_of
from prunescope.store.table_file import read_rows
from prunescope.study import Manifest, Reference
from prunescope.text.lists import listed
from prunescope.text.numbers import exact

_BOUNDS: Final = Bounds(rows=100_000, bytes=64 << 20)
"""A machine times some hundred smaller models in an hour; one row takes some hundred bytes."""


def require_table_file(
    path: Path, reference: Reference, study: Path | None, force: bool = False
) -> None:
    """Raise ``WouldOverwrite`` unless a latency table may be written to ``path``.

    Args:
        path: Where.
        reference: Of the network.
        study: Its folder; None where it has none.
        force: Whether it may take the place of a file that is no latency table.
    """
    sources = source_paths(reference, study)
    require_replaceable(
        path, "a latency table", _is_table, next_steps.exported_table(), sources, force
    )


def _is_table(path: Path) -> bool:
    try:
        return not _read(path, stored_rows(path.parent)).empty
    except DamagedFile:
        return False


def export_table(study: Path, manifest: Manifest, path: Path) -> int:
    """Write the rows of the manifest's graph to the parquet file ``path``; return how many.

    Whether ``path`` may be replaced is asked of ``require_table_file`` before.

    Raises:
        BadValue: There are none.
        StorageFailure: The disk refuses.
    """
    table = stored_rows(study)
    frame = table.read()
    own = frame[frame["graph"] == graph_digest(manifest)]
    if own.empty:
        raise BadValue(
            "Expected timed models to export, but there are none. Time some first: "
            f"{next_steps.time_network(120)}."
        )
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pandas(own, table.schema, preserve_index=False), buffer)
    write_atomically(path, buffer.getvalue())
    return len(own)


def import_table(study: Path, manifest: Manifest, path: Path) -> tuple[LatencyRow, ...]:
    """Add the rows in ``path`` to the study folder, and return them.

    Raises:
        BadReference: There is no such file.
        DamagedFile: The file is no latency table.
        ForeignStudy: It was measured on another graph or on other shapes.
        BadValue: An unknown runtime, an impossible removal, or numbers that are no times.
    """
    table = stored_rows(study)
    frame = _read(path, table)
    if frame.empty:
        raise BadValue(f"Expected timed models in {path.name}, but it is empty. Export it again.")
    graphs = set(frame["graph"])
    if graphs != {graph_digest(manifest)}:
        raise ForeignStudy(
            f"Expected {path.name} to be measured on {manifest.reference.model} with this study's "
            "graph and tensor shapes, but it was measured on another network. Measure this one "
            f"there: {next_steps.time_elsewhere()}."
        )
    rows: list[LatencyRow] = rows_of(table, frame)
    for row in rows:
        _require(row, manifest, path.name)
    table.append(rows)
    return tuple(rows)


def _read(path: Path, table: Table) -> pd.DataFrame:
    if not path.is_file():
        raise BadReference(f"Expected a latency table at {path}, but there is no file. Check it.")
    with storage(path):
        size = path.stat().st_size
        if size > _BOUNDS.bytes:
            raise DamagedFile(
                f"Expected {path.name} to be a latency table, but it has {exact(size)} bytes. Make "
                f"it with {next_steps.exported_table()}."
            )
        content = path.read_bytes()
    try:
        found: pd.DataFrame = read_rows(pa.BufferReader(content), table.row, _BOUNDS).to_pandas()
    except Refusal as refusal:
        raise DamagedFile(
            f"Expected {path.name} to be a latency table, but {refusal.reason}. Make it with "
            f"{next_steps.exported_table()}."
        ) from refusal
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise DamagedFile(
            f"Expected {path.name} to be a latency table, but it cannot be read as one "
            f"({(str(error).splitlines() or ['?'])[0][:100]}). Make it with "
            f"{next_steps.exported_table()}."
        ) from error
    return found


def _require(row: LatencyRow, manifest: Manifest, name: str) -> None:
    known = runtime_titles()
    if row.runtime not in known:
        raise BadValue(
            f"Expected the runtime of {name} to be {listed(known, 'or')}, but got "
            f"{row.runtime!r}. Import tables that were made with {next_steps.exported_table()}."
        )
    numbers = (row.dense_seconds, row.ratio, row.low, row.high)
    if not (np.isfinite(numbers).all() and min(numbers) > 0 and row.low <= row.ratio <= row.high):
        raise BadValue(
            f"Expected times above 0 with their intervals in order in {name}, but got {numbers}. "
            "Measure the table again."
        )
    if (
        row.kind not in KINDS
        or min(row.batch, row.threads, row.samples) < 1
        or not (row.machine and row.device)
    ):
        raise BadValue(
            f"Expected {name} to say kind, batch, threads, rounds and machine, but a row says "
            f"{row.kind!r}, {row.batch}, {row.threads}, {row.samples}, {row.machine!r}. Measure "
            "the table again."
        )
    try:
        units = units_of(row.units)
        text = units_text(units)
    except (ValueError, AttributeError, TypeError) as error:
        raise BadValue(
            f"Expected removed units as JSON in {name}, but got {row.units[:60]!r}. Measure the "
            "table again."
        ) from error
    if text != row.units:
        raise BadValue(
            f"Expected removed units by sorted name in {name}, but got {row.units[:60]!r}. "
            "Measure the table again."
        )
    shapes_of(manifest).removed([units])
