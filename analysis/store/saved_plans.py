"""The named plans of a study: saved, opened, thrown away and taken back, by several people."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Final

from prunescope.errors import BadValue, PlanChanged, PrunescopeError, UnknownName
from prunescope.store.files import storage
from prunescope.store.json_documents import read_document, write_document
from prunescope.store.locks import merge_lock
from prunescope.store.read_only import require_writable
from prunescope.study import Manifest
from prunescope.study.plan import Plan

TRASH: Final = "trash"
_LONGEST: Final = 80
_NAME: Final = re.compile(rf"[\w][\w .+-]{{0,{_LONGEST - 1}}}")
_ENDING: Final = ".json"


@dataclass(frozen=True)
class SavedPlans:
    """The folder of a study's plans, one file each, with the thrown away ones in ``trash``.

    Attributes:
        folder: Of the plans.
        manifest: Of the study, which every plan that is opened must fit.
    """

    folder: Path
    manifest: Manifest

    def names(self) -> tuple[str, ...]:
        """Return the names of the saved plans."""
        return _stems(self.folder)

    def newest(self) -> str | None:
        """Return the name of the plan that was saved last; None without any."""
        files = list(self.folder.glob(f"*{_ENDING}"))
        return max(files, key=lambda path: path.stat().st_mtime_ns).stem if files else None

    def thrown_away(self) -> tuple[str, ...]:
        """Return the names of the plans in the trash."""
        return _stems(self.folder / TRASH)

    def open(self, name: str) -> Plan:
        """Return the saved plan ``name``.

        Raises:
            UnknownName: There is none.
            DamagedFile: Its file is no plan.
            ForeignStudy: It was made for other weights or data.
        """
        if name not in self.names():
            raise UnknownName.among("plan", name, self.names())
        plan = read_document(Plan, self._file(name))
        plan.require(self.manifest)
        return plan

    def save(self, plan: Plan) -> Path:
        """Write ``plan`` under its name, over whatever has that name, and return the file.

        Raises:
            BadValue: The name is empty, long or no name of a file.
        """
        if not _NAME.fullmatch(plan.name):
            raise BadValue(
                f"Expected a plan's name of letters, digits, spaces and .+-_ (at most {_LONGEST}), "
                f"but got {plan.name!r}. Choose a simpler name."
            )
        path = self._file(plan.name)
        write_document(path, plan)
        return path

    def save_over(self, plan: Plan, known: Plan | None) -> Path:
        """Write ``plan`` under its name, unless somebody else saved another one there meanwhile.

        Args:
            plan: To be saved.
            known: What the saver knows to have that name, None for nothing.

        Raises:
            PlanChanged: Another plan has that name; it is left as it is.
            BadValue: The name is empty, long or no name of a file.
        """
        require_writable(self.folder)
        with storage(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        with merge_lock(self.folder):
            if plan.name in self.names() and self._present(plan.name) not in (known, plan):
                raise PlanChanged(
                    f"Expected the plan {plan.name!r} to be as you opened it, but another one was "
                    "saved under this name meanwhile. Save yours under another name, or look at "
                    "the other first."
                )
            return self.save(plan)

    def throw_away(self, name: str) -> str | None:
        """Move the plan ``name`` to the trash; return its name there, None when there is none."""
        return self._move(name, self.folder, self.folder / TRASH)

    def take_back(self, name: str) -> str | None:
        """Move the plan ``name`` back from the trash; return its name, None when there is none."""
        return self._move(name, self.folder / TRASH, self.folder)

    def free_name(self, name: str) -> str:
        """Return ``name``, or with the first number at its end that no plan here has."""
        return _free(name, self.names())

    def _move(self, name: str, source: Path, target: Path) -> str | None:
        if name not in _stems(source):
            return None
        require_writable(source)
        with storage(target):
            target.mkdir(parents=True, exist_ok=True)
        with merge_lock(target), storage(target):
            given = _free(name, _stems(target))
            try:
                (source / f"{name}{_ENDING}").rename(target / f"{given}{_ENDING}")
            except FileNotFoundError:  # somebody else was faster
                return None
        self._rename(target / f"{given}{_ENDING}", given)
        return given

    def _rename(self, path: Path, name: str) -> None:
        """Let the plan in ``path`` say the name of its file; a damaged one stays as it is."""
        try:
            plan = read_document(Plan, path)
        except PrunescopeError:
            return
        if plan.name != name:
            write_document(path, replace(plan, name=name))

    def _present(self, name: str) -> Plan | None:
        try:
            return self.open(name)
        except PrunescopeError:  # damaged or another study's: nobody knows it
            return None

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}{_ENDING}"


def _stems(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob(f"*{_ENDING}")))


def _free(name: str, taken: tuple[str, ...]) -> str:
    return next(offer for offer in _offers(name) if offer not in taken)


def _offers(name: str) -> Iterator[str]:
    yield name
    for number in count(2):
        ending = f" {number}"
        yield name[: _LONGEST - len(ending)] + ending
