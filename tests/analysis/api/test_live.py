"""A live module and live data: measured, kept, gone on with, and left as they were."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Subset, TensorDataset

import prunescope as ps
from prunescope.bench.workbench import assemble, data_hash, example_of, network_parts, prepare
from prunescope.capture.network import build_network
from prunescope.errors import BadValue, DataMismatch, ForeignStudy
from prunescope.export.formats import pt2
from prunescope.progress import Silent
from prunescope.sources.functions import source_hash
from prunescope.sources.kept_splits import write_splits
from prunescope.sources.live_data import live_splits
from prunescope.sources.live_model import copied_model
from prunescope.sources.metrics import live_metric, load_metric
from prunescope.sources.pt2 import load_program
from prunescope.store.folder import StudyFolder
from prunescope.study import Reference
from tests.analysis.api.digits import Digits, Net, Scaled, same, splits, state, trained

QUICK = {"methods": ["magnitude"], "sparsities": [0.5], "progress": Silent()}


def test_the_module_comes_back_as_it_was(tmp_path: Path) -> None:
    net, before = trained(), state(trained())
    study = ps.sweep(net, splits(), folder=tmp_path / "s", **QUICK)
    study.verify(study.plan({"conv1": 0.5}), progress=Silent())
    assert net.training
    assert same(net, before)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_the_module_comes_back_as_it_was_when_something_raises(tmp_path: Path) -> None:
    net, before = trained(), state(trained())
    data = splits()
    data["calibration"] = (data["calibration"][0][:, :, :4], data["calibration"][1])
    with pytest.raises(DataMismatch, match="Expected the model to run on this data"):
        ps.sweep(net, data, folder=tmp_path / "s", **QUICK)
    assert net.training
    assert same(net, before)


def test_the_second_call_measures_only_what_is_missing(made: Path, tmp_path: Path) -> None:
    written = {path: path.stat().st_mtime_ns for path in made.glob("measurements/*.parquet")}
    study = ps.sweep(
        trained(), splits(), methods=["magnitude"], sparsities=[0.3, 0.5], folder=made,
        progress=Silent(),
    )  # fmt: skip
    assert {p: p.stat().st_mtime_ns for p in made.glob("measurements/*.parquet")} == written
    assert len(study.curves) == 10  # three layers and two groups at two sparsities


def test_other_weights_are_refused(made: Path) -> None:
    torch.manual_seed(1)
    with pytest.raises(ForeignStudy, match="its weights differ"):
        ps.sweep(Net(), splits(), folder=made, **QUICK)


def test_the_study_keeps_network_and_data_by_names_that_move_with_it(made: Path) -> None:
    manifest = StudyFolder.open(made).manifest
    assert (manifest.reference.model, manifest.reference.data) == (
        "study:Net.pt2",
        "study:data.safetensors",
    )
    assert str(made.parent) not in (made / "study.json").read_text()
    again = prepare(manifest.reference, made).manifest
    assert again.fingerprint == manifest.fingerprint


def test_the_fingerprint_is_that_of_the_same_model_by_reference(made: Path, write) -> None:
    torch.save(trained().state_dict(), made.parent / "net.pt")
    file = write(
        "mine.py",
        "from tests.analysis.api.digits import Net, splits\nbuild = Net\ndata = splits\n",
    )
    reference = ps.open(made).manifest.reference.__class__(
        f"{file}:build", f"{file}:data", weights=str(made.parent / "net.pt")
    )
    assert prepare(reference).manifest.fingerprint == ps.open(made).manifest.fingerprint


def test_arrays_datasets_and_shuffled_loaders_are_the_same_data() -> None:
    data = splits()
    expected = data_hash(live_splits(data))
    arrays = {name: (x.numpy(), y.numpy()) for name, (x, y) in data.items()}
    tensors = {name: TensorDataset(x, y) for name, (x, y) in data.items()}
    singles = {name: Digits(x, y) for name, (x, y) in data.items()}
    loaders = {
        name: DataLoader(Digits(x, y), batch_size=33, shuffle=True, drop_last=True)
        for name, (x, y) in data.items()
    }
    for form in (arrays, tensors, singles, loaders):
        assert data_hash(live_splits(form)) == expected


def test_reading_leaves_the_random_state_alone() -> None:
    torch.manual_seed(3)
    np.random.seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].copy()
    live_splits({name: Digits(x, y) for name, (x, y) in splits().items()})
    assert torch.equal(torch.get_rng_state(), before[0])
    assert (np.random.get_state()[1] == before[1]).all()


def test_one_set_of_samples_is_cut_in_three_disjoint_ones_alike_each_time() -> None:
    numbered = torch.arange(100.0)[:, None]
    first, second = (
        live_splits((numbered, torch.arange(100))),
        live_splits(TensorDataset(numbered, torch.arange(100))),
    )
    sizes = [len(first.named(name)) for name in ("calibration", "validation", "test")]
    assert sizes == [20, 40, 40]
    assert data_hash(first) == data_hash(second)
    together = torch.cat([first.calibration.targets, first.validation.targets, first.test.targets])
    assert together.sort().values.tolist() == list(range(100))


def test_without_a_test_split_half_of_validation_is_held_back() -> None:
    x = torch.arange(30.0)[:, None]
    found = live_splits({"train": (x, x.long()), "val": (x, x.long())})
    assert (len(found.validation), len(found.test)) == (15, 15)
    assert not set(found.validation.targets.tolist()) & set(found.test.targets.tolist())


def test_a_subset_of_a_loader_is_only_that() -> None:
    x, y = splits()["test"]
    found = live_splits(Subset(TensorDataset(x, y), range(50)))
    assert sum(len(found.named(name)) for name in ("calibration", "validation", "test")) == 50


def test_dict_inputs_are_named_arguments(tmp_path: Path) -> None:
    torch.manual_seed(0)
    data = {
        name: ({"pixels": x.flatten(1), "scale": torch.ones(len(x), 1)}, y)
        for name, (x, y) in splits().items()
    }
    study = ps.sweep(Scaled(), data, folder=tmp_path / "s", **QUICK)
    assert set(study.curves["subject"]) == {"first", "last"}
    fresh = ps.open(tmp_path / "s")  # what it keeps has the same named inputs
    plan = fresh.plan({"first": 0.5})
    assert fresh.verify(plan, progress=Silent()).samples == 200


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"train": (torch.ones(9, 1), torch.ones(9))}, "Add validation, or give one set"),
        ({"train": 1, "val": 1, "extra": 1}, "Leave extra out"),
        ((torch.ones(3, 1), torch.ones(3)), "Expected at least 5 samples to cut"),
        ((torch.ones(9, 1), torch.ones(8)), "the lengths are 8, 9"),
        (42, r"a Dataset or a DataLoader, but got int"),
        ((torch.full((9, 1), torch.nan), torch.ones(9)), "some are NaN or infinite"),
    ],
)
def test_what_is_no_data_is_refused_in_a_sentence(data, sentence: str) -> None:
    with pytest.raises((BadValue, DataMismatch), match=sentence):
        live_splits(data)


def test_data_past_the_limit_is_not_kept_and_says_what_that_means(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="The data is not kept: .*more than keep_data"):
        study = ps.sweep(trained(), splits(), folder=tmp_path / "s", keep_data=1000, **QUICK)
    assert study.manifest.reference.data == "live:data"
    assert study.verify(study.plan({"fc": 0.5}), progress=Silent()).samples == 200
    with pytest.raises(Exception, match="given as a live object in Python"):
        ps.open(tmp_path / "s").verify(study.plan({"fc": 0.5}), progress=Silent())
    kept = ps.sweep(trained(), splits(), folder=tmp_path / "s", **QUICK)  # later it may
    assert kept.manifest.reference.data == "study:data.safetensors"
    assert (tmp_path / "s/data.safetensors").is_file()


def test_a_model_without_a_graph_is_measured_but_not_kept(tmp_path: Path) -> None:
    class Branching(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(64, 10)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x if float(x.sum()) > 0 else -x)

    torch.manual_seed(0)
    data = {name: (x.flatten(1), y) for name, (x, y) in splits().items()}
    with pytest.warns(UserWarning, match="The model is not kept: Expected a model that torch"):
        study = ps.sweep(Branching(), data, folder=tmp_path / "s", **QUICK)
    assert study.manifest.reference.model == "live:Branching"
    assert len(study.curves) == 1


def test_a_live_metric_is_the_one_of_its_file_and_a_cell_s_is_told_from_a_changed_one(
    tmp_path: Path,
) -> None:
    study = ps.sweep(trained(), splits(), folder=tmp_path / "s", metric=confidence, **QUICK)
    assert study.manifest.reference.metric == "tests/analysis/api/test_live.py:confidence"
    assert study.manifest.parts["metric"] == source_hash(confidence)
    assert 0.5 < study.baseline.score < 1
    cell = "def score(outputs, targets):\n    return (outputs.argmax(1) == targets) * {}"
    hashes = []
    for factor in (1.0, 2.0, 1.0):
        space: dict = {"__name__": "__main__"}
        exec(cell.format(factor), space)
        found = live_metric(space["score"], labelled=True)
        assert found.name == "live:score"
        hashes.append(found.identity)
    assert hashes[0] == hashes[2] != hashes[1]


def confidence(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return outputs.softmax(1)[torch.arange(len(targets)), targets]


def test_wrapped_and_compiled_modules_are_their_inner_ones(made: Path) -> None:
    fingerprint = ps.open(made).manifest.fingerprint
    for wrapped in (nn.DataParallel(trained()), torch.compile(trained())):
        study = ps.sweep(wrapped, splits(), folder=made, **QUICK)
        assert study.manifest.fingerprint == fingerprint


def test_references_alone_are_as_on_the_command_line(tiny, tmp_path: Path) -> None:
    study = ps.sweep(tiny.model, tiny.data, folder=tmp_path / "s", **QUICK)
    assert replace(study.manifest.reference, own_network=None) == tiny
    assert set(study.curves["subject"]) == {"conv", "mix", "head"}
    more = study.sweep(["l1@channel"], [0.5], progress=Silent())
    assert more is study
    assert set(study.curves["method"]) == {"magnitude", "l1@channel"}
    with pytest.raises(BadValue, match="Expected data to evaluate on"):
        ps.sweep(tiny.model, folder=tmp_path / "t", **QUICK)


class Attending(nn.Module):
    """A graph whose operators get other names when its program is captured again."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, 16, 2, 2)
        self.token = nn.Parameter(torch.zeros(1, 1, 16))
        self.encoder = nn.TransformerEncoderLayer(16, 2, 32, batch_first=True)
        self.head = nn.Linear(16, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        count = images.shape[0]
        tokens = self.patch(images).reshape(count, 16, 16).permute(0, 2, 1)
        tokens = torch.cat([self.token.expand(count, -1, -1), tokens], 1)
        return self.head(self.encoder(tokens)[:, 0])


def test_the_study_is_about_the_module_also_where_a_program_reads_otherwise(
    tmp_path: Path,
) -> None:
    torch.manual_seed(0)
    net, data = Attending(), splits()
    first = ps.sweep(net, data, folder=tmp_path / "s", **QUICK).manifest
    live = build_network(copied_model(net), data["test"][0][:2])
    assert network_parts(live)["graph"] == first.parts["graph"]
    again = ps.sweep(net, data, folder=tmp_path / "s", **QUICK)
    assert again.manifest.fingerprint == first.fingerprint
    study = ps.open(tmp_path / "s")
    assert study.verify(study.plan({"head": 0.5}), progress=Silent()).samples == 200


def test_a_study_of_before_is_about_the_program_that_it_keeps(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net, data, folder = Attending(), live_splits(splits()), tmp_path / "s"
    live = build_network(copied_model(net), example_of(data.calibration))
    folder.mkdir()
    pt2.write(pt2.exported(live.captured), folder / "Attending.pt2")
    write_splits(data, folder / "data.safetensors")
    program = build_network(load_program(folder / "Attending.pt2"), example_of(data.calibration))
    assert network_parts(program)["graph"] != network_parts(live)["graph"]
    reference = Reference("study:Attending.pt2", "study:data.safetensors")
    bench = assemble(reference, program, data, load_metric("top-1", True))
    StudyFolder.create(folder, bench.manifest)
    study = ps.open(folder)
    assert study.verify(study.plan({"head": ("magnitude", 0.5)}), progress=Silent()).samples == 200
    again = ps.sweep(net, splits(), folder=folder, **QUICK)
    assert again.manifest.fingerprint == bench.manifest.fingerprint
