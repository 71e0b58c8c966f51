"""All checks of a bench, and what follows from them: a study that is made, marked or refused."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from prunescope.bench.workbench import Workbench
from prunescope.commands import next_steps
from prunescope.errors import UnknownName, Unsound
from prunescope.soundness.network_checks import check_network
from prunescope.soundness.score_checks import check_score
from prunescope.soundness.split_checks import check_splits
from prunescope.sources.splits import Splits
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.study.soundness import REFUSABLE, Check


def check_bench(bench: Workbench, asked: str, splits: Splits | None = None) -> tuple[Check, ...]:
    """Return every check of a model and its data, on a few batches.

    Args:
        bench: Only read.
        asked: The metric as the user named it.
        splits: All of the data where the bench holds a part.
    """
    return (
        *check_network(bench), *check_score(bench, asked),
        *check_splits(bench, splits or bench.splits),
    )  # fmt: skip


def require_names(accepted: Sequence[str]) -> None:
    """Raise ``UnknownName`` unless each name is that of a check that can refuse a study."""
    for name in accepted:
        if name not in REFUSABLE:
            raise UnknownName.among("check to accept", name, REFUSABLE)


def checked(bench: Workbench, asked: str, folder: Path, accepted: Sequence[str] = ()) -> Workbench:
    """Return the bench with the checks in its manifest; a study that there is was checked before.

    Args:
        bench: To begin a study with, or to go on with the one in ``folder``.
        asked: The metric as the user named it.
        folder: Of the study.
        accepted: Names of failed checks with which the study is made nevertheless, and marked.

    Raises:
        Unsound: A check failed that makes a study's numbers other than what they say.
    """
    require_names(accepted)
    if (folder / MANIFEST).is_file():
        known = StudyFolder.open(folder).manifest
        if known.soundness and known.fingerprint == bench.manifest.fingerprint:
            return replace(bench, manifest=replace(bench.manifest, soundness=known.soundness))
    checks = check_bench(bench, asked)
    for check in checks:
        if check.state == "refused" and check.name not in accepted:
            raise Unsound(
                f"Expected a network and data of which a study can be true, but: {check.sentence} "
                f"To study it as it is, with a mark on every page: {next_steps.accept(check.name)}."
            )
    return replace(bench, manifest=replace(bench.manifest, soundness=checks))


def keep_checks(study: StudyFolder, bench: Workbench) -> StudyFolder:
    """Return ``study`` with the bench's checks in its manifest, where it was made without any."""
    if study.manifest.soundness or not bench.manifest.soundness:
        return study
    return study.update(replace(study.manifest, soundness=bench.manifest.soundness))
