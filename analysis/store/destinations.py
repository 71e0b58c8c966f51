"""What stands at a place that somebody names to write to, and what is never replaced. Torch-free.

A study's folder, and the files that a study is made from, are never written over. Of the rest,
what Prunescope did not write is replaced only with ``force``, and said before.
"""

import logging
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Final

from prunescope.commands import next_steps
from prunescope.data_kinds.registry import data_path
from prunescope.errors import DamagedFile, WouldOverwrite
from prunescope.store.files import storage
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.json_documents import read_document
from prunescope.study import Reference
from prunescope.study.plan import Plan
from prunescope.text.lists import listed

log = logging.getLogger(__name__)

_NAMED: Final = 3
"""Files that an error names; more are counted."""


def study_around(path: Path) -> Path | None:
    """Return the folder of the study that ``path`` is or lies in, links followed; None outside."""
    place = path.resolve()
    return next((f for f in (place, *place.parents) if os.path.isfile(f / MANIFEST)), None)


def source_paths(reference: Reference, study: Path | None = None) -> tuple[Path, ...]:
    """Return the files and folders that ``reference`` names and that exist.

    A module's name leads to no file here.

    Args:
        reference: Of a study.
        study: Its folder, for what it keeps itself.

    >>> source_paths(Reference("sample:mlp", "sample:fashion-mnist"))
    ()
    """
    made_from = replace(reference, own_network=None, own_data=None).within(study)
    known = reference.within(study)  # what the study keeps of it
    texts = [made_from.model, made_from.data, made_from.metric, made_from.weights or ""]
    texts += [known.model, known.data]
    files = [name for text in texts for name in (text, text.rpartition(":")[0])]
    named = [Path(name) for name in dict.fromkeys(files) if os.path.isfile(name)]
    by_kind = data_path(made_from.data)
    if by_kind is not None and os.path.exists(by_kind):
        named.append(by_kind)
    return tuple(named)


def require_no_source(path: Path, sources: Iterable[Path]) -> None:
    """Raise ``WouldOverwrite`` where ``path`` is one of ``sources``, by whatever link, or in one.

    Args:
        path: Where something is going to be written; it need not exist.
        sources: As from ``source_paths``.
    """
    for source in sources:
        inside = source.is_dir() and path.resolve().is_relative_to(source.resolve())
        if inside or _same(path, source):
            raise WouldOverwrite(
                f"Expected a place apart from what the study is made from, but {path} is "
                f"{'in' if inside else 'the file'} {source}, which it is made from. Choose another "
                f"with {next_steps.output()}."
            )


def require_inside(path: Path, study: Path) -> None:
    """Raise ``WouldOverwrite`` where a link leads ``path``, a place of ``study``, out of it."""
    if not path.resolve().is_relative_to(study.resolve()):
        raise WouldOverwrite(
            f"Expected {path} to be a folder of the study itself, but a link leads out of it, to "
            f"{path.resolve()}. Remove the link."
        )


def require_plan_file(study: StudyFolder, file: Path, force: bool = False) -> None:
    """Raise ``WouldOverwrite`` unless a plan of ``study`` may be written to ``file``.

    Args:
        study: That the plan is made for.
        file: Where; in a study only among its saved plans.
        force: Whether it may take the place of a file that is no plan.
    """
    sources = source_paths(study.manifest.reference, study.folder)
    require_replaceable(
        file, "a plan", _is_plan, next_steps.output(), sources, force, study.folder / "plans"
    )


def _is_plan(file: Path) -> bool:
    try:
        read_document(Plan, file)
    except DamagedFile:
        return False
    return True


def require_replaceable(
    file: Path,
    kind: str,
    is_own: Callable[[Path], bool],
    option: str,
    sources: Iterable[Path] = (),
    force: bool = False,
    place: Path | None = None,
) -> None:
    """Raise ``WouldOverwrite`` unless ``file`` may be written.

    Args:
        file: Where one document is going to be written.
        kind: What the document is, such as ``a plan``.
        is_own: Whether an existing file is of that kind.
        option: By which another place is named.
        sources: What the study is made from, as from ``source_paths``.
        force: Whether it may take the place of a file of another kind; that is said in a warning.
        place: Folder within a study where such documents belong; None for nowhere.
    """
    require_no_source(file, sources)
    study = study_around(file)
    if study is not None and (place is None or file.resolve().parent != place.resolve()):
        raise WouldOverwrite(
            f"Expected a place outside of every study for {kind}, but {file} lies in the study "
            f"{study}. Choose another with {option}."
        )
    if not os.path.lexists(file):
        return
    with storage(file):
        plain, link = file.is_file(), file.is_symlink()
    if not plain and not link:
        raise WouldOverwrite(
            f"Expected a file for {kind}, but {file} is "
            f"{'a folder' if file.is_dir() else 'no file'}. Name a file with {option}."
        )
    if not link and is_own(file):
        return
    if not force:
        raise WouldOverwrite(
            f"Expected a new file or {kind} that Prunescope wrote, but {file} is "
            f"{'a link' if link else 'another file'}. Choose another with {option}, or replace it "
            f"with {next_steps.force()}."
        )
    say_replaced([str(file)])


def say_replaced(names: Iterable[str]) -> None:
    """Say which files are going to be replaced because somebody insists; nothing for none."""
    if listing := list(names):
        log.warning("Replacing what Prunescope did not write: %s.", listed(listing))


def shortened(names: list[str]) -> str:
    """Return ``names`` for a sentence, the first few of them.

    >>> shortened(["a", "b"]), shortened(["a", "b", "c", "d", "e"])
    ('a and b', 'a, b, c and 2 more')
    """
    rest = len(names) - _NAMED
    return listed([*names[:_NAMED], f"{rest} more"] if rest > 0 else names)


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them does not exist
        return False
