"""Checkpoints as they lie about: prefixes, entries, parts, shards. What does not fit is named."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import prune

from prunescope.errors import BadReference, DamagedFile, DataMismatch
from prunescope.sources.checkpoint_entries import state_dicts
from prunescope.sources.match_names import renamed
from prunescope.sources.models import load_model
from prunescope.sources.weights import load_weights, pour
from prunescope.study import Reference


class Net(nn.Module):
    """Names of several depths, a buffer that is no float, and a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 3, 3)
        self.body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.body(self.stem(x)).mean((2, 3)))


@pytest.fixture
def saved() -> Net:
    torch.manual_seed(5)
    return Net()


def poured(path: Path) -> dict[str, Tensor]:
    fresh = Net()
    pour(fresh, load_weights(path, fresh), str(path))
    return fresh.state_dict()


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[n], other[n]) for n in one)


@pytest.mark.parametrize(
    "prefix",
    ["module.", "model.", "_orig_mod.", "net.", "module._orig_mod.", "trainer.student.encoder."],
)
def test_a_prefix_is_left_out_whatever_it_is(saved: Net, tmp_path: Path, prefix: str) -> None:
    state = {f"{prefix}{name}": tensor for name, tensor in saved.state_dict().items()}
    save_file(state, tmp_path / "w.safetensors")
    assert same(poured(tmp_path / "w.safetensors"), saved.state_dict())


def test_what_lies_outside_of_the_prefix_is_something_else(saved: Net, tmp_path: Path) -> None:
    state = {f"model.{name}": tensor for name, tensor in saved.state_dict().items()}
    torch.save({"state_dict": state | {"loss.weight": torch.ones(2)}}, tmp_path / "w.ckpt")
    assert same(poured(tmp_path / "w.ckpt"), saved.state_dict())
    del state["model.head.bias"]  # then nothing may be left out
    torch.save({"state_dict": state | {"loss.weight": torch.ones(2)}}, tmp_path / "w.ckpt")
    with pytest.raises(
        DataMismatch, match=r"1 are missing \(first head.bias \(2,\); nearest .*los"
    ):
        poured(tmp_path / "w.ckpt")


def test_wrappers_between_names_and_prefixes_that_are_lacking(saved: Net, tmp_path: Path) -> None:
    state = saved.state_dict()
    between = {name.replace("body.", "body._orig_mod."): t for name, t in state.items()}
    save_file(between, tmp_path / "w.safetensors")
    assert same(poured(tmp_path / "w.safetensors"), state)
    outer = nn.ModuleDict({"backbone": Net()})
    pour(outer, state, "w")
    assert same(outer["backbone"].state_dict(), state)


def test_names_that_fit_are_never_changed() -> None:
    given = {"module.a": torch.ones(1), "a": torch.zeros(1)}
    assert renamed(given, given) == given


@pytest.mark.parametrize(
    "place", ["state_dict", "model", "ema", "model_state_dict", "checkpoint.model", "params"]
)
def test_the_entry_is_found_by_what_it_holds(saved: Net, tmp_path: Path, place: str) -> None:
    content: object = saved.state_dict()
    for name in reversed(place.split(".")):
        content = {name: content, "epoch": 3, "args": {"lr": 0.1, "name": "run"}}
    optimiser = torch.optim.Adam(saved.parameters()).state_dict()
    torch.save({**content, "optimizer": optimiser}, tmp_path / "w.pt")  # type: ignore[dict-item]
    assert same(poured(tmp_path / "w.pt"), saved.state_dict())


def test_trained_weights_come_before_their_average_and_the_one_that_fits_before_all(
    saved: Net, tmp_path: Path
) -> None:
    average = {name: torch.zeros_like(tensor) for name, tensor in saved.state_dict().items()}
    torch.save({"ema": average, "model": saved.state_dict()}, tmp_path / "w.pt")
    assert same(poured(tmp_path / "w.pt"), saved.state_dict())
    torch.save(
        {"generator": nn.Linear(3, 3).state_dict(), "critic": saved.state_dict()}, tmp_path / "w.pt"
    )
    assert same(poured(tmp_path / "w.pt"), saved.state_dict())
    assert [place for place, _ in state_dicts({"ema": average, "x": {"model": average}})] == [
        "x.model", "ema",
    ]  # fmt: skip


