"""ExecuTorch: verified like the other graphs where it is installed, else refused in a sentence."""

import importlib.util
from pathlib import Path

import pytest

from prunescope.export.export_plan import export_plan
from prunescope.export.formats.registry import export_format
from prunescope.study.plan import Choice, Plan
from tests.analysis.export.exported import opened

INSTALLED = importlib.util.find_spec("executorch") is not None


@pytest.mark.skipif(
    not INSTALLED, reason="executorch is not installed: pip install 'prunescope[executorch]'"
)
def test_it_equals_the_smaller_model_sample_by_sample(tmp_path: Path) -> None:
    bench, study = opened(tmp_path, "normed", "images")
    halves = {group.name: Choice("l1", 0.5, "channel") for group in bench.groups}
    plan = Plan("half", bench.manifest.fingerprint, halves)
    report = export_plan(bench, study, plan, ("executorch",))
    entry = report.formats[0]
    assert entry.reason is None
    checks = {check.name: check for check in entry.checks}
    assert {"loads", "bytes", "outputs", "latency", "accuracy"} == checks.keys()
    assert "batch of one" in checks["loads"].got
    assert entry.score is not None


@pytest.mark.skipif(INSTALLED, reason="executorch is installed")
def test_without_the_package_a_sentence_says_how_to_install_it() -> None:
    assert export_format("executorch").unavailable() == (
        "Expected the package executorch, but it is missing. pip install 'prunescope[executorch]'."
    )
