"""Frozen dataclasses to and from JSON files, checked on the way in."""

import json
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from prunescope.errors import DamagedFile
from prunescope.fence.json_text import parsed
from prunescope.fence.refusal import Refusal
from prunescope.store.files import write_atomically

Document = TypeVar("Document")

MOST_BYTES: Final = 256 << 20
"""Of one document; the manifest of a network with a thousand layers takes two million."""

_ADAPTERS: Final[dict[type[Any], TypeAdapter[Any]]] = {}


def to_json(document: object) -> str:
    """Return ``document``, a dataclass of plain values, as indented JSON with a final newline."""
    plain = _adapter(type(document)).dump_python(document, mode="json")
    return json.dumps(plain, indent=1, ensure_ascii=False) + "\n"


def from_json(kind: type[Document], text: str | bytes, source: str) -> Document:
    """Return the ``kind`` that the JSON ``text`` holds.

    Args:
        kind: A dataclass; unknown fields are ignored, missing or ill-typed ones refused, and so
            are names that stand twice and numbers written as texts.
        text: The JSON.
        source: What to call it in an error.

    Raises:
        DamagedFile: Not JSON, or not such a document; the first offending field is named.
    """
    try:
        document: Document = _adapter(kind).validate_json(text[: MOST_BYTES + 1], strict=True)
        parsed(text.encode() if isinstance(text, str) else text, MOST_BYTES)
    except Refusal as refusal:
        raise DamagedFile(
            f"Expected {source} to hold a {kind.__name__.lower()}, but {refusal.reason}. Restore "
            "the file or make it anew."
        ) from refusal
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole file"
        raise DamagedFile(
            f"Expected {source} to hold a {kind.__name__.lower()}, but at {where}: "
            f"{first['msg'].rstrip('.')}. Restore the file or make it anew."
        ) from error
    return document


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """What reads and writes documents of ``kind``, made once: for a manifest that takes 8 ms."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def write_document(path: Path, document: object) -> None:
    """Write ``document`` as JSON to ``path``, whole or not at all."""
    write_atomically(path, to_json(document).encode())


def read_document(kind: type[Document], path: Path) -> Document:
    """Return the ``kind`` stored in ``path``; raises ``DamagedFile`` when there is none."""
    return from_json(kind, read_content(path), str(path))


def read_content(path: Path) -> bytes:
    """Return the bytes of ``path``; raises ``DamagedFile`` when it is unreadable or no file."""
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise DamagedFile(f"Expected {path} to be a file, but it is none. Check the path.")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DamagedFile(
            f"Expected {path} to be readable, but got: {error.strerror}. Check the path."
        ) from error
    return content
