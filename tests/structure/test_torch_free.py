"""The dashboard and the rooms that it reads import without torch; the check itself can fail."""

import importlib
import pkgutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.quick

ROOMS = (
    "errors", "arrays", "text", "commands", "study", "statistics", "curves", "store", "planning",
    "jobs", "report", "user_code", "model_kinds", "data_kinds", "object_store", "ray_workers",
    "dashboard",
)  # fmt: skip
"""What never imports torch, whole; modules or packages below ``prunescope``."""
FILES = (
    "recovery.training.fine_tuning_report", "export.export_report", "latency.latency_report",
    "latency.table.predict_time", "latency.table.staircase", "latency.table.exchange",
    "latency.plan_memory", "latency.machine", "sweep.work_list", "sweep.stopping_policy",
    "sweep.preflight",
    "api.study", "api.sharing", "api.open_study", "api.sweep", "api.inspections",
    "api.exported_models",
    "api.apply_recipe", "charts.subject_curves",
)  # fmt: skip
"""What the dashboard reads of rooms that otherwise do."""


def modules() -> list[str]:
    """Every module of the rooms, and the files."""
    found = []
    for name in (f"prunescope.{room}" for room in ROOMS):
        module = importlib.import_module(name)
        found.append(name)
        if hasattr(module, "__path__"):
            found += [each.name for each in pkgutil.walk_packages(module.__path__, f"{name}.")]
    return [*found, *(f"prunescope.{name}" for name in FILES)]


def loads_torch(names: list[str]) -> bool:
    program = f"import sys\nfor name in {names}: __import__(name)\nprint('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.strip().splitlines()[-1] == "True"


def test_no_module_of_these_rooms_loads_torch() -> None:
    names = modules()
    for some in (
        "dashboard.app",
        "dashboard.shared.plan_summary",
        "text.units",
        "planning.solve.goal",
    ):
        assert f"prunescope.{some}" in names
    assert not loads_torch(["prunescope", *names])


def test_the_check_would_notice() -> None:
    assert loads_torch(["prunescope.dashboard.launch_command", "torch"])
