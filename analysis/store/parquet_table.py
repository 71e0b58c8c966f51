"""A table kept as a folder of parquet files that many writers may append to at once.

Every append is a new file, written atomically; files are never edited. ``compact`` merges them into
one file, sorted by key and named by its content, so that two runs of the same sweep end with the
same file. Of two rows with the same key, the one that was repeated counts (in single
precision, after a lower one), else the one with more samples.
"""

import logging
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from prunescope.errors import StorageFailure
from prunescope.store.files import (
    damaged_in,
    remove_left,
    require_present,
    set_aside,
    storage,
    write_atomically,
)
from prunescope.store.locks import merge_lock
from prunescope.store.read_only import require_writable
from prunescope.store.table_file import Damaged, encoded, read_once, schema_of

log = logging.getLogger(__name__)

_STALE: Final = 3600.0
"""Seconds after which a temporary file belongs to nobody: a write takes milliseconds."""

_BETTER: Final = ("repeated", "samples", "removed_units")
"""Columns whose larger value makes one of two rows with the same key the better one: repeated in
single precision, over more samples, with the indices of the units that left."""


@dataclass(frozen=True)
class Table:
    """A folder of parquet files whose rows are instances of one frozen dataclass.

    Attributes:
        folder: Where the files lie.
        row: The dataclass; its fields are the columns (str, int, float, bool, tuple of int).
        key: The columns that identify a row.
        beside: A file without which nothing is added: the manifest of the table's study.
    """

    folder: Path
    row: type[Any]
    key: tuple[str, ...]
    beside: Path | None = None

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""
        return schema_of(self.row)

    def append(self, rows: Sequence[Any]) -> Path | None:
        """Add ``rows`` in one new file and return it; None for no rows.

        Raises:
            StorageFailure: The disk refuses, or the study is gone.
        """
        if not rows:
            return None
        if self.beside is not None:
            require_present(self.beside)
        columns = {
            column.name: [getattr(row, column.name) for row in rows] for column in fields(self.row)
        }
        return self._write(pa.table(columns, schema=self.schema))

    def add(self, frame: pd.DataFrame) -> Path | None:
        """Add rows as ``read`` returns them in one new file and return it; None for no rows.

        Raises:
            StorageFailure: The disk refuses, or the study is gone.
        """
        if frame.empty:
            return None
        if self.beside is not None:
            require_present(self.beside)
        return self._write(pa.Table.from_pandas(frame, self.schema, preserve_index=False))

    def read(self, columns: Collection[str] | None = None) -> pd.DataFrame:
        """Return all rows, sorted by key, without doubles; damaged files are set aside.

        Args:
            columns: That are needed besides the key; None for all.
        """
        frame: pd.DataFrame = self._merged(columns=columns)[0].to_pandas()
        return frame

    def read_new(self, known: Collection[str]) -> tuple[pd.DataFrame, set[str]]:
        """Return the rows of the files whose names are not in ``known``, and these names."""
        table, paths = self._merged(known)
        return table.to_pandas(), {path.name for path in paths}

    def standings(self, frame: pd.DataFrame) -> dict[Hashable, tuple[Any, ...]]:
        """Return by key what decides between two rows with the same key: the larger one stays."""
        better = [name for name in _BETTER if name in frame.columns]
        keys = frame[list(self.key)].itertuples(index=False, name=None)
        if not better:
            return dict.fromkeys(keys, ())
        return dict(zip(keys, frame[better].itertuples(index=False, name=None), strict=True))

    def better(
        self, frame: pd.DataFrame, known: Mapping[Hashable, tuple[Any, ...]]
    ) -> pd.DataFrame:
        """Return the rows of ``frame`` whose key ``known`` lacks, or has a lesser standing of.

        Args:
            frame: As ``read`` returns it.
            known: As ``standings`` returns it.
        """
        own = self.standings(frame)
        more = [key not in known or standing > known[key] for key, standing in own.items()]
        return frame.loc[more].reset_index(drop=True) if more else frame

    def damaged(self) -> list[Path]:
        """Return the files that were set aside because they could not be read."""
        return damaged_in(self.folder)

    def compact(self) -> None:
        """Merge all files into one whose name and bytes depend on the rows alone.

        One process at a time where the file system has locks, so that the last leaves one file.
        """
        with merge_lock(self.folder):
            self._compact()

    def _compact(self) -> None:
        require_writable(self.folder)
        merged, sources = self._merged()
        if not sources:
            return
        if self.beside is not None:
            require_present(self.beside)
        written = self._write(merged)
        with storage(self.folder):
            for path in sources:
                if path != written:
                    path.unlink(missing_ok=True)
            for path in self.folder.glob(".*.parquet.*.tmp"):  # of writers that were killed
                remove_left(path, _STALE)

    def _write(self, table: pa.Table) -> Path:
        name, content = encoded(table)
        path = self.folder / name
        if not path.exists():
            write_atomically(path, content)
        return path

    def _merged(
        self, known: Collection[str] = (), columns: Collection[str] | None = None
    ) -> tuple[pa.Table, list[Path]]:
        tables: dict[Path, pa.Table] = {}
        for _ in range(20):  # a compaction may take files away while we read; then look again
            paths = sorted(self.folder.glob("*.parquet")) if self.folder.is_dir() else []
            paths = [path for path in paths if path.name not in known]
            tables = {path: table for path, table in tables.items() if path in paths}
            vanished = False
            for path in paths:
                if path not in tables:
                    table = self._read(path)
                    vanished = vanished or (table is None and not path.exists())
                    if table is not None:
                        tables[path] = table
            if not vanished:
                break
        if not tables:
            return self.schema.empty_table(), []
        merged = pa.concat_tables(tables.values())
        if columns is not None:
            wanted = {*self.key, *_BETTER, *columns}
            merged = merged.select([name for name in merged.schema.names if name in wanted])
        order: list[tuple[str, str]] = [(name, "ascending") for name in self.key]
        better = [name for name in _BETTER if name in merged.schema.names]
        order += [(name, "descending") for name in better]
        rows = pc.sort_indices(merged.select([name for name, _ in order]), sort_keys=order)
        keys = merged.select(list(self.key)).take(rows).to_pandas()
        rows = rows.to_numpy()[~keys.duplicated(keep="first").to_numpy()]
        if len(rows) == len(merged) and (rows == np.arange(len(rows))).all():
            return merged.combine_chunks(), list(tables)  # a merged file lies so already
        return merged.take(pa.array(rows)).combine_chunks(), list(tables)

    def _read(self, path: Path) -> pa.Table | None:
        try:
            with storage(path):  # a disk that refuses says nothing about the file
                state = path.stat()
                return read_once(path, state.st_mtime_ns, state.st_size, self.row)  # type: ignore[arg-type]
        except StorageFailure as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        except Damaged as error:
            aside = set_aside(path)
            log.warning(
                "Expected %s to be a table of %ss, but it is damaged (%s). It is set aside as %s; "
                "run the sweep again to measure its points anew.",
                path.name, self.row.__name__.lower(), error, aside.name,
            )  # fmt: skip
            return None


def rows_of(table: Table, frame: pd.DataFrame) -> list[Any]:
    """Return the rows of ``frame`` as instances of the table's dataclass."""
    names = [column.name for column in fields(table.row)]
    kinds = {tuple[int, ...]: int, tuple[float, ...]: float}
    tuples = {
        column.name: kinds[column.type] for column in fields(table.row) if column.type in kinds
    }
    return [
        table.row(
            **{n: tuple(map(tuples[n], value)) if n in tuples else value
               for n, value in zip(names, values, strict=True)}
        )
        for values in frame[names].itertuples(index=False, name=None)
    ]  # fmt: skip
