"""The study that pages are compared with: controls with seeds, and checks of which two fail."""

from dataclasses import replace

from prunescope.bench.workbench import Workbench
from prunescope.progress import Silent
from prunescope.soundness.check_bench import check_bench
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.sweep.runner import sweep


def extend(study: StudyFolder, bench: Workbench) -> None:
    """Measure random controls, three seeds each, and check a bench whose splits overlap."""
    wide = (Method("random", "channel"), Method("magnitude"), Method("random"))
    sweep(bench, study, Grid(wide[:1], (0.25, 0.5, 0.75), (), ("none", "ls")), Silent())
    sweep(bench, study, Grid(wide[1:], (0.3, 0.5, 0.9)), Silent())
    again = StudyFolder.open(study.folder)
    few = replace(bench, splits=replace(bench.splits, test=bench.splits.validation))
    again.update(replace(again.manifest, soundness=check_bench(few, "top-1")))
