"""The wheel brings one name, and works from a project that uses the folders' names itself."""

import json
import zipfile
from pathlib import Path

import pytest

from tests.wheel.installation import ROOT, Installation, install
from tests.wheel.project import INPUTS, MODEL, write_project

pytestmark = pytest.mark.timeout(600)

_JOB = """
import sys, time
from pathlib import Path
import prunescope.jobs as jobs
job = jobs.start(Path("study"), sys.argv[1:])
while job.state() in jobs.ACTIVE:
    time.sleep(0.1)
print(job.state())
print(job.log())
"""
_LOAD = """
import sys
import torch
import prunescope as ps
sys.path.append(".")
from analysis.models import build
model = ps.load_pruned(build(), "out", example=torch.zeros(2, 1, 6, 6))
print(tuple(model(torch.zeros(5, 1, 6, 6)).shape), sum(p.numel() for p in model.parameters()))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return install(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def study(installed: Installation, project: Path) -> Path:
    """The project's study, swept by the command as a module; names count from the folder."""
    installed.run(
        installed.python, "-P", "-m", "prunescope.cli", "sweep", MODEL, "--data", INPUTS,
        "--study", "study", "--methods", "magnitude,l1@channel", "--sparsities", "0.25,0.5",
        cwd=project,
    )  # fmt: skip
    return project / "study"


def test_the_wheel_holds_prunescope_and_nothing_else(installed: Installation) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert len(tops) == 2
    assert {top.partition("-")[0] for top in tops} == {"prunescope"}
    (metadata,) = (top for top in tops if top.endswith(".dist-info"))
    assert f"{metadata}/entry_points.txt" in names

    def inside(pattern: str) -> bool:
        return any(Path(name).match(pattern) for name in names)

    for pattern in (
        "prunescope/py.typed", "prunescope/dashboard/icon.png",
        "prunescope/dashboard/.streamlit/config.toml", "prunescope/dashboard/painter/*.js",
        "prunescope/dashboard/painter/*.css", "prunescope/dashboard/painter/*.html",
        "prunescope/sample_models/data/*.npz", "prunescope/sample_models/weights/*",
        "prunescope/sample_models/cards/*.md",
    ):  # fmt: skip
        assert inside(pattern), pattern
    assert not inside("prunescope/tests/*")


def test_every_file_of_the_sources_is_in_the_wheel(installed: Installation) -> None:
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    places = {"analysis": "", "dashboard": "dashboard/", "sample_models": "sample_models/"}
    missing = [
        str(path.relative_to(ROOT))
        for folder, below in places.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        if f"prunescope/{below}{path.relative_to(ROOT / folder).as_posix()}" not in names
    ]
    assert missing == []


def test_the_name_leads_to_the_installed_files(installed: Installation, project: Path) -> None:
    program = "import prunescope, prunescope.dashboard, prunescope.sample_models as s\n"
    program += "print(prunescope.__file__, prunescope.dashboard.__file__, s.__file__)"
    told = installed.run(installed.python, "-c", program, cwd=project).stdout.split()
    assert all(Path(place).is_relative_to(installed.folder) for place in told)


@pytest.mark.parametrize("folder", ["analysis", "dashboard", "sample_models", "tests"])
def test_the_folders_names_stay_free(
    installed: Installation, project: Path, tmp_path: Path, folder: str
) -> None:
    program = f"import importlib.util as u; print(u.find_spec({folder!r}))"
    assert installed.run(installed.python, "-c", program, cwd=tmp_path).stdout.strip() == "None"
    assert str(project) in installed.run(installed.python, "-c", program, cwd=project).stdout


def test_inspect_finds_the_users_function(installed: Installation, project: Path) -> None:
    told = installed.run(installed.script, "inspect", MODEL, "--data", INPUTS, cwd=project).stdout
    for layer in ("first", "second", "head"):
        assert layer in told


def test_a_sweep_measured_every_layer(installed: Installation, study: Path) -> None:
    told = installed.run(installed.script, "show", "study", "--json", cwd=study.parent).stdout
    curves = {(each["subject"], each["method"]) for each in json.loads(told)["curves"]}
    assert {(name, "magnitude") for name in ("first", "second", "head")} <= curves
    assert ("first", "l1@channel") in curves


def test_a_job_in_a_process_of_its_own_ends_well(installed: Installation, study: Path) -> None:
    arguments = ("sweep", "--study", "study", "--methods", "taylor", "--sparsities", "0.5")
    told = installed.run(installed.python, "-P", "-c", _JOB, *arguments, cwd=study.parent).stdout
    assert told.splitlines()[0] == "done", told


@pytest.mark.long  # what the wheel holds and a sweep of it are tried every time
def test_a_plan_is_solved_exported_and_loaded(installed: Installation, study: Path) -> None:
    here = study.parent
    installed.run(
        installed.script, "plan", "study", "--target", "parameters=0.7", "--methods",
        "l1@channel", "-o", "plan.json", cwd=here,
    )  # fmt: skip
    told = installed.run(
        installed.script, "export", "study", "plan.json", "--formats", "safetensors,recipe",
        "-o", "out", "--json", cwd=here,
    ).stdout  # fmt: skip
    report = json.loads(told)
    checks = [check for entry in report["formats"] for check in entry["checks"]]
    assert len(report["formats"]) == 2
    assert len(checks) > 4
    assert all(check["ok"] for check in checks), report
    loaded = installed.run(installed.python, "-P", "-c", _LOAD, cwd=here).stdout
    shape, parameters = loaded.rsplit(maxsplit=1)
    assert shape == "(5, 3)"
    dense = (9 * 1 + 1) * 4 + (9 * 4 + 1) * 6 + (6 + 1) * 3
    assert int(parameters) <= 0.7 * dense
