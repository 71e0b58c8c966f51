"""What one tool, or this one, left of one network at one budget; kept as a file."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from prunescope.statistics.paired import Interval


@dataclass(frozen=True)
class Cell:
    """One way to recover.

    Attributes:
        lost: Score lost on the test split, with its 95 % interval.
        seconds: That the recovery took.
        share: Multiply-accumulates that stay, of the dense network's.
    """

    lost: Interval
    seconds: float
    share: float


@dataclass(frozen=True)
class Result:
    """One line of the table.

    Attributes:
        network: Its name.
        budget: Share of the multiply-accumulates that may stay.
        tool: Whose choice it is.
        setting: How the tool was asked.
        seconds: That choosing and removing took, all halvings of the ratio included.
        cells: Recovery → what is lost with it.
        note: What the reader should know of it.
    """

    network: str
    budget: float
    tool: str
    setting: str
    seconds: float
    cells: Mapping[str, Cell] = field(default_factory=dict)
    note: str = ""


def write(result: Result, file: Path) -> None:
    """Keep ``result`` in ``file``."""
    file.parent.mkdir(parents=True, exist_ok=True)
    aside = file.with_suffix(".part")
    aside.write_text(json.dumps(asdict(result), indent=1))
    aside.replace(file)


def read(file: Path) -> Result:
    """Return what ``write`` kept in ``file``."""
    raw = json.loads(file.read_text())
    cells = {
        name: Cell(Interval(**cell.pop("lost")), **cell) for name, cell in raw.pop("cells").items()
    }
    return Result(**raw, cells=cells)
