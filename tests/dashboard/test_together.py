"""Two sweeps, a verification and a dashboard on one study at once, each in a process of its own."""

import functools
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Choice, Plan
from prunescope.study.point import KEY
from tests.conftest import TINY

SLOW = (
    TINY
    + '''

def slow(outputs, targets):
    """Top-1 that takes its time, so that everything is at work together."""
    import time

    time.sleep(0.02)
    return (outputs.argmax(1) == targets).float()
'''
)
FIRST = ("--methods", "magnitude,random", "--seeds", "0,1", "--sparsities", "0.1:0.9:0.1")
SECOND = ("--methods", "random,l1@channel", "--seeds", "1,2", "--sparsities", "0.5:0.9:0.1")


def sweep(model: Path, study: Path, *grid: str) -> tuple[str, ...]:
    given = ("sweep", f"{model}:build", "--data", f"{model}:splits", "--metric", f"{model}:slow")
    return (*given, "--study", str(study), "--threads", "1", *grid)


def launch(prunescope: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [str(prunescope), *arguments],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def finish(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate(timeout=200)
    assert process.returncode == 0, said


def rows(study: StudyFolder) -> pd.DataFrame:
    return study.measured().sort_values(list(KEY)).reset_index(drop=True)


def test_every_point_is_there_once_and_as_if_alone(
    tmp_path: Path, open_page: Callable[..., AppTest], warm_commands: Path
) -> None:
    launched = functools.partial(launch, warm_commands / "prunescope")
    model = tmp_path / "tiny.py"
    model.write_text(SLOW)
    shared, alone = tmp_path / "studies" / "shared", tmp_path / "alone"
    finish(launched(*sweep(model, shared, "--methods", "magnitude", "--sparsities", "0.5")))
    study = StudyFolder.open(shared)
    plan = Plan("half", study.manifest.fingerprint, {"mix": Choice("magnitude", 0.5)})
    write_document(tmp_path / "half.json", plan)

    working = [
        launched(*sweep(model, shared, *FIRST)),
        launched(*sweep(model, shared, *SECOND)),
        launched("verify", str(shared), str(tmp_path / "half.json"), "--threads", "1"),
    ]
    looks = 0
    at = open_page(shared.parent, "curves")
    while any(process.poll() is None for process in working):
        at.run(timeout=30)
        assert not at.exception
        assert not at.error
        looks += 1
    for process in working:
        finish(process)
    assert looks > 2

    for grid in (FIRST, SECOND):
        finish(launched(*sweep(model, alone, *grid)))
    found, expected = rows(study), rows(StudyFolder.open(alone))
    assert len(found) == 3 * 9 + 3 * 9 * 2 + 3 * 5 + len(
        found[found["granularity"] == "channel"]
    )  # magnitude, random's first two seeds, its third
    assert not found.duplicated(list(KEY)).any()
    pd.testing.assert_frame_equal(found, expected, check_exact=False, rtol=1e-5)
    for name in ("samples", "population", "score_sum", "drop_sum", "agreements", "removed"):
        assert list(found[name]) == list(expected[name])
    assert [*study.measurements.damaged(), *study.logits.damaged()] == []
    assert len(list((shared / "measurements").glob("*.parquet"))) == 1
    (verified,) = study.verified().to_dict("records")
    same = found[
        (found["subject"] == "mix") & (found["criterion"] == "magnitude")
        & np.isclose(found["sparsity"], 0.5) & (found["granularity"] == "weight")
    ]  # fmt: skip
    assert verified["drop_sum"] == same["drop_sum"].item()
