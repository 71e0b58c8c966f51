"""Jobs of every kind on disks that are full, read-only, or whose study somebody takes away.

A full disk is a real one: a small file system in memory, which only root may mount.
"""

import contextlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.bad_input import files
from tests.faults.fork_server import Call, ForkServer, Outcome
from tests.faults.kills import agree, job_of, lost_of
from tests.faults.kinds import Kind
from tests.faults.ledger import entries

_LARGE: Final = 64 << 20
_LONGEST: Final = 240.0


@dataclass(frozen=True)
class Trouble:
    """How a job ended on a disk that failed it, and when it was run again on a good one.

    Attributes:
        kind: Of the job.
        refused: Whether it was refused; a job that needed nothing more is not.
        sentence: The last line that it said.
        unforeseen: Whether that was a traceback, a crash or no end.
        lost: Rows that it had stored and that are gone, and documents that are not whole.
        repeated: Rows that were stored twice.
        same: Whether the study holds in the end what one holds that had no trouble.
    """

    kind: str
    refused: bool
    sentence: str
    unforeseen: bool
    lost: int = 0
    repeated: int = 0
    same: bool = True


def can_mount() -> bool:
    """Return whether this process may mount a file system."""
    return hasattr(os, "getuid") and os.getuid() == 0 and _mounts()


def _mounts() -> bool:
    place = Path("/tmp") / f"prunescope-mount-{os.getpid()}"
    place.mkdir()
    try:
        with disk(place):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        place.rmdir()


@contextlib.contextmanager
def disk(place: Path) -> Iterator[None]:
    """Mount a disk of its own at the folder ``place``."""
    _mount("-t", "tmpfs", "-o", f"size={_LARGE}", "tmpfs", str(place))
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True, capture_output=True)


def copied(workplace: Path, folder: Path) -> Path:
    """Return a copy of the workplace in ``folder``, a new one."""
    return Path(shutil.copytree(workplace, folder))


def undisturbed(server: ForkServer, workplace: Path, kind: Kind, folder: Path) -> Path:
    """Return a copy of the workplace in which a job of ``kind`` has run without trouble."""
    copied(workplace, folder)
    ended = server.run(Call(job_of(kind, folder, 0), str(folder), _LONGEST))
    assert ended.code == 0, ended
    return folder


def fill(
    server: ForkServer, workplace: Path, plain: Path, kind: Kind, folder: Path, spare: int
) -> Trouble:
    """Run a job of ``kind`` on a disk with ``spare`` bytes left, and again with room.

    Args:
        server: Forks the jobs.
        workplace: As from ``workplace.make``.
        plain: As from ``undisturbed``.
        kind: Of the job.
        folder: A new one, where the disk is mounted.
        spare: Bytes; a system's page of 4,096 is the least that a file takes.
    """
    place = folder / "disk"
    place.mkdir(parents=True)
    with disk(place):
        shutil.copytree(workplace, place, dirs_exist_ok=True)
        words, ledger = job_of(kind, place, 0), str(folder / "ledger")
        used = _LARGE - shutil.disk_usage(place).free
        _mount("-o", f"remount,size={used + spare}", str(place))
        first = server.run(Call(words, str(place), _LONGEST, ledger=ledger))
        _mount("-o", f"remount,size={_LARGE}", str(place))
        lost = lost_of(place, kind, Path(ledger))
        again = server.run(Call(job_of(kind, place, 1), str(place), _LONGEST, ledger=ledger))
        lines = entries(Path(ledger))
        return Trouble(
            kind.name, first.code != 0, _sentence(first), _unforeseen(first) or again.code != 0,
            lost + lost_of(place, kind, Path(ledger)),
            len(lines) - len(set(lines)) if first.code else 0,  # done twice, as it was asked
            agree(plain, place, kind),
        )  # fmt: skip


def lock(server: ForkServer, workplace: Path, kind: Kind, folder: Path) -> Trouble:
    """Run the command of ``kind`` on a read-only disk; it may change nothing."""
    place = folder / "disk"
    place.mkdir(parents=True)
    with disk(place):
        shutil.copytree(workplace, place, dirs_exist_ok=True)
        before = files(place)
        _mount("-o", "remount,ro", str(place))
        ended = server.run(Call(kind.line, str(place), _LONGEST))
        return Trouble(
            kind.name, ended.code != 0, _sentence(ended), _unforeseen(ended),
            lost=int(files(place) != before),
        )  # fmt: skip


def take_away(
    server: ForkServer, workplace: Path, kind: Kind, folder: Path, seconds: float
) -> Trouble:
    """Run the command of ``kind``, and remove its study after so many seconds."""
    shutil.copytree(workplace, folder)
    timer = threading.Timer(seconds, shutil.rmtree, (folder / kind.study, True))
    timer.start()
    ended = server.run(Call(kind.line, str(folder), _LONGEST))
    timer.join()
    return Trouble(kind.name, ended.code != 0, _sentence(ended), _unforeseen(ended))


def starve(server: ForkServer, workplace: Path, kind: Kind, folder: Path, spare: int) -> Trouble:
    """Run the command of ``kind`` with ``spare`` bytes of memory beyond what imports take."""
    shutil.copytree(workplace, folder)
    ended = server.run(Call(kind.line, str(folder), _LONGEST, spare=spare))
    return Trouble(kind.name, ended.code != 0, _sentence(ended), _unforeseen(ended))


def _sentence(ended: Outcome) -> str:
    return (ended.err.strip().splitlines() or [""])[-1]


def _unforeseen(ended: Outcome) -> bool:
    """Whether it ended otherwise than well or in a sentence."""
    said = ended.err + ended.out
    odd = "Traceback" in said or "did not expect" in said or ended.late or ended.code not in (0, 1)
    return odd or (ended.code == 1 and "prunescope: Expected" not in ended.err)
