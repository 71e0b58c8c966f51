"""Store the logits of pruned networks, so that predictions need no forward pass. Torch-free.

One row holds a run of samples of one point, in half precision. Files are written whole and never
edited, as in ``store.parquet_table``; a page's checksum tells a damaged file, which is set aside.
"""

import contextlib
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from prunescope.store.files import damaged_in, storage, write_atomically
from prunescope.store.locks import merge_lock
from prunescope.store.logit_files import SCHEMA, read_file, read_labels, read_row_groups
from prunescope.store.logit_rows import (
    MOST_CLASSES,
    MOST_SAMPLES,
    Key,
    join_runs,
    pack,
    unpack,
)
from prunescope.store.read_only import require_writable
from prunescope.study.point import KEY

Run = tuple[Key, int, np.ndarray]
"""A point's key, the place of its first sample in the order, ``(rows, classes)`` values."""

TARGETS: Final = "targets.parquet"
"""Name of the file of labels."""

_SMALL: Final = 32 << 20
_GROUP: Final = 2 << 20


@dataclass(frozen=True)
class LogitStore:
    """A folder of logits by measurement key, all in the study's order of samples.

    Dense references are stored under subject ``""`` with their recovery. Of every point the first
    ``MOST_SAMPLES`` samples are kept. Values come back as log-probabilities.
    """

    folder: Path

    def append(self, key: Key, start: int, values: np.ndarray) -> None:
        """Add the samples ``start`` and following of one point; see ``extend``."""
        self.extend([(key, start, values)])

    def extend(self, runs: Iterable[Run]) -> None:
        """Add runs of samples in one new file.

        Args:
            runs: Keys as in ``Measurement.key``, places in the order, ``(rows, classes)`` logits
                or log-probabilities, not modified. What lies past ``MOST_SAMPLES`` is left out.

        Raises:
            StorageFailure: The disk refuses.
        """
        kept_runs = [(k, s, np.asarray(v)[: max(MOST_SAMPLES - s, 0)]) for k, s, v in runs]
        kept_runs = [run for run in kept_runs if len(run[2])]
        if not kept_runs:
            return
        targets = (
            self.targets() if any(v.shape[1] > MOST_CLASSES for _, _, v in kept_runs) else None
        )
        self._write(pa.Table.from_pylist([pack(*run, targets) for run in kept_runs], schema=SCHEMA))

    def take(self, other: Self, keys: Iterable[Key]) -> None:
        """Add the samples that ``other`` holds of the points ``keys``, file by file.

        Raises:
            StorageFailure: The disk refuses.
        """
        wanted_keys = {tuple(key) for key in keys}
        for path in other.files():
            table = other._read_some(path, wanted_keys)
            if table is None or not table.num_rows:
                continue
            columns = [table[name].to_pylist() for name in KEY]
            own = [key in wanted_keys for key in zip(*columns, strict=True)]
            if any(own):
                self._write(table.filter(pa.array(own)).combine_chunks())

    def read(self, key: Key) -> np.ndarray | None:
        """Return ``(samples so far, classes)`` float32 log-probabilities, or None without any."""
        return self.read_many([key]).get(tuple(key))

    def read_many(self, keys: Iterable[Key]) -> dict[Key, np.ndarray]:
        """Return the log-probabilities of those of ``keys`` that are stored, in one pass.

        Runs that overlap say the same; what follows a gap (a damaged file) is left out.
        """
        wanted_keys = {tuple(key) for key in keys}
        runs: dict[Key, list[tuple[int, np.ndarray]]] = {}
        for table in self._tables(wanted_keys):
            for row in table.to_pylist():
                key = tuple(row[name] for name in KEY)
                if key in wanted_keys:
                    runs.setdefault(key, []).append((row["start"], unpack(row)))
        joined = {key: join_runs(_of_one_width(key_runs)) for key, key_runs in runs.items()}
        return {key: values for key, values in joined.items() if values is not None}

    def samples(self) -> dict[Key, int]:
        """Return for every stored point how many samples there are of it."""
        runs: dict[Key, list[tuple[int, int]]] = {}
        for table in self._tables(None):
            for row in table.to_pylist():
                key = tuple(row[name] for name in KEY)
                runs.setdefault(key, []).append((row["start"], row["rows"]))
        counts: dict[Key, int] = {}
        for key, key_runs in runs.items():
            end = 0
            for start, rows in sorted(key_runs):
                end = max(end, start + rows) if start <= end else end
            counts[key] = end
        return counts

    def write_targets(self, targets: np.ndarray) -> None:
        """Write the labels ``(n,)`` of the samples, in the study's order, unless they are there."""
        path = self.folder / TARGETS
        if path.exists() and self.targets() is not None:
            return
        buffer = io.BytesIO()
        table = pa.table({"target": pa.array(np.asarray(targets), pa.int64())})
        pq.write_table(table, buffer, compression="zstd", write_page_checksum=True)
        write_atomically(path, buffer.getvalue())

    def targets(self) -> np.ndarray | None:
        """Return the labels ``(n,)`` int64 in the study's order, or None when none are stored."""
        path = self.folder / TARGETS
        return read_labels(path)

    def damaged(self) -> list[Path]:
        """Return the files that were set aside because they could not be read."""
        return damaged_in(self.folder)

    def bytes(self) -> int:
        """Return what the files take on the disk."""
        total = 0
        for path in self.files():
            with contextlib.suppress(FileNotFoundError):
                total += path.stat().st_size
        return total

    def compact(self) -> None:
        """Merge small files into one, sorted by key, so that a point is read without the others.

        One process at a time where the file system has locks, so that the last leaves one file.
        """
        with merge_lock(self.folder):
            self._compact()

    def _compact(self) -> None:
        require_writable(self.folder)
        sizes = {}
        for path in self.files():
            with contextlib.suppress(FileNotFoundError):
                sizes[path] = path.stat().st_size
        small = [path for path, size in sizes.items() if size < _SMALL]
        for batch in _batches(small, sizes):
            read = {path: read_file(path) for path in batch}
            tables = {path: table for path, table in read.items() if table is not None}
            if not tables:
                continue
            merged = pa.concat_tables(tables.values())
            merged = merged.sort_by([*((name, "ascending") for name in (*KEY, "start")),
                                     ("rows", "descending")])  # fmt: skip
            twice = merged.select([*KEY, "start"]).to_pandas().duplicated(keep="first")
            written = self._write(merged.filter(pa.array(~twice)).combine_chunks())
            with storage(self.folder):
                for path in tables:
                    if path != written:
                        path.unlink(missing_ok=True)

    def files(self) -> list[Path]:
        """Return the files that hold rows, by name."""
        if not self.folder.is_dir():
            return []
        return sorted(p for p in self.folder.glob("*.parquet") if p.name != TARGETS)

    def _write(self, table: pa.Table) -> Path:
        name, content = encoded_logits(table)
        path = self.folder / name
        if not path.exists():
            write_atomically(path, content)
        return path

    def _tables(self, wanted_keys: set[Key] | None) -> list[pa.Table]:
        """The rows of ``wanted_keys`` (and of their row groups), or all rows without values."""
        tables: dict[Path, pa.Table] = {}
        for _ in range(20):  # a compaction may take files away while we read; then look again
            paths = self.files()
            tables = {path: table for path, table in tables.items() if path in paths}
            vanished = False
            for path in paths:
                if path in tables:
                    continue
                table = self._read_some(path, wanted_keys)
                vanished = vanished or (table is None and not path.exists())
                if table is not None:
                    tables[path] = table
            if not vanished:
                break
        return list(tables.values())

    def _read_some(self, path: Path, wanted_keys: set[Key] | None) -> pa.Table | None:
        if wanted_keys is None:
            return read_file(path, [*KEY, "start", "rows"])
        return read_row_groups(path, wanted_keys)


def encoded_logits(table: pa.Table) -> tuple[str, bytes]:
    """Return the name and the bytes of the file that holds ``table``; its content names it."""
    bytes_per_row = max(table.nbytes // max(table.num_rows, 1), 1)
    buffer = io.BytesIO()
    pq.write_table(
        table, buffer, compression="zstd", row_group_size=max(_GROUP // bytes_per_row, 1),
        write_page_checksum=True, use_dictionary=list(KEY),
    )  # fmt: skip
    content = buffer.getvalue()
    return f"{hashlib.sha256(content).hexdigest()[:20]}.parquet", content


def _of_one_width(runs: list[tuple[int, np.ndarray]]) -> list[tuple[int, np.ndarray]]:
    """The runs that have as many classes as the first: one point has one number of them."""
    first = min(runs, key=lambda run: run[0])[1].shape[1]
    return [run for run in runs if run[1].shape[1] == first]


def _batches(paths: Sequence[Path], sizes: dict[Path, int]) -> Iterator[list[Path]]:
    """Batches of files to merge, each small enough for memory."""
    batch: list[Path] = []
    for path in paths:
        batch.append(path)
        if sum(sizes[path_] for path_ in batch) >= 4 * _SMALL:
            yield batch
            batch = []
    yield batch
