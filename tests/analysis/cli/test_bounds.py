"""What would crash, take hours or do nothing is refused at once, in Python in the same words."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import prunescope as ps
from prunescope.bench.workbench import Workbench
from prunescope.errors import PrunescopeError
from prunescope.progress import Silent
from prunescope.store.folder import StudyFolder
from prunescope.study import Grid, Method
from prunescope.study.plan import Choice, Plan
from prunescope.sweep.runner import sweep
from tests.analysis.cli.command import Command
from tests.analysis.store.rows import files

LONG = "x" * 300
HUGE = str(2**63)


@pytest.fixture(scope="module")
def original(tiny_bench: Workbench, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A measured study with a plan; nothing here may change it."""
    folder = tmp_path_factory.mktemp("bounds") / "s"
    study = StudyFolder.create(folder, tiny_bench.manifest)
    sweep(tiny_bench, study, Grid((Method("magnitude"),), (0.5,)), Silent())
    study.save_plan(Plan("half", study.manifest.fingerprint, {"mix": Choice("magnitude", 0.5)}))
    return folder


MORE = "sweep --study S "
LIMIT = "with mode exact, which measures every sample. Take mode decide or adaptive, or leave"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (MORE + "--limit 0.02", LIMIT),
        (MORE + "--limit nan --mode decide", "limit to be a number from 0 on"),
        (MORE + f"--seeds 0,{HUGE}", f"a whole number from 0 to 4294967295, but got {HUGE}"),
        (f"finetune S half --seed {HUGE}", f"a whole number from 0 to 4294967295, but got {HUGE}"),
        ("finetune S half --seed -1", "Expected a seed to be a whole number from 0"),
        (MORE + "--threads 100000", "Expected threads to be a whole number from 0 to"),
        ("verify S half --threads 100000", "but got 100000. This machine has"),
        ("calibrate S --threads 100000", "Expected threads to be"),
        ("export S half --threads 100000", "Expected threads to be"),
        ("finetune S half --threads 100000", "Expected threads to be"),
        ("time S half --threads 100000", "Expected threads to be a whole number from 1 to"),
        ("time S --threads 100000", "Expected threads to be a whole number from 1 to"),
        ("time S --batch 100000000", "Expected batch to be a whole number from 1 to 65536"),
        ("time S half --batch 100000000", "Expected batch to be a whole number from 1 to 65536"),
        ("time S --budget nan", "a number above 0 and at most 2592000, but got nan. Give seconds"),
        ("time S half --budget 0", "above 0 and at most 2592000, but got 0.0"),
        ("time S --budget inf", "above 0 and at most 2592000, but got inf"),
        ("time S --runtime onx", "'onx'. Closest: onnx"),
        ("plan S --target macs=0.9 --seconds -1", "above 0 and at most 2592000, but got -1.0"),
        ("plan S --target macs=0.9 --exact --seconds nan", "but got nan"),
        ("plan S --target macs=0.9 --runtime onx", "'onx'. Closest: onnx"),
        ("plan S --target macs=0.9 --runtime onnx", "a runtime where a latency is asked for"),
        ("pareto S --cost macs --runtime onx", "'onx'. Closest: onnx"),
        (MORE + "--budget 99999h", "above 0 and at most 2592000"),
        ("show S --method magnitud", "measured method to be one that exists, but got 'magnitud'. "
         "Closest: magnitude."),
        ("show S --method taylor", "but got 'taylor'. Choose from: magnitude."),
        ("calibrate S --plans 100000", "to measure to be a whole number from 1 to 1000, but got"),
        (f"sweep M --data D --study {LONG}", "names of at most 240 bytes and 3800 in all, but"),
        (f"show {LONG}", "but got one of 300 in 300. Choose a shorter one."),
        (f"time {LONG}", "names of at most 240 bytes"),
        (f"plan S --target macs=0.9 -o {LONG}", "names of at most 240 bytes"),
        (f"export S half -o {'y/' * 2000}", "3800 in all"),
        ("inspect sample:mlp --shape 1000000,1000000", "and 134217728 elements, but got '1000000,"),
        ("inspect sample:mlp --shape abc", "positive whole numbers like 3,224,224, but got 'abc'"),
        ("inspect sample:mlp --shape 0,3", "Leave the batch out."),
    ],
)  # fmt: skip
def test_each_is_refused_at_once(
    prunescope: Command, original: Path, line: str, words: str
) -> None:
    before = files(original)
    begun, threads = time.thread_time(), torch.get_num_threads()
    said = prunescope.refused(*(original if word == "S" else word for word in line.split()))
    assert words in said
    assert time.thread_time() - begun < 5
    assert torch.get_num_threads() == threads
    assert files(original) == before


@pytest.mark.parametrize("option", [["sweep", "M", "--data", "D", "--study"], ["show"], ["time"]])
@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_not_the_folder_that_one_is_in(
    prunescope: Command, original: Path, option: list[str], empty: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(original)
    assert f"to be a path, but got {empty!r}. Name one" in prunescope.refused(*option, empty)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.sweep(limit=0.02), LIMIT),
        (lambda s: s.sweep(seeds=(2**63,)), "a seed to be a whole number from 0 to 4294967295"),
        (lambda s: s.sweep(seeds=(0.5,)), "a seed to be a whole number"),
        (lambda s: s.sweep(seconds=float("nan")), "above 0 and at most 2592000, but got nan"),
        (lambda s: s.finetune("half", seed=2**63), "a seed to be a whole number"),
        (lambda s: s.time("half", batch=10**8), "batch to be a whole number from 1 to 65536"),
        (lambda s: s.time("half", threads=10**5), "threads to be a whole number from 1 to"),
        (lambda s: s.time("half", seconds=float("nan")), "but got nan. Give seconds"),
        (lambda s: s.time("half", runtimes=["onx"]), "'onx'. Closest: onnx"),
        (lambda s: s.solve(macs=0.9, seconds=-1), "but got -1. Give seconds"),
        (lambda s: s.solve(macs=0.9, runtime="onx"), "'onx'. Closest: onnx"),
        (lambda s: s.calibrate(10**5), "from 1 to 1000, but got 100000"),
        (lambda s: ps.inspect("sample:mlp", "1000000,1000000"), "134217728 elements"),
        (lambda s: ps.open(""), "to be a path, but got ''"),
        (lambda s: ps.open(LONG), "names of at most 240 bytes"),
        (lambda s: ps.open("a\0b"), "to be a path, but got 'a\\x00b'"),
        (lambda s: ps.sweep("M", "D", folder=""), "to be a path, but got ''"),
        (lambda s: ps.sweep("M", "D", folder=LONG), "names of at most 240 bytes"),
        (lambda s: ps.sweep("M", "D", folder="x", budget=float("inf")), "but got inf"),
    ],
)
def test_python_refuses_in_the_same_words(
    original: Path, call: Callable[[ps.Study], Any], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ps.Study, "_bench", lambda self: pytest.fail("a model is loaded"))
    with pytest.raises(PrunescopeError, match="^Expected ") as error:
        call(ps.open(original))
    assert words in str(error.value)


def test_what_lies_within_is_taken(prunescope: Command, original: Path) -> None:
    assert prunescope("show", original, "--method", "magnitude").code == 0
    done = prunescope("plan", original, "--target", "parameters=0.9", "--seconds", "0.2", "--json")
    assert done.code == 0
    assert prunescope("inspect", "sample:mlp", "--shape", "1x28x28").code == 0
