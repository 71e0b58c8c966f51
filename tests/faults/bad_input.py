"""One bad input: what is typed where, how it has to end, and what went wrong where it does not."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

from tests.faults.fork_server import Outcome

LIMIT: Final = 10.0
"""Seconds in which a refusal has come: after so many, people press Ctrl-C."""
PEAK: Final = 2 << 30
"""Bytes of memory that a bad input may cost at most, torch's own half a gigabyte included."""
CANARY: Final = "it-ran"
"""The file that appears in the folder where code of a file ran."""

Problem = Literal["traceback", "crash", "silent", "late", "words", "changed", "memory", "ran code"]


def nothing(folder: Path) -> None:
    """Leave the folder as it is."""


@dataclass(frozen=True)
class BadInput:
    """A command that has to end in a sentence.

    Attributes:
        family: What kind of bad input it is.
        name: Which; the two together are told once.
        line: The words after ``prunescope``.
        says: What the sentence contains.
        prepare: Makes the bad input in the folder where the line is typed.
        limit: Seconds in which it has ended.
        aside: Whether the command goes on and says that a damaged file is set aside.
        environment: Variables that are set.
        line_from: The sentence names a line of mine.py from here on; 0 where it names none.
    """

    family: str
    name: str
    line: tuple[str, ...]
    says: str = ""
    prepare: Callable[[Path], object] = nothing
    limit: float = LIMIT
    aside: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    line_from: int = 0

    def __str__(self) -> str:
        return f"{self.family}: {self.name}"


def files(folder: Path) -> dict[str, str]:
    """Return the hash of every file below ``folder``; links, pipes and folders by their kind."""
    made = {}
    for path in sorted(folder.rglob("*")):
        kind = "link" if path.is_symlink() else "folder" if path.is_dir() else "other"
        plain = path.is_file() and not path.is_symlink()
        made[str(path.relative_to(folder))] = (
            hashlib.sha256(path.read_bytes()).hexdigest() if plain else kind
        )
    return made


def problems(
    bad: BadInput, ended: Outcome, before: Mapping[str, str], after: Mapping[str, str]
) -> list[Problem]:
    """Return what of the promise did not hold; nothing where all did.

    Args:
        bad: The input.
        ended: How its command ended.
        before: ``files`` of its folder before the command.
        after: The same after it.
    """
    said = " ".join(f"{ended.err} {ended.out}".split())
    wrong: list[Problem] = []
    if ended.late:
        wrong.append("late")
    elif ended.code < 0:
        wrong.append("crash")
    if "Traceback" in said or "did not expect" in said or ended.code == 70:
        wrong.append("traceback")
    if ended.code == 0 and not (bad.aside and "damaged" in said):
        wrong.append("silent")
    if not wrong and not (_aside(bad, ended) or _refused(ended, said)):
        wrong.append("words")
    if not wrong and (bad.says not in said or not _placed(bad, said)):
        wrong.append("words")
    if ended.peak > PEAK:
        wrong.append("memory")
    if CANARY in after:
        wrong.append("ran code")
    if not _unchanged(bad, before, after):
        wrong.append("changed")
    return wrong


def _aside(bad: BadInput, ended: Outcome) -> bool:
    return bad.aside and ended.code == 0


def _placed(bad: BadInput, said: str) -> bool:
    """Whether the sentence names a line of what is wrong, where it names any."""
    named = re.search(r"(?<!\w)mine\.py:(\d+)", said)
    return not bad.line_from or (named is not None and int(named[1]) >= bad.line_from)


def _refused(ended: Outcome, said: str) -> bool:
    """One sentence with its next step; or what the command line says of a wrong option."""
    if ended.code == 2:
        return bool(re.search(r"Error: (Invalid value|No such|Missing|Option|Got unexp)", said))
    lines = [line for line in ended.err.strip().splitlines() if line.strip()]
    # A damaged file may be told in front, and what a sweep is going to cost.
    sentence = lines[-1] if lines else ""
    if ended.code != 1 or not sentence.startswith("prunescope: Expected "):
        return False
    return bool(re.search(r"[.!?)] [`A-Z0-9][^\n]*[.!]?$", sentence))


def _unchanged(bad: BadInput, before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether all that was there is there: set aside at most, where it was damaged."""
    left = dict(after)
    for name, content in before.items():
        if left.get(name) == content:
            continue
        aside = [other for other in left if re.fullmatch(re.escape(name) + r"\.damaged\d*", other)]
        if not any(left[other] == content for other in aside):
            return bad.aside and name.startswith("study/")  # measured anew meanwhile
    return True
