"""What all requests share: how a value of Python becomes arguments of the command line."""

import shlex
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

Value = TypeVar("Value")

PROGRAM: Final = "prunescope"
JOB_OPTION: Final = "--job"
"""By which a process is told the folder of the job that it is; in no request, as jobs add it."""
ARGUMENT: Final[Mapping[str, Any]] = {"spelling": "", "repeated": False}
"""Metadata of a field that is an argument without a name."""


def option(spelling: str, default: Value, repeated: bool = False) -> Value:
    """Return a field that stands on the command line as ``spelling VALUE``.

    Args:
        spelling: Such as ``--layers``; ``--screen/--no-screen`` for a flag that can be off.
        default: The command's own, or None where the command chooses; not typed then.
        repeated: Whether each of several values has the option's name before it; else they are
            joined by commas.
    """
    return field(default=default, metadata={"spelling": spelling, "repeated": repeated})


@dataclass(frozen=True)
class Request:
    """What one command is asked; the study's folder is named only when arguments are made.

    Attributes:
        command: Its name.
        study_option: The option before the study's folder; empty where that is an argument, None
            where there is none.
        study_after: Field behind whose option that option stands.
    """

    command: ClassVar[str]
    study_option: ClassVar[str | None] = ""
    study_after: ClassVar[str] = ""

    def arguments(self, study: str | Path) -> list[str]:
        """Return what ``prunescope`` takes, the command first; what is the default is left out.

        Args:
            study: The study's folder.
        """
        placed: list[str] = []
        named: list[str] = []
        for each in fields(self):
            value = getattr(self, each.name)
            if not each.metadata["spelling"]:
                placed += [] if value is None else [str(value)]
            elif value is not None and value != each.default:
                named += _spelled(each, value)
            if each.name == self.study_after:
                named += [str(self.study_option), str(study)]
        first = [str(study)] if self.study_option == "" else []
        return [self.command, *first, *placed, *named]

    def line(self, study: str | Path = "STUDY") -> str:
        """Return what somebody types, for a terminal's shell."""
        return shlex.join([PROGRAM, *self.arguments(study)])

    @classmethod
    def spelling(cls, name: str) -> str:
        """Return the option that field ``name`` stands behind, such as ``--layers``."""
        known = {each.name: str(each.metadata["spelling"]) for each in fields(cls)}
        return known[name].partition("/")[0]


def _spelled(each: "Field[Any]", value: object) -> list[str]:
    """The words for one field."""
    on, _, off = each.metadata["spelling"].partition("/")
    if isinstance(value, bool):
        return [on if value else off]
    if not isinstance(value, tuple):
        return [on, typed(value)]
    if each.metadata["repeated"]:
        return [word for one in value for word in (on, typed(one))]
    return [on, ",".join(map(typed, value))]


def typed(value: object) -> str:
    """Return a value as it is typed, a number as short as it can be without becoming another.

    >>> typed(0.50), typed(1 / 3)
    ('0.5', '0.3333333333333333')
    """
    if isinstance(value, float):
        return f"{value:g}" if float(f"{value:g}") == value else repr(value)
    return str(value)
