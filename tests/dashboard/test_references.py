"""The page begins studies from what its owner offers, and from nothing else."""

import socket
import sys
from pathlib import Path

import pytest

from prunescope.commands import Sweep
from prunescope.dashboard.views.study.offered_models import SAMPLES, offer
from prunescope.errors import BadReference
from prunescope.sample_models.samples import NAMES
from prunescope.store.trust import MODELS
from tests.dashboard.page import Open, press_with

RUNS = """
import pathlib
pathlib.Path(__file__).with_name("ran").touch()

def build(width=4):
    ...

def data():
    ...

def score(outputs, targets):
    ...

def needs(path):
    ...

def _own():
    ...
"""
START = "prunescope.dashboard.views.study.new_study.start"


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder as an owner might offer it, with things that are not to be offered."""
    folder = tmp_path / "models"
    (folder / "photos" / "cats").mkdir(parents=True)
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "nets.py").write_text(RUNS)
    (folder / "broken.py").write_text("def (")
    (folder / ".hidden.py").write_text("def build(): ...")
    (folder / "deep" / "more.py").write_text("def build(): ...")
    for name in ("net.pt2", "images.npz", "weights.safetensors", "notes.txt", "weights.pkl"):
        (folder / name).write_bytes(b"x")
    outside = tmp_path / "outside.py"
    outside.write_text("def build(): ...")
    (folder / "link.py").symlink_to(outside)
    return folder


def test_the_samples_are_the_ones_there_are() -> None:
    assert {name.partition(":")[2] for name in SAMPLES} == set(NAMES)


def test_the_folder_is_read_and_nothing_in_it_runs(models: Path) -> None:
    found = offer(models)
    assert set(found.models) - set(SAMPLES) == {
        "nets.py:build", "nets.py:data", "deep/more.py:build", "net.pt2",
    }  # fmt: skip
    assert {"images.npz", "imagefolder:photos", "nets.py:data"} <= set(found.data)
    assert "nets.py:score" in found.metrics
    assert "nets.py:build" not in found.metrics
    assert found.weights == ("weights.safetensors",)
    assert not (models / "ran").exists()
    assert not any("prunescope" not in name and name == "nets" for name in sys.modules)


def test_what_is_offered_becomes_a_whole_path(models: Path) -> None:
    found = offer(models)
    assert found.model("nets.py:build") == f"{models}/nets.py:build"
    assert found.datum("imagefolder:photos") == f"imagefolder:{models}/photos"
    assert found.metric("top-1") == "top-1"
    assert found.model("torchvision:resnet18") == "torchvision:resnet18"


@pytest.mark.parametrize(
    "text",
    ["http.server:test", "os:abort", "/etc/passwd", "../outside.py:build", "link.py:build",
     "outside.py:build", "nets.py:_own", "nets.py:needs", "weights.pkl", "torchvision:../x",
     "torchvision:a:b", "sample:none", "", "notes.txt", "/tmp/x.pt2"],
)  # fmt: skip
@pytest.mark.parametrize("offered", [True, False])
def test_anything_else_is_refused_alike(text: str, offered: bool, models: Path) -> None:
    found = offer(models if offered else None)
    for ask in (found.model, found.datum, found.metric, found.weight):
        with pytest.raises(BadReference, match="to be one that is offered here"):
            ask(text)


def test_what_exists_on_the_disk_is_not_told(models: Path) -> None:
    said = []
    for path in ("/etc/passwd", "/etc/passwx"):
        with pytest.raises(BadReference) as caught:
            offer(models).datum(path)
        said.append(str(caught.value).replace(path, "NAME"))
    assert said[0] == said[1]


@pytest.mark.parametrize("text", ["http.server:test", "/etc/passwd", "nets.py:build"])
def test_the_form_refuses_code_and_starts_nothing(
    text: str, tmp_path: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sweep] = []
    monkeypatch.setattr(START, lambda study, arguments: started.append(arguments))
    monkeypatch.setattr(socket.socket, "bind", lambda *_: pytest.fail("a port was opened"))
    at = open_page(tmp_path)
    press_with(at, "begin model", text, "FormSubmitter:begin-Begin and measure")
    assert "Expected model to be one that is offered here" in at.error[0].value
    assert started == []
    assert list(tmp_path.iterdir()) == []


def test_the_form_begins_what_the_owner_offers(
    tmp_path: Path, models: Path, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Sweep] = []
    monkeypatch.setattr(START, lambda study, arguments: started.append(arguments))
    monkeypatch.setenv(MODELS, str(models))
    (tmp_path / "studies").mkdir()
    at = open_page(tmp_path / "studies")
    at.selectbox(key="begin model").set_value("nets.py:build")
    at.selectbox(key="begin data").set_value("images.npz")
    at.button[-1].click().run()
    assert not at.error
    assert (started[0].model, started[0].data) == (
        f"{models}/nets.py:build", f"{models}/images.npz",
    )  # fmt: skip
