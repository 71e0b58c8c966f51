"""Code that a study names runs where the owner vouched for exactly that code."""

from pathlib import Path

import pytest

from prunescope.errors import NotTrusted
from prunescope.store.trust import MODELS, code_of, require_vouched, vouch
from prunescope.study import Reference


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(MODELS, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state"


@pytest.mark.parametrize(
    "reference",
    [
        Reference("sample:mlp", "sample:fashion-mnist"),
        Reference("torchvision:resnet18", "imagefolder:pictures?size=32", "top-5"),
        Reference("sample:mlp", "images.npz", "agreement", weights="w.safetensors"),
        Reference("net.pt2", "images.npz"),
        Reference("study:Net.pt2", "study:data.npz"),
    ],
)
def test_what_runs_nothing_needs_no_word(reference: Reference) -> None:
    assert code_of(reference) == ()
    assert require_vouched(reference) is reference


@pytest.mark.parametrize(
    "reference",
    [
        Reference("http.server:test", "sample:fashion-mnist"),
        Reference("net.py:build", "sample:fashion-mnist"),
        Reference("sample:mlp", "net.py:data"),
        Reference("sample:mlp", "http.server:test"),
        Reference("sample:mlp", "sample:fashion-mnist", "net.py:score"),
        Reference("sample:mlp", "sample:fashion-mnist", "sample:mlp"),
    ],
)
def test_code_needs_the_owners_word_once(reference: Reference, own_state: Path) -> None:
    with pytest.raises(NotTrusted, match="prunescope trust STUDY"):
        require_vouched(reference)
    vouch(reference)
    assert require_vouched(reference) is reference
    assert all(path.stat().st_uid == own_state.stat().st_uid for path in own_state.rglob("*"))


def test_the_word_holds_for_that_place_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vouch(Reference("net.py:build", "sample:fashion-mnist"))
    vouch(Reference("package.nets:build", "sample:fashion-mnist"))
    require_vouched(Reference(str(tmp_path / "net.py") + ":build", "x.npz"))  # the same file
    for other in ("net.py:other", "sub/net.py:build", "package.nets:other"):
        with pytest.raises(NotTrusted):
            require_vouched(Reference(other, "x.npz"))
    foreign = tmp_path / "sent"
    (foreign / "package").mkdir(parents=True)
    monkeypatch.chdir(foreign)  # ships files of the same names
    for same in ("net.py:build", "package.nets:build"):
        with pytest.raises(NotTrusted):
            require_vouched(Reference(same, "x.npz"))


def test_files_of_the_offered_folder_need_no_other_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    monkeypatch.setenv(MODELS, str(folder))
    require_vouched(Reference(f"{folder}/net.py:build", f"{folder}/data.py:splits"))
    require_vouched(Reference(f"{folder}/net.pt2", "x.npz"))
    for outside in (f"{folder}/../net.py:build", f"{folder}s/net.py:build", "models:build"):
        with pytest.raises(NotTrusted):
            require_vouched(Reference(outside, "x.npz"))
    (folder / "link.py").symlink_to(tmp_path / "net.py")
    with pytest.raises(NotTrusted):
        require_vouched(Reference(f"{folder}/link.py:build", "x.npz"))


def test_without_a_home_nothing_is_kept_and_nothing_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    reference = Reference("net.py:build", "x.npz")
    vouch(reference)
    with pytest.raises(NotTrusted):
        require_vouched(reference)