def test_masks_are_merged_behind_a_prefix_too(saved: Net, tmp_path: Path) -> None:
    for layer in (saved.stem, saved.head):
        prune.l1_unstructured(layer, "weight", 0.5)
    state = {f"module.{name}": tensor for name, tensor in saved.state_dict().items()}
    assert "module.stem.weight_mask" in state
    torch.save({"model": state}, tmp_path / "w.pt")
    found = poured(tmp_path / "w.pt")
    for layer in (saved.stem, saved.head):
        prune.remove(layer, "weight")
    assert same(found, saved.state_dict())
    assert (found["head.weight"] == 0).sum() == 4


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated")
@pytest.mark.parametrize("kind", ["weight_norm", "old weight_norm", "spectral", "old spectral"])
def test_parts_of_a_weight_are_merged(saved: Net, tmp_path: Path, kind: str) -> None:
    wrap = {
        "weight_norm": nn.utils.parametrizations.weight_norm,
        "old weight_norm": nn.utils.weight_norm,
        "spectral": nn.utils.parametrizations.spectral_norm, "old spectral": nn.utils.spectral_norm,
    }[kind]  # fmt: skip
    for layer in (saved.stem, saved.head):
        wrap(layer)
    saved.eval()
    x = torch.randn(2, 1, 8, 8)
    with torch.no_grad():
        for part in saved.parameters():
            part.mul_(1.3)
        expected = saved(x)
    torch.save(saved.state_dict(), tmp_path / "w.pt")
    fresh = Net().eval()
    pour(fresh, load_weights(tmp_path / "w.pt", fresh), "w")
    with torch.no_grad():
        assert torch.allclose(fresh(x), expected, atol=1e-6)


def test_a_parametrization_that_nobody_knows_is_named_with_what_is_near(
    saved: Net, tmp_path: Path
) -> None:
    class Half(nn.Module):
        def forward(self, weight: Tensor) -> Tensor:
            return weight / 2

    nn.utils.parametrize.register_parametrization(saved.head, "weight", Half())
    torch.save(saved.state_dict(), tmp_path / "w.pt")
    with pytest.raises(DataMismatch, match=r"head\.parametrizations\.weight\.original \(2, 4\)"):
        poured(tmp_path / "w.pt")


def test_three_nearest_names_stand_in_the_sentence(saved: Net) -> None:
    state = saved.state_dict()
    for old, new in (("head.weight", "fc.weight"), ("head.bias", "fc.bias"), ("stem.bias", "b")):
        state[new] = state.pop(old)
    sentence = (
        r"3 are missing \(first head\.bias \(2,\); nearest in the file: "
        r"fc\.bias \(2,\), b \(3,\), fc\.weight \(2, 4\)\)"
    )
    with pytest.raises(DataMismatch, match=sentence):
        pour(Net(), state, "w.pt")


def shards(folder: Path, state: dict[str, Tensor]) -> Path:
    """As ``save_pretrained`` leaves them."""
    names, places = list(state), {}
    for number, part in enumerate((names[:3], names[3:]), 1):
        file = f"model-{number:05d}-of-00002.safetensors"
        save_file({name: state[name] for name in part}, folder / file)
        places |= dict.fromkeys(part, file)
    index = folder / "model.safetensors.index.json"
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))
    return index


def test_shards_are_read_by_index_and_by_folder(saved: Net, tmp_path: Path) -> None:
    index = shards(tmp_path, saved.state_dict())
    (tmp_path / "config.json").write_text("{}")
    for path in (index, tmp_path):
        assert same(poured(path), saved.state_dict())
    index.unlink()
    assert same(poured(tmp_path), saved.state_dict())
    (tmp_path / "more.safetensors").write_bytes((tmp_path / "config.json").read_bytes())
    with pytest.raises(BadReference, match="3 of them and no index"):
        poured(tmp_path)
    save_file(saved.state_dict(), tmp_path / "model.safetensors")
    assert same(poured(tmp_path), saved.state_dict())


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('{"weight_map": {"a": "../../etc/passwd"}}', "which is no file beside it"),
        ('{"weight_map": {"a": "gone.safetensors"}}', "which is no file beside it"),
        ('{"weight_map": 3}', "it cannot be read"),
        ("{}", "it cannot be read"),
        ("not json", "Expected .* to say in which files the weights are"),
    ],
)
def test_an_index_that_leads_elsewhere_is_refused(
    tmp_path: Path, content: str, reason: str
) -> None:
    (tmp_path / "model.safetensors.index.json").write_text(content)
    with pytest.raises(DamagedFile, match=reason):
        load_weights(tmp_path)


def test_a_tensor_in_two_shards_is_refused(saved: Net, tmp_path: Path) -> None:
    shards(tmp_path, saved.state_dict())
    save_file({"head.bias": torch.ones(2)}, tmp_path / "model-00001-of-00002.safetensors")
    with pytest.raises(DamagedFile, match=r"head\.bias stands in two"):
        load_weights(tmp_path)


def test_a_model_by_reference_takes_them(tiny_file: Path, tmp_path: Path) -> None:
    state = load_model(Reference(f"{tiny_file}:build", "")).state_dict()
    wild = {f"net.{name}": tensor + 1 for name, tensor in state.items()}
    torch.save({"ema": wild}, tmp_path / "w.pt")
    model = load_model(Reference(f"{tiny_file}:build", "", weights=str(tmp_path / "w.pt")))
    assert torch.equal(model.head.bias, state["head.bias"] + 1)
    with pytest.raises(BadReference, match="Expected the folder .* but it has none. Name the file"):
        load_model(Reference(f"{tiny_file}:build", "", weights=str(tmp_path)))
