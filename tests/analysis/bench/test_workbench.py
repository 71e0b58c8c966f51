"""The workbench: one baseline, one fingerprint that knows everything that is measured."""

from dataclasses import replace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from prunescope.bench import workbench
from prunescope.bench.fingerprint import network_parts
from prunescope.bench.workbench import prepare, state_bytes
from prunescope.capture.network import build_network
from prunescope.sources.models import load_model
from prunescope.store.json_documents import to_json
from prunescope.study import Grid, Method, Reference
from prunescope.sweep.naive_sweep import measure
from prunescope.sweep.work_list import points
from tests.conftest import TINY

pytestmark = pytest.mark.quick


def test_the_baseline_is_scikit_learn_s(tiny_bench):
    from sklearn.metrics import accuracy_score, log_loss

    samples, baseline = tiny_bench.splits.validation, tiny_bench.manifest.baseline
    with torch.no_grad():
        outputs = load_model(tiny_bench.manifest.reference)(samples.inputs)
    assert baseline.samples == 60
    assert baseline.score == pytest.approx(accuracy_score(samples.targets, outputs.argmax(1)))
    expected = log_loss(samples.targets, outputs.double().softmax(1), labels=range(3))
    assert baseline.cross_entropy == pytest.approx(expected, rel=1e-5)
    assert baseline.class_samples == (20, 20, 20)
    assert sum(baseline.class_correct) == round(baseline.score * 60)
    assert tiny_bench.classes == 3


def test_preparing_twice_gives_the_same_document(tiny):
    """Two runs of the same sweep end with identical files, study.json included."""
    assert to_json(prepare(tiny).manifest) == to_json(prepare(tiny).manifest)


@pytest.mark.parametrize("part", ["weights", "data", "graph", "metric"])
def test_the_fingerprint_knows(tmp_path, tiny, part):
    """The cache knows neither weights nor data nor criterion: all of the tools that we read."""
    before = prepare(tiny).manifest
    changed = {
        "weights": ("nn.Linear(24, 3)", "nn.Linear(24, 3, dtype=None)\n        torch.rand(1)"),
        "data": ("manual_seed(7)", "manual_seed(8)"),
        "graph": (".relu().flatten(1)", ".sigmoid().flatten(1)"),
        "metric": ("", ""),
    }[part]
    text = TINY.replace(*changed)
    if part == "weights":
        text = TINY.replace(
            "    return Tiny()",
            "    net = Tiny()\n    with torch.no_grad():\n        net.head.bias[0] += 1e-6\n"
            "    return net",
        )
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "tiny.py").write_text(text)
    path = tmp_path / "b" / "tiny.py"
    metric = "top-5" if part == "metric" else "top-1"
    after = prepare(Reference(f"{path}:build", f"{path}:splits", metric)).manifest
    assert after.fingerprint != before.fingerprint
    differ = {name for name in before.parts if before.parts[name] != after.parts[name]}
    assert differ == {part}


class Constant(nn.Module):
    """Values that are no parameters and not saved, but computed with."""

    def __init__(self, buffer=1.0, plain=1.0):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        nn.init.ones_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)
        self.register_buffer("scale", torch.tensor([buffer, 1.0]), persistent=False)
        self.plain = torch.tensor([plain, 1.0])

    def forward(self, x):
        return self.fc(x) * self.scale + self.plain


def test_values_that_are_not_saved_count_too():
    parts = [
        network_parts(build_network(net, torch.ones(2, 2)))
        for net in (Constant(), Constant(), Constant(buffer=2.0), Constant(plain=2.0))
    ]
    assert parts[0] == parts[1]
    assert len({part["weights"] for part in parts}) == 3


def test_without_a_graph_the_source_counts(write):
    text = """
from torch import nn

class N(nn.Linear):
    def forward(self, x):
        return super().forward(x) * (1.0 if x.sum() > 0 else {0})

def f():
    return N(3, 2)
"""
    found = []
    for number, value in enumerate(("2.0", "3.0")):
        path = write(f"m{number}.py", text.replace("{0}", value))
        network = build_network(load_model(Reference(f"{path}:f", "")), torch.ones(2, 3))
        assert network.problem is not None
        found.append(network_parts(network))
    assert found[0]["weights"] == found[1]["weights"]
    assert found[0]["graph"] != found[1]["graph"]


