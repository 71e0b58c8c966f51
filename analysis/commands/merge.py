"""The request of ``merge``."""

from dataclasses import dataclass, field
from typing import ClassVar

from prunescope.commands.request import ARGUMENT, Request


@dataclass(frozen=True)
class Merge(Request):
    """Put what another machine measured into a study.

    Attributes:
        source: Folder of its study.
    """

    command: ClassVar[str] = "merge"

    source: str = field(metadata=ARGUMENT)
