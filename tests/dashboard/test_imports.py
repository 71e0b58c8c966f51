"""The dashboard and the rooms it reads import without torch; the check itself can fail."""

import pkgutil
import subprocess
import sys
from pathlib import Path

import prunescope.dashboard
import prunescope.jobs
import prunescope.planning
import prunescope.store

ROOMS = [
    "prunescope.errors", "prunescope.commands", "prunescope.commands.next_steps",
    "prunescope.text.units", "prunescope.study", "prunescope.curves.curve",
    "prunescope.recovery.training.fine_tuning_report", "prunescope.export.export_report",
    "prunescope.latency.latency_report",
    "prunescope.latency.table.prediction", "prunescope.latency.plan_memory",
    "prunescope.latency.table.staircase",
    "prunescope.latency.table.exchange", "prunescope.latency.machine",
    "prunescope.sweep.work_list", "prunescope.sweep.policy", "prunescope.sweep.preflight",
    "prunescope.statistics.confidence_sequence",
    "prunescope", "prunescope.api.study", "prunescope.api.studies", "prunescope.api.sweeps",
    "prunescope.api.inspections", "prunescope.api.exported_models", "prunescope.charts.subject",
]  # fmt: skip


def modules() -> list[str]:
    found = list(ROOMS)
    for package in (prunescope.store, prunescope.planning, prunescope.jobs, prunescope.dashboard):
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
    assert "prunescope.dashboard.app" in names
    assert "prunescope.dashboard.shared.outlook" in names
    assert not loads_torch(names)


def test_the_check_would_notice() -> None:
    assert loads_torch(["prunescope.dashboard.command", "torch"])


def test_only_the_app_imports_streamlit_among_the_plain_rooms() -> None:
    root = Path(prunescope.dashboard.__file__).parent
    plain = ["shared/link", "shared/history", "shared/goal_form", "shared/machines", "command",
             "views/plan/painter_values", "views/plan/rest_rule"]  # fmt: skip
    files = [root / f"{name}.py" for name in plain]
    files += [file for room in ("charts", "tables") for file in (root / room).glob("*.py")]
    assert len(files) > 15
    assert [file.name for file in files if "import streamlit" in file.read_text()] == []
