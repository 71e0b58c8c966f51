"""Arguments of a job without the place of its study, so that a study can be moved or sent."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

STUDY: Final = "{study}"
"""Stands for the study's folder in what a job's folder records."""


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


def _relative(argument: str, roots: set[str]) -> str:
    for root in roots:
        if argument == root or argument.startswith(f"{root}/"):
            return f"{STUDY}{argument.removeprefix(root)}"
    return argument
