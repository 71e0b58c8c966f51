"""One file that a colleague goes on with, and files that pretend to be one."""

import json
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

import prunescope as ps
from prunescope.errors import BadReference, DamagedFile, UnsafeFile, WouldOverwrite
from prunescope.progress import Silent
from tests.analysis.api.digits import splits, trained
from tests.analysis.cli.command import Command


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A live study, with network, data and a plan."""
    folder = tmp_path_factory.mktemp("pack") / "digits"
    made = ps.sweep(
        trained(), splits(), methods=["l1@channel"], sparsities=[0.5], folder=folder,
        progress=Silent(),
    )  # fmt: skip
    made.save(made.plan({"conv1": ("l1@channel", 0.5)}), "Hälfte 1")
    return folder


@pytest.fixture(scope="module")
def packed(study: Path) -> Path:
    return ps.pack(study).path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


def altered(packed: Path, target: Path, **members: bytes | None) -> Path:
    """A copy with members added, replaced or (None) left out; ``__`` stands for ``/``."""
    changed = {name.replace("__", "/").replace("_dot_", "."): c for name, c in members.items()}
    with zipfile.ZipFile(packed) as source, zipfile.ZipFile(target, "w") as copy:
        for name in source.namelist():
            if name not in changed:
                copy.writestr(name, source.read(name))
        for name, content in changed.items():
            if content is not None:
                copy.writestr(name, content)
    return target


def test_what_comes_out_is_the_study(packed: Path, study: Path, tmp_path: Path) -> None:
    again = ps.unpack(packed, tmp_path / "here")
    assert again.manifest == ps.open(study).manifest
    assert again.plans == ("Hälfte 1",)
    assert again.curves.equals(ps.open(study).curves)
    assert again.verify("Hälfte 1", progress=Silent()).samples == 200
    repacked = ps.pack(again, tmp_path / "again.zip")
    assert repacked.needs == ()
    ps.pack(again, tmp_path / "again.zip")  # its own file may be replaced


def test_jobs_exports_and_paces_stay_at_home(study: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(study, copy)
    for name in ("jobs/1/log.txt", "exports/p/load.py", ".hidden", "notes.txt"):
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_text("x")
    (copy / "plans" / "link.json").symlink_to("/etc/hostname")
    with zipfile.ZipFile(ps.pack(copy).path) as archive:
        names = archive.namelist()
    assert names[0] == "study.json"
    assert {"Net.pt2", "data.safetensors", "plans/Hälfte 1.json"} <= set(names)
    assert not any(name.startswith(("jobs", "exports", "paces", ".", "notes")) for name in names)
    assert "plans/link.json" not in names


@pytest.mark.parametrize(
    "name",
    ["evil.py", "sitecustomize.py", "exports/load.py", "plans/../../out.json", "/etc/passwd.json",
     "measurements/x/y.parquet", "jobs/state.json", "plans/.hidden.json", "plans\\x.json"],
)  # fmt: skip
def test_what_belongs_into_no_study_is_refused(packed: Path, tmp_path: Path, name: str) -> None:
    file = tmp_path / "bad.zip"
    shutil.copy(packed, file)
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(UnsafeFile, match="Nothing was unpacked"):
        ps.unpack(file, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.zip"]


def test_links_bombs_and_doubles_are_refused(packed: Path, tmp_path: Path) -> None:
    link = zipfile.ZipInfo("plans/link.json")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    for number, add in enumerate(
        [
            lambda archive: archive.writestr(link, "/etc/passwd"),
            lambda archive: (
                archive.writestr("plans/STUDY.json", "{}")
                or archive.writestr("PLANS/study.json", "{}")
            ),
        ]
    ):
        file = tmp_path / f"{number}.zip"
        shutil.copy(packed, file)
        with zipfile.ZipFile(file, "a") as archive:
            add(archive)
        with pytest.raises(UnsafeFile):
            ps.unpack(file, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_network_or_data_of_somebody_else_is_refused(packed: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(packed) as archive:
        network, manifest = archive.read("Net.pt2"), json.loads(archive.read("study.json"))
    for name, content in {"Net_dot_pt2": network + b"x", "data_dot_safetensors": b""}.items():
        with pytest.raises(DamagedFile, match="its content is another"):
            ps.unpack(altered(packed, tmp_path / "b.zip", **{name: content}), tmp_path / "out")
    with pytest.raises(BadReference, match="there is no such file"):
        ps.unpack(altered(packed, tmp_path / "b.zip", Net_dot_pt2=None), tmp_path / "out")
    with pytest.raises(DamagedFile, match="torch.export.save"):  # not the manifest's: looked at too
        ps.unpack(altered(packed, tmp_path / "b.zip", other_dot_pt2=b"PK"), tmp_path / "out")
    manifest["reference"]["own_network"]["name"] = "evil.py:build"
    text = json.dumps(manifest).encode()
    with pytest.raises(DamagedFile, match="Expected a study to keep files such as"):
        ps.unpack(altered(packed, tmp_path / "b.zip", study_dot_json=text), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_no_folder_and_no_foreign_file_is_written_over(
    packed: Path, study: Path, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there/mine.txt").write_text("mine")
    for place in (tmp_path / "there", study, study / "inside"):
        with pytest.raises(WouldOverwrite, match="Expected a new folder for the study"):
            ps.unpack(packed, place)
    foreign = tmp_path / "holiday.zip"
    with zipfile.ZipFile(foreign, "w") as archive:
        archive.writestr("beach.jpg", "x")
    with pytest.raises(WouldOverwrite, match="a packed study that Prunescope wrote"):
        ps.pack(study, foreign)
    ps.pack(study, foreign, force=True)
    with pytest.raises(WouldOverwrite, match="outside of every study"):
        ps.pack(study, study / "me.zip")
    with pytest.raises(BadReference, match="there is no such file"):
        ps.unpack(tmp_path / "none.zip", tmp_path / "x")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(DamagedFile, match="cannot be read"):
        ps.unpack(tmp_path / "text.zip", tmp_path / "x")


def test_the_commands_say_sizes_and_what_is_missing(
    run: Command, study: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "mine.zip  " in run("pack", study, "-o", "mine.zip").out
    assert "See it: prunescope show mine" in run("unpack", "mine.zip").out
    assert "The study keeps its network (" in run("show", "mine").out
    assert run("pack", "mine", "--json").json["needs"] == []
