"""Zip archives: member names, kinds and sizes, before anything is unpacked.

``numpy.savez``, ``torch.save`` and ``torch.export.save`` write archives of regular files, stored or
deflated. Everything else that the format can say is refused: paths that leave the archive, links,
encryption, names that one reader would tell apart and another would not, sizes that do not fit.
"""

import os
import re
import stat
import zipfile
from typing import Final

from prunescope.fence.refusal import Refusal, quoted
from prunescope.text.numbers import exact

MOST_MEMBERS: Final = 200_000
MOST_BYTES: Final = 64 << 30
"""What an archive may unpack to; the machine's memory may be less."""

_NAME: Final = re.compile(r"[\w .+\-=@()\[\],/]{1,400}")
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1
_RATIO: Final = 1100
"""Deflate cannot shrink anything further than about 1,030 to 1."""


def checked_members(archive: zipfile.ZipFile, most_bytes: int | None = None) -> list[str]:
    """Return the names of all members, in their order.

    Args:
        archive: Opened for reading; no member is read.
        most_bytes: What all members may unpack to; ``None`` for the smaller of 64 GiB and the
            machine's memory.

    Raises:
        Refusal: The archive is more than regular files of bounded size inside of itself.
    """
    entries = archive.infolist()
    if len(entries) > MOST_MEMBERS:
        raise Refusal(
            f"it has {exact(len(entries))} members and at most {exact(MOST_MEMBERS)} are read"
        )
    names: dict[str, str] = {}
    for entry in entries:
        name = entry.filename
        _require_plain_name(name)
        if name.lower() in names:
            raise Refusal(f"the name {quoted(name)} stands twice in it")
        names[name.lower()] = name
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG):
            raise Refusal(f"its member {quoted(name)} is no regular file")
        if entry.flag_bits & _ENCRYPTED:
            raise Refusal(f"its member {quoted(name)} is encrypted")
        if entry.compress_type not in _METHODS:
            raise Refusal(f"its member {quoted(name)} is compressed in an unknown way", damage=True)
        if entry.file_size > _RATIO * max(entry.compress_size, 1):
            raise Refusal(
                f"its member {quoted(name)} claims {exact(entry.file_size)} bytes in "
                f"{exact(entry.compress_size)}"
            )
    _require_room(entries, most_bytes)
    return list(names.values())


def memory_bytes() -> int:
    """Return the machine's memory, or 64 GiB where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):
        return MOST_BYTES


def _require_plain_name(name: str) -> None:
    parts = name.split("/")
    if not _NAME.fullmatch(name) or not all(parts) or not {".", ".."}.isdisjoint(parts):
        raise Refusal(f"its member {quoted(name)} is no plain file name inside the archive")


def _require_room(entries: list[zipfile.ZipInfo], most_bytes: int | None) -> None:
    most = min(MOST_BYTES, memory_bytes()) if most_bytes is None else most_bytes
    total = sum(entry.file_size for entry in entries)
    if total > most:
        raise Refusal(f"it unpacks to {exact(total)} bytes and at most {exact(most)} are read here")
