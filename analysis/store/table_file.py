"""One file of a table: its columns are a dataclass's, and its name says what its bytes are."""

import hashlib
import io
import re
from dataclasses import MISSING, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from prunescope.fence.parquet_files import Bounds, opened, read_bounded
from prunescope.fence.refusal import Refusal

_NAMED: Final = re.compile(r"[0-9a-f]{20}")
BOUNDS: Final = Bounds(rows=20_000_000, bytes=4 << 30)
"""Of one file; a sweep of a thousand layers by ten sparsities and ten methods has 100,000 rows."""

_KINDS: Final[dict[Any, pa.DataType]] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    tuple[int, ...]: pa.list_(pa.int64()),
    tuple[float, ...]: pa.list_(pa.float64()),
}


def schema_of(row: type[Any]) -> pa.Schema:
    """Return the columns of a dataclass and their types."""
    return pa.schema([(column.name, _KINDS[column.type]) for column in fields(row)])


class Damaged(Exception):
    """A file whose bytes are not a table."""


@lru_cache(maxsize=4096)
def read_once(path: Path, _changed: int, _size: int, row: type[Any]) -> pa.Table:
    """Return the table in a file, cached: files never change, and each round reads them all.

    They do so in one order: a cache that holds fewer than there are holds none of those that
    are read next. A file of a few rows takes some 10 KiB; reading 523 of them takes 1.7 s, or 0.04.

    Raises:
        Damaged: Its bytes are no table of ``row``, or others than were written.
    """
    content = path.read_bytes()
    try:
        if _NAMED.fullmatch(path.stem) and _digest(content) != path.stem:
            raise ValueError("its bytes are not the ones that were written")
        return read_rows(pa.BufferReader(content), row, BOUNDS)
    except (Refusal, pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise Damaged(_first_line(error)) from error


def encoded(table: pa.Table) -> tuple[str, bytes]:
    """Return the name and the bytes of the file that holds ``table``; its content names it."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    content = buffer.getvalue()
    return f"{_digest(content)}.parquet", content


def named_by_content(name: str, content: bytes) -> bool:
    """Return whether ``content`` is whole: the file ``name`` of a table or of logits has its hash.

    >>> named_by_content("e3b0c44298fc1c149afb.parquet", b"")
    True
    """
    return name == f"{_digest(content)}.parquet"


def read_rows(source: pa.BufferReader, row: type[Any], bounds: Bounds) -> pa.Table:
    """Return the columns of ``row`` in the parquet file ``source``, and no others.

    A column that an older version did not write gets the default of its field.

    Raises:
        Refusal: A column without a default is missing or of another kind, or it holds more than
            ``bounds``.
        pa.ArrowException: It is no parquet file.
    """
    defaults = {f.name: f.default for f in fields(row) if f.default is not MISSING}
    schema = schema_of(row)
    with opened(source, schema) as file:
        names = set(file.schema_arrow.names)
    written = [field for field in schema if field.name in names or field.name not in defaults]
    table = read_bounded(source, pa.schema(written), bounds)
    for field in schema:
        if field.name not in table.schema.names:
            filled = pa.array([defaults[field.name]] * len(table), field.type)
            table = table.append_column(field, filled)
    return table.select(schema.names)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:20]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
