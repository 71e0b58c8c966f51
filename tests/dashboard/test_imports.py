"""The dashboard and the rooms it reads import without torch; the check itself can fail."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import analysis.jobs
import analysis.planning
import analysis.store
import dashboard

ROOMS = [
    "analysis.errors", "analysis.study", "analysis.curves", "analysis.statistics",
    "analysis.recovery.report", "analysis.export.report", "analysis.latency.report",
    "analysis.latency.table", "analysis.latency.memory", "analysis.latency.staircase",
    "analysis.latency.exchange", "analysis.latency.machine",
    "analysis.sweep.points", "analysis.sweep.policy", "analysis.sweep.preflight",
    "analysis.sequences",
]  # fmt: skip


def modules() -> list[str]:
    found = list(ROOMS)
    for package in (analysis.store, analysis.planning, analysis.jobs, dashboard):
        found.append(package.__name__)
        walked = pkgutil.walk_packages(package.__path__, package.__name__ + ".")
        found += [module.name for module in walked]
    return found


def loads_torch(names: list[str]) -> bool:
    program = f"import sys\nfor name in {names}: __import__(name)\nprint('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1] == "True"


def test_no_module_of_the_dashboard_loads_torch() -> None:
    names = modules()
    assert "dashboard.app" in names
    assert "dashboard.views.parts.outlook" in names
    assert not loads_torch(names)


def test_the_check_would_notice() -> None:
    assert loads_torch(["dashboard.launch", "torch"])


def test_only_the_app_imports_streamlit_among_the_plain_rooms() -> None:
    plain = ["state", "history", "units", "tables", "launch", "machines"]
    root = Path(dashboard.__file__).parent
    files = [root / f"{name}.py" for name in plain] + list((root / "charts").glob("*.py"))
    assert len(files) > 8
    assert [file.name for file in files if "import streamlit" in file.read_text()] == []
