"""Tables (``.parquet``): read in pieces, so that what they claim or repeat cannot fill the memory.

A parquet file of some kilobytes may say "this text, a million times", and its footer may say less
than its pages hold. So the footer is compared with bounds first, texts are read as a dictionary and
places in it, and what they would take is counted before they are written out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

_BATCH: Final = 2048
_COLUMNS: Final = 500
_GROUPS: Final = 100_000
_FOOTER: Final = 64 << 20


@dataclass(frozen=True)
class Bounds:
    """How much of a table is read: its rows, and the bytes they take in memory."""

    rows: int
    bytes: int


def read_bounded(
    source: Path | pa.BufferReader,
    schema: pa.Schema,
    bounds: Bounds,
    check: Callable[[pa.Table], None] | None = None,
    *,
    checksums: bool = False,
) -> pa.Table:
    """Return the columns of ``schema`` in ``source``, cast to their types.

    Raises:
        Refusal: Columns are missing or of another kind, or it holds more than ``bounds``.
        pyarrow.ArrowException, OSError: It is no parquet file.
    """
    with opened(source, schema, checksums=checksums) as file:
        require_within(file, schema, bounds)
        batches = file.iter_batches(_BATCH, columns=schema.names)
        return collected(batches, schema, bounds, check)


def opened(
    source: Path | pa.BufferReader, schema: pa.Schema, *, checksums: bool = False
) -> pq.ParquetFile:
    """Return ``source`` opened: its footer is bounded, texts of ``schema`` stay dictionaries.

    Raises:
        Refusal: A column that should hold texts is nested.
        pyarrow.ArrowException, OSError: It is no parquet file.
    """
    texts = {field.name for field in schema if pa.types.is_string(field.type)}
    with _opened(source, checksums=checksums) as file:
        texts &= set(file.schema_arrow.names)
    try:
        return _opened(source, sorted(texts), checksums=checksums)
    except KeyError as error:  # a column of texts that holds lists
        raise Refusal(f"its column {quoted(error.args[0])} holds no texts") from error


def _opened(
    source: Path | pa.BufferReader, texts: Sequence[str] = (), *, checksums: bool
) -> pq.ParquetFile:
    if isinstance(source, pa.BufferReader):
        source.seek(0)
    return pq.ParquetFile(
        source, read_dictionary=list(texts), page_checksum_verification=checksums,
        thrift_string_size_limit=_FOOTER, thrift_container_size_limit=_GROUPS * 10,
        memory_map=False, pre_buffer=False,
    )  # fmt: skip


def require_within(file: pq.ParquetFile, schema: pa.Schema, bounds: Bounds) -> None:
    """Raise ``Refusal`` unless the footer has the columns of ``schema`` and stays in ``bounds``."""
    footer = file.metadata
    if footer.num_columns > _COLUMNS or footer.num_row_groups > _GROUPS:
        raise Refusal(
            f"it has {exact(footer.num_columns)} columns in {exact(footer.num_row_groups)} groups"
        )
    groups = [footer.row_group(place) for place in range(footer.num_row_groups)]
    rows = sum(max(group.num_rows, 0) for group in groups)
    if rows != footer.num_rows or any(group.num_rows < 0 for group in groups):
        raise Refusal(
            f"it claims {exact(footer.num_rows)} rows and lists {exact(rows)}", damage=True
        )
    if rows > bounds.rows:
        raise Refusal(f"it has {exact(rows)} rows and at most {exact(bounds.rows)} are read")
    claimed = 0
    for group in groups:
        for place in range(group.num_columns):
            column = group.column(place)
            if column.total_uncompressed_size < 0 or column.total_compressed_size < 0:
                raise Refusal("a column claims a size below 0", damage=True)
            claimed += column.total_uncompressed_size
    if claimed > bounds.bytes:
        raise Refusal(
            f"it unpacks to {exact(claimed)} bytes and at most {exact(bounds.bytes)} are read"
        )
    _require_columns(file.schema_arrow, schema)


def _require_columns(given: pa.Schema, schema: pa.Schema) -> None:
    for field in schema:
        places = given.get_all_field_indices(field.name)
        if len(places) != 1:
            raise Refusal(f"its column {field.name} is missing or stands twice")
        kind = given.field(places[0]).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not _alike(kind, field.type):
            raise Refusal(f"its column {field.name} holds {quoted(str(kind))}, not {field.type}")


def collected(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    bounds: Bounds,
    check: Callable[[pa.Table], None] | None = None,
) -> pa.Table:
    """Return ``batches`` as one table of ``schema``; raises ``Refusal`` past ``bounds``.

    ``check`` sees every part before the next one is read.
    """
    parts, rows, size = [], 0, 0
    for batch in batches:
        rows += batch.num_rows
        size += sum(_written_out(column) for column in batch.columns)
        if rows > bounds.rows or size > bounds.bytes:
            raise Refusal(
                f"it takes more than {exact(bounds.bytes)} bytes or {exact(bounds.rows)} rows"
            )
        part = pa.Table.from_batches([batch]).select(schema.names).cast(schema)
        gap = next((f.name for f in schema if part[f.name].null_count and not _may_lack(f)), None)
        if gap is not None:
            raise Refusal(f"its column {gap} has gaps", damage=True)
        if check is not None:
            check(part)
        parts.append(part)
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _may_lack(field: pa.Field) -> bool:
    """A number that is none may be written as a gap."""
    return bool(pa.types.is_floating(field.type))


def _written_out(column: Any) -> int:
    """What a column takes once its texts are written out."""
    if not pa.types.is_dictionary(column.type):
        return int(column.nbytes)
    lengths = pc.binary_length(column.dictionary)
    if column.indices.null_count == len(column):
        return len(column)
    return int(pc.sum(lengths.take(column.indices)).as_py() or 0) + 4 * len(column)


def _alike(given: pa.DataType, wanted: pa.DataType) -> bool:
    kinds = (
        (pa.types.is_string, pa.types.is_large_string),
        (pa.types.is_integer,),
        (pa.types.is_floating, pa.types.is_integer),
        (pa.types.is_boolean,),
        (pa.types.is_binary, pa.types.is_large_binary),
        (pa.types.is_list, pa.types.is_large_list),
    )
    if pa.types.is_list(wanted):
        listed = pa.types.is_list(given) or pa.types.is_large_list(given)
        return listed and _alike(given.value_type, wanted.value_type)
    return any(group[0](wanted) and any(kind(given) for kind in group) for group in kinds)
