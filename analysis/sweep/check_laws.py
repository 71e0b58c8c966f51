"""Check on the user's own model that removal is exact, before a group is measured."""

from collections.abc import Iterable
from dataclasses import replace

from prunescope.bench.workbench import Workbench
from prunescope.errors import CannotPrune
from prunescope.removal import check_law
from prunescope.replay.point_faults import point_faults
from prunescope.store.folder import StudyFolder
from prunescope.study import GroupSummary

SAMPLES = 4


def require_laws(bench: Workbench, study: StudyFolder, names: Iterable[str]) -> StudyFolder:
    """Return ``study`` with the law checked, on real samples, for every group in ``names``.

    The network without half of the units must give the outputs of the dense one in which those
    units are silenced; a group that fails becomes not prunable, with the difference as reason.
    """
    checked_names = set(names)
    changed = tuple(
        _check_group(bench, group)
        if group.name in checked_names and group.law_error is None
        else group
        for group in study.manifest.groups
    )
    if changed == study.manifest.groups:
        return study
    return study.update(replace(study.manifest, groups=changed))


def _check_group(bench: Workbench, group: GroupSummary) -> GroupSummary:
    captured = bench.network.captured
    if captured is None or group.reason is not None:
        return group
    inputs = bench.splits.calibration.chunk(0, SAMPLES).inputs
    try:
        with point_faults():
            report = check_law(captured, group.name, inputs)
    except CannotPrune as fault:  # of this group; the others are measured
        return replace(group, reason=str(fault).partition(". ")[0])
    error = report.max_error / report.scale
    reason = None
    if not report.ok:
        reason = (
            f"the smaller network differs from the silenced one by {error:.2g} of its scale, more "
            f"than {report.tolerance:g}"
        )
    return replace(group, law_error=error, reason=reason)
