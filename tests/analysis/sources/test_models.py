"""Models from every form of reference."""

import pickle
import zipfile
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from prunescope.bench.inspection import inspect_network
from prunescope.errors import BadReference, BadValue, DamagedFile, UnknownName, UnsafeFile
from prunescope.sources.live_model import copied_model
from prunescope.sources.models import load_model
from prunescope.study import Reference
from tests.analysis.sources.test_weights import RunsCode


def model(reference, **more):
    return load_model(Reference(reference, "", **more))


def test_a_sample_model_is_trained_and_in_evaluation_mode():
    found = model("sample:mlp")
    assert not found.training
    assert all(parameter.requires_grad for parameter in found.parameters())


def test_a_random_torchvision_model_is_the_same_each_time_and_loads_nothing(monkeypatch):
    monkeypatch.setattr("torch.hub.load_state_dict_from_url", lambda *a, **k: pytest.fail("load"))
    one, other = (model("torchvision:squeezenet1_1", random=True) for _ in range(2))
    for a, b in zip(one.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)


def test_torchvision_weights_that_cannot_download_say_what_to_do(monkeypatch):
    from urllib.error import URLError

    def offline(*args, **kwargs):
        raise URLError("no network")

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    with pytest.raises(BadReference, match=r"no network.*--weights, or take random .* --random"):
        model("torchvision:squeezenet1_1")


def test_a_function_in_a_file_is_built_the_same_each_time(tiny_file):
    one, other = (model(f"{tiny_file}:build") for _ in range(2))
    assert torch.equal(one.head.weight, other.head.weight)
    assert not one.training


def test_a_frozen_parameter_can_still_be_scored(write):
    path = write(
        "m.py",
        "from torch import nn\n\ndef f():\n    return nn.Linear(2, 2).requires_grad_(False)\n",
    )
    assert model(f"{path}:f").weight.requires_grad


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ("sample:resnet21", UnknownName, r"sample model .*'resnet21'\. Closest: resnet20"),
        ("torchvision:resnet51", UnknownName, "torchvision model .* Closest: resnet5"),
        ("resnet20", BadReference, r"Expected a model as sample:NAME.*sample:resnet20"),
        ("", BadReference, "Expected a model as"),
        ("model.onnx", BadReference, "Expected a model as"),
        ("none.pt2", BadReference, r"to be a \.pt2 file, but it does not exist\."),
    ],
)
def test_unknown_references_say_what_exists(reference, kind, message):
    with pytest.raises(kind, match=message):
        model(reference)


def test_a_function_that_returns_no_model(write):
    path = write("m.py", "def f():\n    return 3\n\ndef g(n):\n    return n\n")
    with pytest.raises(BadValue, match=r"to return an nn\.Module, but got int\."):
        model(f"{path}:f")
    with pytest.raises(BadReference, match=r"TypeError: .* Give its arguments defaults\."):
        model(f"{path}:g")


@pytest.fixture
def program(tmp_path):
    torch.manual_seed(2)
    net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).eval()
    batch = torch.export.Dim("batch")
    exported = torch.export.export(net, (torch.ones(2, 3),), dynamic_shapes=({0: batch},))
    torch.export.save(exported, tmp_path / "m.pt2")
    return tmp_path / "m.pt2", net


def test_a_program_gives_the_model_s_outputs(program):
    path, net = program
    found = model(str(path))
    inputs = torch.randn(5, 3)
    assert torch.equal(found(inputs), net(inputs))
    assert set(dict(found.named_parameters())) == set(dict(net.named_parameters()))


def rewritten(path, change):
    """Copy an archive entry by entry; ``change`` maps (name, content) to new content or None."""
    with zipfile.ZipFile(path) as archive:
        entries = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            changed = change(name, content)
            if changed is not None:
                archive.writestr(name, changed)


def test_a_program_whose_inputs_are_a_pickle_does_not_run_it(program, tmp_path):
    """torch.export.load unpickles without limits what weights_only refuses."""
    proof, (path, _) = tmp_path / "it-ran", program
    torch.save({"a": RunsCode(proof)}, tmp_path / "evil.pt")
    evil = (tmp_path / "evil.pt").read_bytes()
    rewritten(path, lambda name, old: evil if "sample_inputs" in name else old)
    with pytest.raises(
        UnsafeFile, match=r"data/sample_inputs/model\.pt\), which could run code when loaded"
    ):
        model(str(path))
    assert not proof.exists()


def test_a_program_with_a_pickled_weight_does_not_run_it(program, tmp_path):
    proof, (path, _) = tmp_path / "it-ran", program
    evil = pickle.dumps(RunsCode(proof))

    def change(name, content):
        if name.endswith("model_weights_config.json"):
            return content.replace(b'"use_pickle": false', b'"use_pickle": true')
        return evil if name.endswith("weight_0") else content

    rewritten(path, change)
    with pytest.raises(UnsafeFile, match=r"is a pickled object \(at data/weights/.*could run code"):
        model(str(path))
    assert not proof.exists()


@pytest.mark.parametrize("name", ["m/data/constants/opaque_obj_0", "m/data/aotinductor/x.so", "x"])
def test_a_program_with_more_than_tensors_and_a_graph_is_refused(program, name):
    path, _ = program
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(UnsafeFile, match="could run code when loaded"):
        model(str(path))


@pytest.mark.parametrize("content", [b"", b"not a program", "cut", "no graph"])
def test_a_damaged_program_is_refused(program, content):
    path, _ = program
    if content == "cut":
        path.write_bytes(path.read_bytes()[:2000])
    elif content == "no graph":
        rewritten(path, lambda name, old: b"{}" if "models/" in name else old)
    else:
        path.write_bytes(content)
    with pytest.raises((DamagedFile, BadReference), match=r"Export (it|the model) again"):
        model(str(path))


def test_masks_of_torch_s_pruning_become_zeros_in_a_copy() -> None:
    model = nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    prune.l1_unstructured(model[0], "weight", 0.5)
    made = copied_model(model)
    assert set(dict(made.named_parameters())) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    assert int((made[0].weight == 0).sum()) == 20
    assert prune.is_pruned(model)  # the user's own was only read
    found = inspect_network(Reference("masked", ""), made, torch.randn(2, 5))
    assert [group.name for group in found.groups if group.reason is None] == ["0"]


@pytest.mark.parametrize("make", [torch.jit.script, lambda m: torch.jit.trace(m, torch.ones(2, 5))])
@pytest.mark.filterwarnings("ignore")  # torch.jit says that it is deprecated
def test_torchscript_is_refused_with_the_next_step(make: Any) -> None:
    scripted = make(nn.Sequential(nn.Linear(5, 3)).eval())
    with pytest.raises(BadValue, match="as it is before torch.jit.script or torch.jit.trace"):
        copied_model(scripted)
