"""Fine-tuning a model that goes wrong only in training mode: one sentence, the study untouched."""

import pytest

from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import write_document
from prunescope.study.plan import Choice, Plan
from tests.analysis.cli.command import Command
from tests.analysis.store.rows import files
from tests.conftest import TINY

pytestmark = pytest.mark.faults

TRAINS_BADLY = """
import os, sys, time
from pathlib import Path


def forward(self, x):
    x = self.conv(x).relu()
    if x.sum() < -1:  # no graph can be captured of this: the module itself is trained
        return x
    if self.training and os.path.exists("bad"):
        exec(Path("bad").read_text())
    return self.head(self.mix(x).relu().flatten(1))


Tiny.forward = forward
"""


@pytest.fixture
def study(monkeypatch, capsys, tmp_path):
    """A swept study of a model that trains well until a file ``bad`` is there, and a plan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(TINY + TRAINS_BADLY)
    result = Command(monkeypatch, capsys)(
        "sweep", "mine.py:build", "--data", "mine.py:splits", "--study", "study",
        "--sparsities", "0.5", "--layers", "mix",
    )  # fmt: skip
    assert result.code == 0, result
    print_of = StudyFolder.open(tmp_path / "study").manifest.fingerprint
    write_document(tmp_path / "p.json", Plan("p", print_of, {"mix": Choice("magnitude", 0.5)}))
    return tmp_path / "study"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("1 / 0", "it raised ZeroDivisionError: division by zero (mine.py:"),
        ("sys.exit(0)", "it raised SystemExit: 0 (mine.py:"),
        ("os._exit(0)", "it called os._exit (mine.py:"),
        ("raise KeyboardInterrupt", "it raised KeyboardInterrupt (mine.py:"),
        ("torch.empty(10 ** 15)", "memory ran out: it raised RuntimeError"),
        ("while True: time.sleep(0.01)", "within 1 s, but it was still at mine.py:"),
    ],
)
def test_training_that_goes_wrong(study, monkeypatch, capsys, body, says):
    before = files(study)
    (study.parent / "bad").write_text(body)
    monkeypatch.setenv("PRUNESCOPE_PATIENCE", "1s")
    sentence = Command(monkeypatch, capsys).refused(
        "finetune", "study", "p.json", "--epochs", "1", "--batch", "16"
    )
    assert "to run on a batch of" in sentence or "to train on a batch of" in sentence
    assert says in sentence
    assert files(study) == before
