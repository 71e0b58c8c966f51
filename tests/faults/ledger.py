"""What a process has stored, noted outside of it: after a kill, all of that must still be there.

A line stands for a row of a table or a document that is on the disk; it is written after that.
"""

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from prunescope.store.parquet_table import Table


@contextlib.contextmanager
def kept(path: str) -> Iterator[None]:
    """Note in the file ``path`` what the block appends to tables; nothing where it is empty."""
    if not path:
        yield
        return
    plain = Table.append

    def noting(self: Table, rows: Sequence[Any]) -> Path | None:
        written = plain(self, rows)
        lines = "".join(json.dumps(_line(self, row)) + "\n" for row in rows)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.write(handle, lines.encode())
        os.close(handle)
        return written

    Table.append = noting  # type: ignore[method-assign]
    try:
        yield
    finally:
        Table.append = plain  # type: ignore[method-assign]


def _line(table: Table, row: Any) -> list[Any]:
    key = [(name, str(getattr(row, name))) for name in table.key]
    return [table.folder.name, int(getattr(row, "samples", 0)), key]


Entry = tuple[str, int, tuple[tuple[str, str], ...]]
"""A line of the ledger: table, samples, and the key's columns with their values."""


def entries(path: Path) -> list[Entry]:
    """Return the lines of a ledger."""
    if not path.exists():
        return []
    lines = [json.loads(line) for line in path.read_text().split("\n")[:-1]]
    return [(table, samples, tuple(map(tuple, key))) for table, samples, key in lines]
