"""How charts are saved: under a name that says study, subject, what is drawn, and the day."""

import re
from datetime import date
from typing import Final

from prunescope.store.folder import StudyFolder

_FOREIGN: Final = re.compile(r"[^\w.-]+")
_LONGEST: Final = 120


def chart_config(opened: StudyFolder, *about: str) -> dict[str, object]:
    """Return Plotly's settings of a chart whose picture is called after ``about``.

    Args:
        opened: The study.
        about: What it is of and what it draws, such as ``conv2`` and ``drop``.
    """
    return {
        "displaylogo": False,
        "toImageButtonOptions": {"filename": file_name(opened, *about), "scale": 2},
    }


def file_name(opened: StudyFolder, *about: str) -> str:
    """Return a file's name without ending: study, ``about`` and today, safe on every system."""
    parts = [opened.folder.name, *about, date.today().isoformat()]
    return "-".join(_FOREIGN.sub("_", part)[:_LONGEST] for part in parts)
