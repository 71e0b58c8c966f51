"""Arguments of a job without the place of its study, so that a study can be moved or sent.

A job's folder lies in the study that the job is about. Records of before named that study by the
path that it had then; wherever the folder lies now, that path means this study.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from prunescope.commands import Sweep
from prunescope.data_kinds.registry import data_kind_of, data_path
from prunescope.jobs.records import JobRecord
from prunescope.model_kinds.registry import kind_of

STUDY: Final = "{study}"
"""Stands for the study's folder in what a job's folder records."""
_STUDY_FIRST: Final = ("calibrate", "export", "finetune", "pareto", "plan", "time", "verify")
"""Commands whose first argument is the study."""
_NO_FILES: Final = ("live", "study")
"""Before the colon, besides the kinds of models: what follows names no file."""
_FILE: Final = re.compile(
    r"/|\.(json|npz|onnx|pt2?|pth|py|safetensors|toml)$|:[A-Za-z_]\w*$", re.ASCII
)
"""What is in an argument that names a file, or a function of one."""


def portable(arguments: Sequence[str], study: Path) -> tuple[str, ...]:
    """Return ``arguments`` with ``study``, and what lies in it, named relative to ``STUDY``.

    >>> portable(["verify", "/a/lenet", "/a/lenet/drafts/1.json"], Path("/a/lenet"))
    ('verify', '{study}', '{study}/drafts/1.json')
    """
    roots = {str(study), str(study.resolve())}
    return tuple(_relative(argument, roots) for argument in arguments)


def placed(arguments: Sequence[str], study: Path) -> list[str]:
    """Return recorded ``arguments`` with the study's folder where it lies now.

    >>> placed(["verify", "{study}", "{study}/drafts/1.json"], Path("/b/lenet"))
    ['verify', '/b/lenet', '/b/lenet/drafts/1.json']
    """
    return [
        f"{study}{argument.removeprefix(STUDY)}"
        if argument == STUDY or argument.startswith(f"{STUDY}/")
        else argument
        for argument in arguments
    ]


def without_place(record: JobRecord) -> JobRecord:
    """Return the record of a job with its study named relative to ``STUDY``, old records too.

    >>> old = JobRecord(("verify", "/a/lenet", "/a/lenet/drafts/1.json"), 0.0, "/a/lenet")
    >>> without_place(old).arguments
    ('verify', '{study}', '{study}/drafts/1.json')
    >>> without_place(old).directory
    '{study}'
    """
    former = _former_study(record)
    if former is None:
        return record
    roots = {former, str(Path(record.directory) / former)}
    return replace(
        record,
        arguments=tuple(_relative(argument, roots) for argument in record.arguments),
        directory=_relative(record.directory, roots),
    )


def names_files_beside(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return those of recorded ``arguments`` that mean another file in another directory.

    >>> names_files_beside(["sweep", "nets/a.py:build", "--data", "sample:mnist", "--study", STUDY])
    ('nets/a.py:build',)
    """
    return tuple(argument for argument in arguments[1:] if _is_beside(argument))


def _is_beside(argument: str) -> bool:
    if (path := data_path(argument)) is not None:
        return not path.is_absolute()
    prefix = argument.partition(":")[0]
    if argument.startswith(("-", STUDY)) or prefix in _NO_FILES:
        return False
    if kind_of(argument) is not None or data_kind_of(argument) is not None:
        return False
    return not Path(argument).is_absolute() and _FILE.search(argument) is not None


def _former_study(record: JobRecord) -> str | None:
    """The study's path as an old record has it; None in those that hold none."""
    command, *others = record.arguments or ("",)
    if record.starter is not None or any(word.startswith(STUDY) for word in others):
        return None
    if str(Sweep.study_option) in others[:-1]:
        return others[others.index(str(Sweep.study_option)) + 1].rstrip("/")
    if command in _STUDY_FIRST and others and not others[0].startswith("-"):
        return others[0].rstrip("/")
    return None


def _relative(argument: str, roots: set[str]) -> str:
    for root in roots:
        if argument.rstrip("/") == root:
            return STUDY
        if argument.startswith(f"{root}/"):
            return f"{STUDY}{argument.removeprefix(root)}"
    return argument
