"""Which machine, start of it, and process namespace this is, so that records can say theirs."""

import functools
import hashlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")
_SPACE: Final = Path("/proc/self/ns/pid")
_MACHINE: Final = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))
OUTERMOST: Final = "pid:[4026531836]"
"""Linux's first process namespace; containers have others."""


@dataclass(frozen=True)
class Machine:
    """Where a process number means something.

    Attributes:
        host: The machine's name, for people.
        machine: Hash of its machine-id, which is not to be given away; empty where it has none.
        boot: Identifies its present start; empty where the system tells none.
        space: The process namespace; empty where there are none.
    """

    host: str
    machine: str
    boot: str
    space: str


@functools.cache
def this_machine() -> Machine:
    """Return where this process runs."""
    identity = next(filter(None, map(_text, _MACHINE)), "")
    hashed = hashlib.sha256(f"prunescope {identity}".encode()).hexdigest()[:16] if identity else ""
    try:
        space = os.readlink(_SPACE)
    except OSError:
        space = ""
    return Machine(platform.node(), hashed, _text(_BOOT), space)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
