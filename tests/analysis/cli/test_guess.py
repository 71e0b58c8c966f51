"""What ``plan`` prints of a plan's score."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from prunescope.cli.print_plan import _print_guess
from prunescope.planning.prediction.predict import Prediction
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan
from tests.analysis.curves.test_dense import MANIFEST, curve


@pytest.mark.parametrize(("recovery", "score"), [("none", "75.00 %"), ("bn", "85.00 %")])
def test_a_drop_is_taken_from_the_dense_score_of_its_recovery(
    recovery: str, score: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study = StudyFolder.create(tmp_path / "s", MANIFEST)
    known = curve("none", (100, 0.7, 0.1)) | curve("bn", (100, 0.8, 0.1))
    guess = Prediction(0.05, Interval(0.05, 0.04, 0.06), None, "sum of drops", ())
    posed = SimpleNamespace(curves=known, measured=lambda _: None)
    _print_guess(study, posed, Plan("p", "f", {}, recovery), guess, saved="p")
    assert f"{score}, drop 5.00 pt" in " ".join(capsys.readouterr().out.split())
