"""Pages of studies whose scores are no percentages, and of networks with several outputs."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch import Tensor, nn

import prunescope
from prunescope.store.folder import StudyFolder
from prunescope.text import plain
from prunescope.text.scores import words_of
from tests.dashboard.page import metric, texts

Open = Callable[..., AppTest]


class Heads(nn.Module):
    """Two answers, and a layer that reaches the second one only."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.kind = nn.Linear(12, 24), nn.Linear(24, 5)
        self.hidden, self.size = nn.Linear(24, 16), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        z = self.body(x).relu()
        return {"kind": self.kind(z), "size": self.size(self.hidden(z).relu())}


@pytest.fixture(scope="module")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one study by each of two metrics of which less is better."""
    folder = tmp_path_factory.mktemp("metrics")
    draw = torch.Generator().manual_seed(0)
    inputs = torch.randn(160, 12, generator=draw)
    net = Heads().eval()
    with torch.no_grad():
        answers = net(inputs)
    targets = {"kind": answers["kind"].argmax(1), "size": answers["size"] + 0.1}
    data = {
        name: (inputs[rows], {key: value[rows] for key, value in targets.items()})
        for name, rows in (
            ("calibration", slice(0, 40)), ("validation", slice(40, 120)), ("test", slice(120, 160))
        )
    }  # fmt: skip
    for name, chosen in (("nats", "cross-entropy"), ("squares", "mse@size")):
        prunescope.sweep(net, data, folder=folder / name, metric=chosen, sparsities=(0.5, 0.9))
    return folder


@pytest.mark.parametrize(("name", "unit"), [("nats", "nats"), ("squares", "")])
@pytest.mark.parametrize("page", ["study", "curves", "plan", "recover"])
def test_no_page_calls_it_a_percentage(
    studies: Path, open_page: Open, name: str, unit: str, page: str
) -> None:
    at = open_page(studies, page, study=name)
    assert not at.exception
    said = texts(at)
    assert not re.search(r"\d pt\b|in points", said), said
    labels = [each.label for each in at.number_input if not each.label.startswith("No class")]
    assert not [label for label in labels if label.endswith((", pt", ", points"))]  # recalls are
    words = words_of(StudyFolder.open(studies / name).manifest)
    assert words.unit == unit
    if page == "study":
        assert metric(at, f"Dense {plain.text(words.name)}") == words.score(words.dense)
        assert "is read by no metric" in said.replace("\\", "")
    if page == "curves":
        assert [label for label in labels if label.startswith("Accepted rise")]


def test_an_accepted_rise_is_in_the_metric_s_unit(studies: Path, open_page: Open) -> None:
    at = open_page(studies, "curves", study="nats")
    (field,) = [each for each in at.number_input if each.label == "Accepted rise, nats"]
    field.set_value(50.0).run()
    assert not at.exception
    assert "within 50.0000 nats" in texts(at)