def test_other_weights_differ_in_weights_alone_even_without_labels(tmp_path, tiny_file):
    text = tiny_file.read_text().replace("return inputs, targets", "return inputs, None")
    tiny_file.write_text(text)
    reference = Reference(f"{tiny_file}:build", f"{tiny_file}:splits")
    before = prepare(reference)
    state = {name: t * 1.01 for name, t in before.network.module.state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    after = prepare(replace(reference, weights=str(tmp_path / "w.safetensors")))
    assert before.manifest.parts["data"] == after.manifest.parts["data"]
    assert before.manifest.parts["weights"] != after.manifest.parts["weights"]


def without_labels(tiny_file):
    tiny_file.write_text(
        tiny_file.read_text().replace("return inputs, targets", "return inputs, None")
    )
    return Reference(f"{tiny_file}:build", f"{tiny_file}:splits")


def test_without_labels_agreement_is_measured_and_gradients_work(tiny_file):
    bench = prepare(without_labels(tiny_file))
    assert bench.manifest.reference.metric == "agreement"
    assert bench.manifest.baseline.score == 1.0
    grid = Grid((Method("taylor"), Method("fisher")), (0.0, 0.5, 1.0), ("mix",))
    rows = [row for _, row in measure(bench, points(grid, bench.manifest))]
    assert [row.drop_sum for row in rows if row.sparsity == 0] == [0, 0]
    assert all(row.score_sum == row.agreements for row in rows)
    assert any(row.drop_sum > 0 for row in rows if row.sparsity == 1)


def test_one_calibration_sample_is_enough_to_capture(tiny_file):
    tiny_file.write_text(tiny_file.read_text().replace("part(48)", "part(1)"))
    bench = prepare(Reference(f"{tiny_file}:build", f"{tiny_file}:splits"))
    assert bench.manifest.capture_problem is None


def test_tied_weights_weigh_once():
    net = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    assert state_bytes(net.state_dict()) == 72
    net[1].weight = net[0].weight
    assert state_bytes(net.state_dict()) == 36


def test_a_batch_never_exceeds_what_is_there(tiny_bench, lenet5):
    assert tiny_bench.batch == 60
    assert 1 <= lenet5.batch <= 300


def test_a_batch_stays_in_the_cache_but_is_no_single_sample(sample_bench):
    for name in ("resnet20", "mobilenet", "vit"):
        bench = sample_bench(name)
        alive = bench.network.cost.activation_bytes
        assert bench.batch * alive <= 16 << 20 < (bench.batch + 1) * alive
    large = replace(bench.network.cost, activation_bytes=1 << 30)
    assert workbench._batch(replace(bench.network, cost=large), 300) == 8
    assert workbench._batch(replace(bench.network, cost=None), 300) == 64


def test_the_sample_model_keeps_its_accuracy(lenet5):
    from prunescope.sample_models.registry import measured

    assert lenet5.manifest.capture_problem is None
    assert lenet5.manifest.classes[0] == "t-shirt"
    assert abs(lenet5.manifest.baseline.score - measured("lenet5")["validation"]) < 0.05


def test_baseline_is_evaluated_once(monkeypatch, tiny):
    """The baseline evaluated once per layer: Distiller."""
    calls = []
    plain = workbench.evaluate

    def counted(module, samples, metric, batch, *more):
        calls.append(len(samples))
        return plain(module, samples, metric, batch, *more)

    monkeypatch.setattr(workbench, "evaluate", counted)
    monkeypatch.setattr("prunescope.replay.naive.evaluate", counted)
    bench = prepare(tiny)
    grid = Grid((Method("magnitude"), Method("random")), (0.2, 0.5, 0.8), seeds=(0,))
    wanted = points(grid, bench.manifest)
    assert len(list(measure(bench, wanted))) == 18
    assert calls == [60] * 19  # the dense network, then each point
