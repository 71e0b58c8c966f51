"""Models by the names that people use, with random weights; nothing is downloaded here."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import prunescope as ps
from prunescope.bench.inspection import inspect_model
from prunescope.errors import BadReference, DataMismatch, NotTrusted, UnknownName
from prunescope.model_kinds.kind import ModelKind
from prunescope.model_kinds.registry import REGISTRY, forms, kind_of
from prunescope.progress import Silent
from prunescope.sources.models import load_model
from prunescope.sources.preprocessing import own_preprocessing
from prunescope.store.trust import code_of, require_vouched, vouch
from prunescope.study import Reference
from tests.analysis.cli.command import Command

QUICK = {"methods": ["l1@channel"], "sparsities": [0.5], "progress": Silent()}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as ``save_pretrained`` leaves it: a configuration and two shards."""
    transformers = pytest.importorskip("transformers")
    config = transformers.BertConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=24,
        vocab_size=40, max_position_embeddings=16, num_labels=3,
    )  # fmt: skip
    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("hub") / "bert"
    made = transformers.BertForSequenceClassification(config)
    made.save_pretrained(folder, max_shard_size="10kB")
    return folder


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Token data for it, as a function: named inputs."""
    file = tmp_path_factory.mktemp("data") / "tokens.py"
    file.write_text(
        "import torch\n"
        "def splits():\n"
        "    made = torch.Generator().manual_seed(1)\n"
        "    part = lambda n: ({'input_ids': torch.randint(0, 40, (n, 9), generator=made)},\n"
        "                      torch.arange(n) % 3)\n"
        "    return {'calibration': part(24), 'validation': part(30), 'test': part(12)}\n"
        "def margin(outputs, targets):\n"
        "    return outputs.logits.gather(1, targets[:, None])[:, 0]\n"
    )
    return f"{file}:splits"


def test_the_list_of_forms_is_the_registry_s() -> None:
    assert forms().startswith("sample:NAME, torchvision:NAME, timm:NAME, hf:ID-OR-FOLDER")
    with pytest.raises(BadReference, match="timm:NAME, hf:ID-OR-FOLDER, ultralytics:NAME"):
        load_model(Reference("nonsense", ""))


def test_a_new_kind_is_one_object() -> None:
    class Lines(ModelKind):
        name, form, downloads = "lines", "lines:WIDTH", False

        def load(self, name: str, random: bool) -> nn.Module:
            return nn.Sequential(nn.Linear(3, int(name)), nn.Linear(int(name), 2))

        def example(self, name: str) -> torch.Tensor:
            return torch.randn(2, 3)

    REGISTRY.register(Lines())
    try:
        assert "lines:WIDTH" in forms()
        assert inspect_model(Reference("lines:7", "")).parameters == 44
        assert code_of(Reference("lines:7", "x.npz")) == ()
    finally:
        REGISTRY.unregister("lines")
    assert kind_of("lines:7") is None


def test_timm_random_and_with_a_file_of_weights(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    name = "timm:resnet10t"
    one, other = (load_model(Reference(name, "", random=True)) for _ in range(2))
    assert all(map(torch.equal, one.parameters(), other.parameters()))
    torch.manual_seed(9)
    save_file(timm.create_model("resnet10t").state_dict(), tmp_path / "w.safetensors")
    poured = load_model(Reference(name, "", weights=str(tmp_path / "w.safetensors")))
    assert not torch.equal(poured.fc.weight, one.fc.weight)
    with pytest.raises(UnknownName, match="Closest: resnet18"):
        load_model(Reference("timm:resnet19", "", random=True))
    assert kind_of(name)[0].example("resnet10t").shape[1:] == (3, 176, 176)
    assert "Normalize" in repr(own_preprocessing("timm:resnet10t"))


def test_weights_that_cannot_download_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("timm")

    def offline(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("timm.models._builder.load_pretrained", offline)
    with pytest.raises(BadReference, match=r"huggingface.co, but got: no network.*--random"):
        load_model(Reference("timm:resnet10t", ""))


def test_a_package_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("prunescope.model_kinds.kind.find_spec", lambda name: None)
    for name, package in (("timm:x", "timm"), ("hf:a/b", "transformers"),
                          ("ultralytics:yolo11n", "ultralytics")):  # fmt: skip
        with pytest.raises(BadReference, match=f"Install it: pip install {package}"):
            load_model(Reference(name, "", random=True))


def test_a_folder_of_transformers_is_studied_and_exported(
    bert: Path, tokens: str, tmp_path: Path
) -> None:
    import transformers

    model = load_model(Reference(f"hf:{bert}", ""))
    assert type(model).__name__ == "BertForSequenceClassification"
    own = transformers.BertForSequenceClassification.from_pretrained(bert).eval()
    ids = torch.randint(0, 40, (2, 9))
    assert torch.equal(model(input_ids=ids).logits, own(input_ids=ids).logits)
    metric = tokens.replace(":splits", ":margin")  # reads outputs.logits
    study = ps.sweep(f"hf:{bert}", tokens, folder=tmp_path / "s", metric=metric, **QUICK)
    assert study.manifest.reference.own_network is not None
    study = ps.open(tmp_path / "s")  # from the network that it keeps
    group = study.manifest.removable("channel")[0].name
    report = study.export(
        study.plan({group: ("l1@channel", 0.5)}), tmp_path / "out", ("pt2",), progress=Silent()
    )
    assert report.ok, [each.reason for each in report.formats]
    answers = torch.export.load(tmp_path / "out/model.pt2").module()(input_ids=ids)
    assert type(answers).__module__ == "collections"  # no class that only transformers has
    assert list(answers) == ["logits"]


def test_the_commands_take_these_names(
    run: Command, bert: Path, tokens: str, tmp_path: Path
) -> None:
    assert "attention.self.query" in run("inspect", f"hf:{bert}").out
    done = run(
        "sweep", f"hf:{bert}", "--random", "--data", tokens, "--study", tmp_path / "r",
        "--methods", "magnitude", "--sparsities", "0.5", "--layers", "classifier",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "The study keeps its network" in done.err
    assert "hf:ID-OR-FOLDER" in run("inspect", "--help").out.replace("\n", " ")


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hf:/no/such/folder", "there is no such folder"),
        ("hf:", "a folder or an id of the Hub"),
    ],
)
def test_folders_that_hold_no_model_are_refused(name: str, sentence: str) -> None:
    pytest.importorskip("transformers")
    with pytest.raises(BadReference, match=sentence):
        load_model(Reference(name, ""))


def test_a_folder_without_safetensors_or_configuration_is_refused(
    bert: Path, tmp_path: Path
) -> None:
    with pytest.raises(BadReference, match="it has no config.json"):
        load_model(Reference(f"hf:{tmp_path}", ""))
    (tmp_path / "config.json").write_bytes((bert / "config.json").read_bytes())
    with pytest.raises(BadReference, match="hold weights as .safetensors"):
        load_model(Reference(f"hf:{tmp_path}", ""))
    assert load_model(Reference(f"hf:{tmp_path}", "", random=True)).config.hidden_size == 16


HUB = '''\
from torch import nn

dependencies = ["torch"]


def small(pretrained=False):
    """A small one."""
    return nn.Sequential(nn.Linear(4, 6 if pretrained else 5), nn.ReLU(), nn.LazyLinear(2))


def fixed():
    return nn.Linear(4, 2)
'''


def test_torchhub_runs_code_only_on_a_word(tmp_path: Path) -> None:
    (tmp_path / "hubconf.py").write_text(HUB.replace("nn.LazyLinear(2)", "nn.Identity()"))
    reference = Reference(f"torchhub:{tmp_path}:small", "x.npz", random=True)
    assert code_of(reference) == (f"torchhub:{tmp_path}:small",)
    with pytest.raises(NotTrusted, match="torchhub"):
        require_vouched(reference)
    vouch(reference)
    require_vouched(reference)
    assert load_model(reference)[0].out_features == 5
    assert load_model(Reference(reference.model, ""))[0].out_features == 6
    assert load_model(Reference(f"torchhub:{tmp_path}:fixed", "")).out_features == 2
    with pytest.raises(BadReference, match="Expected an entry point of"):
        load_model(Reference(f"torchhub:{tmp_path}:absent", ""))
    with pytest.raises(BadReference, match="OWNER/REPO:ENTRY"):
        load_model(Reference("torchhub:nowhere", ""))


def test_ultralytics_wants_tensors_or_random_weights(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics")
    with pytest.raises(BadReference, match="publishes weights as pickled objects"):
        load_model(Reference("ultralytics:yolo11n", ""))
    with pytest.raises(BadReference, match="Leave out what ends in"):
        load_model(Reference("ultralytics:yolo11n.pt", "", random=True))
    save_file({"x": torch.zeros(1)}, tmp_path / "w.safetensors")
    with pytest.raises(DataMismatch, match="Give the weights of this architecture"):
        load_model(Reference("ultralytics:yolo11n", "", weights=str(tmp_path / "w.safetensors")))


def test_ultralytics_is_swept(run: Command, tmp_path: Path) -> None:
    pytest.importorskip("ultralytics")
    file = tmp_path / "scenes.py"
    file.write_text(
        "def far(outputs, targets):\n"
        "    return -outputs[0].flatten(1).abs().mean(1)\n"
    )  # fmt: skip
    made = np.random.default_rng(0)
    parts = {
        f"{split}_{what}": made.random((4, 3, 32, 32), dtype=np.float32)
        if what == "inputs" else np.arange(4)
        for split in ("calibration", "validation", "test") for what in ("inputs", "targets")
    }  # fmt: skip
    np.savez(tmp_path / "scenes.npz", **parts)
    done = run(
        "sweep", "ultralytics:yolo11n", "--random", "--data", tmp_path / "scenes.npz", "--study",
        tmp_path / "s", "--metric", f"{file}:far", "--methods", "l1@channel", "--sparsities", "0.5",
        "--layers", "model.0.conv",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "1 point measured" in done.err
    assert "The study keeps its network" in done.err


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("resnet18", (2, 3, 224, 224)), ("fcn_resnet50", (2, 3, 520, 520)),
        ("r3d_18", (2, 3, 16, 112, 112)), ("ssdlite320_mobilenet_v3_large", (2, 3, 320, 320)),
    ],
)  # fmt: skip
def test_every_task_of_torchvision_has_an_example(name: str, shape: tuple[int, ...]) -> None:
    named = kind_of(f"torchvision:{name}")
    assert named is not None
    assert tuple(named[0].example(name).shape) == shape


def test_random_weights_of_a_detector_download_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", offline)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", offline)
    model = load_model(Reference("torchvision:ssdlite320_mobilenet_v3_large", "", random=True))
    assert model.backbone is not None
