"""Outputs that have to stay are named on the command line, and belong to the study."""

import pytest

from prunescope.store.folder import StudyFolder
from tests.analysis.cli.command import Command

NET = """
import torch
from torch import nn


class Auxiliary(nn.Module):
    def __init__(self):
        super().__init__()
        self.enter, self.head = nn.Linear(4, 6), nn.Linear(6, 3)

    def forward(self, x):
        hidden = self.enter(x)
        return {"logits": self.head(hidden), "hidden": hidden}


def net():
    torch.manual_seed(0)
    return Auxiliary()


def data():
    drawn = torch.randn(3, 40, 4, generator=torch.Generator().manual_seed(0))
    names = ("calibration", "validation", "test")
    return {name: (inputs, None) for name, inputs in zip(names, drawn)}
"""


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    return Command(monkeypatch, capsys)


def test_outputs_that_need_not_stay(command, tmp_path) -> None:
    data = ("--data", "net.py:data")
    seen = command("inspect", "net.py:net", *data).out
    assert "logits  3; only it is reached by head" in seen
    assert "enter, head" in seen.partition("read as the network's output: ")[2]

    chosen = ("--outputs", "logits")
    result = command(
        "sweep", "net.py:net", *data, *chosen, "--study", "s", "--methods", "l1@channel",
        "--sparsities", "0.5",
    )  # fmt: skip
    assert result.code == 0, result
    manifest = StudyFolder.open(tmp_path / "s").manifest
    assert manifest.reference.outputs == ("logits",)
    assert [group.name for group in manifest.removable()] == ["enter"]

    again = command("sweep", "net.py:net", *data, "--study", "s", "--methods", "l1@channel")
    assert again.code != 0  # another network: it returns the hidden state
    assert "graph" in again.err
    other = command("sweep", "--study", "s", "--outputs", "hidden")
    assert "Expected the study's own --outputs" in other.err
