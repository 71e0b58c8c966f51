"""A trained LeNet-5 with curves of its channels, measured combinations and latency tables."""

from dataclasses import replace
from pathlib import Path

from prunescope.bench.workbench import Workbench
from prunescope.latency.table.rows import LatencyRow, stored_rows
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Manifest, Method
from prunescope.sweep.calibrate import calibrate
from prunescope.sweep.runner import sweep
from tests.analysis.latency.table.made import draws, row, truth


def measured(bench: Workbench, folder: Path) -> StudyFolder:
    """Measure it, with a table of a known machine in PyTorch, and in ONNX Runtime where only
    ``fc1``'s units cost time.
    """
    study = StudyFolder.create(folder, bench.manifest)
    methods = (Method("l1", "channel"), Method("taylor", "channel"))
    sweep(bench, study, Grid(methods, (0.25, 0.5, 0.75), (), ("none", "ls")), Silent())
    sweep(bench, study, Grid((Method("magnitude"),), (0.5, 0.9)), Silent())
    calibrate(bench, study, 5, "none", Silent())
    stored_rows(study.folder).append(rows(bench.manifest))
    return StudyFolder.open(folder)


def rows(manifest: Manifest, machine: str = "a CPU") -> list[LatencyRow]:
    plans = draws(manifest, 24)
    units = manifest.group("fc1").units
    found = [row(manifest, p, t) for p, t in zip(plans, truth(manifest, plans), strict=True)]
    found += [row(manifest, plan, 1 - 0.8 * plan["fc1"] / units, "ONNX Runtime") for plan in plans]
    return [replace(each, machine=machine) for each in found]
