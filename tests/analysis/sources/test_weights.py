"""Weights from files: poured exactly, damaged ones refused, code in them never run."""

import contextlib
import os
import pickle
import zipfile

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from prunescope.errors import BadReference, DamagedFile, DataMismatch, UnsafeFile
from prunescope.sources.models import load_model
from prunescope.sources.weights import load_weights, pour
from prunescope.study import Reference


class RunsCode:
    """An object whose unpickling writes a file: proof that code ran."""

    def __init__(self, proof):
        self.proof = str(proof)

    def __reduce__(self):
        return (os.mkdir, (self.proof,))


@pytest.fixture
def net():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("form", ["safetensors", "state dict", "checkpoint", "parallel"])
def test_every_form_pours_bit_for_bit(tmp_path, net, form):
    state = net.state_dict()
    path = tmp_path / ("w.safetensors" if form == "safetensors" else "w.pt")
    if form == "safetensors":
        save_file(state, path)
    elif form == "checkpoint":
        torch.save({"epoch": 3, "state_dict": state}, path)
    elif form == "parallel":
        torch.save({f"module.{name}": tensor for name, tensor in state.items()}, path)
    else:
        torch.save(state, path)
    fresh = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2))
    assert not equal(fresh.state_dict(), state)
    pour(fresh, load_weights(path), "w")
    assert equal(fresh.state_dict(), state)


def test_weights_for_a_reference(tmp_path, tiny_file):
    torch.manual_seed(3)
    other = {name: torch.randn(t.shape) for name, t in load_model(
        Reference(f"{tiny_file}:build", "")).state_dict().items()}  # fmt: skip
    save_file(other, tmp_path / "w.safetensors")
    model = load_model(Reference(f"{tiny_file}:build", "", weights=f"{tmp_path}/w.safetensors"))
    assert equal(model.state_dict(), other)


def test_tied_weights_need_one_name(tmp_path):
    """safetensors.torch.save_model stores shared tensors once."""

    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(5, 3)
            self.head = nn.Linear(3, 5, bias=False)
            self.head.weight = self.embed.weight

    weight = torch.randn(5, 3)
    save_file({"embed.weight": weight}, tmp_path / "w.safetensors")
    model = Tied()
    pour(model, load_weights(tmp_path / "w.safetensors"), "w")
    assert torch.equal(model.head.weight, weight)
    assert model.head.weight is model.embed.weight


@pytest.mark.parametrize("form", ["zip", "pickle", "module"])
def test_a_pickle_is_refused_and_its_code_does_not_run(tmp_path, form):
    proof, path = tmp_path / "it-ran", tmp_path / "w.pt"
    if form == "zip":
        torch.save({"a": RunsCode(proof)}, path)
    elif form == "pickle":
        path.write_bytes(pickle.dumps({"a": RunsCode(proof)}))
    else:
        torch.save(nn.Linear(2, 2), path)
    with pytest.raises(UnsafeFile, match=r"to hold only tensors.*safetensors\.torch\.save_file"):
        load_weights(path)
    assert not proof.exists()
    if form != "module":  # the twin: unpickled carelessly, it would have run
        with contextlib.suppress(RuntimeError):
            torch.load(path, weights_only=False)
        assert proof.exists()


def test_a_pickle_named_safetensors_is_damage(tmp_path):
    proof, path = tmp_path / "it-ran", tmp_path / "w.safetensors"
    path.write_bytes(pickle.dumps({"a": RunsCode(proof)}))
    with pytest.raises(DamagedFile, match="to be a safetensors file, but got"):
        load_weights(path)
    assert not proof.exists()


@pytest.mark.parametrize("cut", [0, 4, 60, -3])
def test_damaged_safetensors_are_refused(tmp_path, net, cut):
    path = tmp_path / "w.safetensors"
    save_file(net.state_dict(), path)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DamagedFile, match=r"Download or save it again\."):
        load_weights(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 cut", b"hello, this is text", "cut"])
def test_a_damaged_state_dict_is_refused(tmp_path, net, content):
    path = tmp_path / "w.pt"
    torch.save(net.state_dict(), path)
    path.write_bytes(path.read_bytes()[:900] if content == "cut" else content)
    with pytest.raises(DamagedFile, match=r"Save it again with safetensors"):
        load_weights(path)


def test_an_archive_that_claims_too_much_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "w.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"0" * 10_000)
    monkeypatch.setattr("prunescope.sources.weights._SPARE", 0)
    with pytest.raises(UnsafeFile, match="but it unpacks to 10,000 bytes and at most"):
        load_weights(path)


def test_what_is_no_state_dict_is_refused(tmp_path):
    torch.save([torch.ones(2)], tmp_path / "w.pt")
    with pytest.raises(DamagedFile, match=r"to hold a state dict.*but got list\."):
        load_weights(tmp_path / "w.pt")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadReference, match=r"but there is no such file\. Check the path\."):
        load_weights(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("missing", r"1 are missing \(first 2\.bias \(2,\); nearest in the file: 0\.bias \(4,\)"),
        ("extra", r"1 are unknown \(first more\)"),
        ("shape", r"1 have another shape \(0\.weight is \(4, 9\), not \(4, 3\)\)"),
    ],
)
def test_weights_of_another_architecture_name_the_first_difference(net, change, message):
    state, before = net.state_dict(), {n: t.clone() for n, t in net.state_dict().items()}
    if change == "missing":
        del state["2.bias"]
    elif change == "extra":
        state["more"] = torch.ones(1)
    else:
        state["0.weight"] = torch.ones(4, 9)
    with pytest.raises(DataMismatch, match=message):
        pour(net, state, "w.pt")
    assert equal(net.state_dict(), before)
