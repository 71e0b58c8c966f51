"""Write into a study which points a sweep could not measure, and why. Torch-free."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from prunescope.store.folder import StudyFolder
from prunescope.study.point import Point, point_name


def write_left_out(
    folder: Path, grid_points: Iterable[Point], refused: Mapping[Point, str]
) -> None:
    """Let the study in ``folder`` say why the points ``refused`` have no measurement.

    What it says of other points stays; of those of ``grid_points`` that could be had it is gone.
    """
    study = StudyFolder.open(folder)
    before = study.manifest.left_out
    names = {point_name(point) for point in grid_points}
    left_out = {name: why for name, why in before.items() if name not in names}
    left_out |= {point_name(point): why for point, why in refused.items()}
    if left_out != before:
        study.update(replace(study.manifest, left_out=left_out))
