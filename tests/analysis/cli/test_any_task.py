"""Outputs, metrics with units, losses and targets, as somebody with any task meets them."""

import re
from pathlib import Path

import pytest

from prunescope.store.folder import StudyFolder
from tests.analysis.cli.command import Command

NETWORKS = """
import torch
from torch import nn
from torch.nn import functional as F

def _splits(make):
    draw = torch.Generator().manual_seed(0)
    names = ("calibration", "validation", "test")
    return {name: make(size, draw) for name, size in zip(names, (64, 128, 64))}

def tokens():
    def make(n, g):
        ids = torch.randint(0, 10, (n, 6), generator=g)
        return ids, (ids + 1) % 10
    return _splits(make)

def two_labels():
    def make(n, g):
        x = torch.randn(n, 12, generator=g)
        return x, {"kind": x[:, :5].argmax(1), "size": x[:, 5:7].tanh()}
    return _splits(make)

class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.kind = nn.Linear(12, 24), nn.Linear(24, 5)
        self.size_hidden, self.size = nn.Linear(24, 16), nn.Linear(16, 2)
    def forward(self, x):
        z = F.relu(self.body(x))
        return {"kind": self.kind(z), "size": self.size(F.relu(self.size_hidden(z)))}

def heads():
    torch.manual_seed(0)
    net, (x, t) = Heads(), two_labels()["calibration"]
    step = torch.optim.Adam(net.parameters(), 0.01)
    for _ in range(150):
        step.zero_grad()
        y = net(x)
        (F.cross_entropy(y["kind"], t["kind"]) + F.mse_loss(y["size"], t["size"])).backward()
        step.step()
    return net.eval()

def language():
    torch.manual_seed(0)
    net, (ids, after) = nn.Sequential(nn.Embedding(10, 10), nn.Linear(10, 10)), tokens()["test"]
    step = torch.optim.Adam(net.parameters(), 0.05)
    for _ in range(40):
        step.zero_grad()
        F.cross_entropy(net(ids).flatten(0, 1), after.flatten()).backward()
        step.step()
    return net.eval()

def narrow():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(12, 10), nn.ReLU(), nn.Linear(10, 8), nn.Linear(8, 5)).eval()

def classes():
    return {k: (x, t["kind"]) for k, (x, t) in two_labels().items()}

def loss_of_tokens(outputs, targets):
    return F.cross_entropy(outputs.transpose(1, 2), targets, reduction="none").mean(1)

loss_of_tokens.unit, loss_of_tokens.higher_is_better = "nats", False

def twice(outputs, targets):
    return 2 * F.cross_entropy(outputs["kind"], targets["kind"])

def constant(outputs, targets):
    return torch.zeros(())
"""


@pytest.fixture
def networks(tmp_path: Path) -> str:
    """A file of networks and data."""
    path = tmp_path / "networks.py"
    path.write_text(NETWORKS)
    return str(path)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """The study's folder."""
    return tmp_path / "study"


QUICK = ("--methods", "magnitude", "--sparsities", "0.5,0.9")


def without_percent(text: str) -> None:
    """No score or drop of ``text`` stands in percent or points: only what is their share."""
    plain = text.replace("95 %", "").replace("% of dense", "")
    plain = re.sub(r"\d+ % of the (weights|MACs)", "", plain)
    for word in (" %", " pt", "points,", "in points"):
        assert word not in plain, text


@pytest.mark.parametrize("metric", ["FILE:loss_of_tokens", "perplexity", "bits-per-byte"])
def test_a_loss_is_no_percentage(
    prunescope: Command, networks: str, study: Path, metric: str
) -> None:
    metric = metric.replace("FILE", networks)
    data = ("--data", f"{networks}:tokens", "--metric", metric)
    made = prunescope("sweep", f"{networks}:language", *data, *QUICK, "--study", study)
    assert made.code == 0, made.err
    shown = prunescope("show", study).out
    without_percent(shown)
    assert "Rises" in shown
    prunescope("plan", study, "--target", "parameters=0.8", "--save", "--name", "most")
    verified = prunescope("verify", study, "most")
    without_percent(verified.out)
    assert "rise" in verified.out
    table = prunescope("show", study, "--json").json
    assert table["metric"]["higher_is_better"] is False
    assert table["baseline"] > 0  # as it is written, not as it is stored
    assert StudyFolder.open(study).manifest.baseline.score < 0  # type: ignore[union-attr]
    worst = max(point["drop"] for curve in table["curves"] for point in curve["points"])
    assert worst > 0


def test_a_perplexity_is_e_to_the_mean_loss(
    prunescope: Command, networks: str, study: Path
) -> None:
    import math

    data = ("--data", f"{networks}:tokens", "--metric", "perplexity")
    prunescope("sweep", f"{networks}:language", *data, *QUICK, "--study", study)
    baseline = StudyFolder.open(study).manifest.baseline
    assert baseline is not None
    assert baseline.cross_entropy is not None
    shown = prunescope("show", study, "--json").json["baseline"]
    assert shown == pytest.approx(math.exp(baseline.cross_entropy), rel=1e-5)


def test_limits_are_in_the_metric_s_unit_or_per_cent_of_dense(
    prunescope: Command, networks: str, study: Path
) -> None:
    data = ("--data", f"{networks}:tokens", "--metric", "perplexity")
    more = ("--mode", "decide", "--limit", "2%", "--tolerance", "0.1")
    made = prunescope("sweep", f"{networks}:language", *data, *QUICK, *more, "--study", study)
    assert made.code == 0, made.err
    said = prunescope.refused("plan", study, "--target", "parameters=0.8", "--target", "drop=3pt")
    assert "in the unit of perplexity, but got 3pt" in said
    found = prunescope("plan", study, "--target", "parameters=0.8", "--target", "drop=50%")
    without_percent(found.out.replace("≤ 80 %", ""))


def test_outputs_that_nothing_reads_are_said(
    prunescope: Command, networks: str, study: Path
) -> None:
    data = ("--data", f"{networks}:two_labels")
    line = (
        "Only `kind` counts; `size` is read by no metric. `size_hidden` and `size` reach no "
        "counted output"
    )
    assert line in " ".join(prunescope("inspect", f"{networks}:heads", *data).out.split())
    made = prunescope(
        "sweep", f"{networks}:heads", *data, "--methods", "magnitude,taylor", "--sparsities",
        "0.5,0.9", "--study", study,
    )  # fmt: skip
    assert line in made.err
    manifest = StudyFolder.open(study).manifest
    assert manifest.free_layers == ("size_hidden", "size")
    assert {output.name: output.counts for output in manifest.outputs} == {
        "kind": True, "size": False,
    }  # fmt: skip
    rows = StudyFolder.open(study).measured()
    unseen = rows[(rows["subject"] == "size") & (rows["sparsity"] == 0.9)]
    assert (unseen["drop_sum"] == 0).all()
    assert (unseen["divergence_sum"] > 0).all()  # KL looks at every output
    found = prunescope("plan", study, "--target", "parameters=0.4", "--json").json
    assert "no output that the metric reads" in found["unseen"]


def test_a_metric_reads_the_output_that_it_is_told(
    prunescope: Command, networks: str, study: Path
) -> None:
    data = ("--data", f"{networks}:two_labels", "--metric", "mse@size")
    prunescope("sweep", f"{networks}:heads", *data, *QUICK, "--study", study)
    assert StudyFolder.open(study).manifest.free_layers == ("kind",)
    assert "mse@size" in prunescope("show", study).out


def test_every_head_is_taught(prunescope: Command, networks: str, study: Path) -> None:
    data = ("--data", f"{networks}:two_labels", "--metric", "mse@size")
    prunescope("sweep", f"{networks}:heads", *data, *QUICK, "--study", study)
    prunescope("plan", study, "--target", "parameters=0.5", "--lock", "kind=0", "--save", "--name",
               "half")  # fmt: skip
    tuned = prunescope("finetune", study, "half", "--epochs", "6", "--rate", "0.05", "--json").json
    sides = tuned["validation"]
    assert sides["after"]["score_sum"] > sides["before"]["score_sum"]


def test_a_loss_of_one_s_own_feeds_gradients(
    prunescope: Command, networks: str, study: Path
) -> None:
    methods = ("--methods", "taylor", "--sparsities", "0.5", "--layers", "kind")
    data = ("--data", f"{networks}:two_labels", "--loss", f"{networks}:twice")
    assert prunescope("sweep", f"{networks}:heads", *data, *methods, "--study", study).code == 0
    assert StudyFolder.open(study).manifest.reference.loss == f"{networks}:twice"


def test_a_method_that_does_not_suit_is_named_and_the_others_are_measured(
    prunescope: Command, networks: str, study: Path
) -> None:
    data = ("--data", f"{networks}:two_labels", "--loss", f"{networks}:constant")
    made = prunescope(
        "sweep", f"{networks}:heads", *data, "--methods", "magnitude,taylor", "--sparsities",
        "0.5", "--study", study, "--json",
    )  # fmt: skip
    assert made.json["measured"] == 4
    (why,) = made.json["left_out"]
    assert why.startswith("taylor: it needs the gradient of a loss")


def test_a_point_that_cannot_be_is_named(prunescope: Command, networks: str, study: Path) -> None:
    line = ("sweep", f"{networks}:narrow", "--data", f"{networks}:classes", "--study", study)
    said = prunescope.refused(*line, "--methods", "magnitude@2:4", "--layers", "2")
    assert "2 magnitude@2:4: it has 10 inputs, which 4 does not divide" in said
    made = prunescope(*line, "--methods", "magnitude@2:4", "--layers", "[02]", "--json")
    assert made.json["measured"] == 1
    assert any("10 inputs" in why for why in made.json["left_out"])
    assert any("10 inputs" in why for why in prunescope("show", study, "--json").json["left_out"])


def test_patterns_stand_for_names(prunescope: Command, networks: str, study: Path) -> None:
    line = ("sweep", f"{networks}:narrow", "--data", f"{networks}:classes", "--study", study)
    prunescope(*line, "--methods", "magnitude", "--granularity", "channel", "--sparsities", "0.5",
               "--layers", "[0-9]")  # fmt: skip
    rows = StudyFolder.open(study).measured()
    assert set(rows["criterion"]) == {"l1"}
    assert set(rows["subject"]) == {"0", "2"}
    found = prunescope(
        "plan", study, "--target", "parameters=0.99", "--exclude", "[1-9]", "--bound", "*=0:0.6",
        "--json",
    ).json  # fmt: skip
    assert set(found["plan"]["choices"]) <= {"0"}
    said = prunescope.refused("plan", study, "--target", "parameters=0.9", "--exclude", "layer.*")
    assert "layer or group that matches" in said
