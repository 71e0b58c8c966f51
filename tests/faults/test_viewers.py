"""A few viewers for some seconds; twenty for ten minutes are in ``make faults``."""

import shutil
import sys
from pathlib import Path

import pytest

from prunescope.dashboard.launch_command import Serving
from prunescope.jobs import cancel, start, stop
from tests.browser.served import free_port, served
from tests.faults import own_loop
from tests.faults.audience import watch
from tests.faults.fork_server import ROOT
from tests.faults.viewer import Viewer

pytestmark = pytest.mark.faults
SLEEPER = (sys.executable, str(ROOT / "tests" / "dashboard" / "sleeper.py"))


async def first_page(serving: Serving) -> None:
    """Have the server import what pages need, which takes seconds."""
    viewer = Viewer(serving, "study")
    async with viewer.connected() as socket:
        await viewer.first(socket)
    assert viewer.exceptions == []


def test_viewers_are_served_while_a_job_runs(
    workplace: Path, tmp_path: Path, warm_python: Path
) -> None:
    study = tmp_path / "studies" / "study"
    shutil.copytree(workplace / "study", study)
    with served(Serving(tmp_path / "studies", free_port()), warm_python) as serving:
        job = start(study, ("sweep", "--study", "{study}"), command=SLEEPER)
        try:
            own_loop.run(first_page(serving))
            came = watch(serving, job, viewers=3, seconds=10)
        finally:
            cancel(job)
            stop(job)
    assert came.exceptions == ()
    assert came.visits >= 3
    assert came.runs >= 3
    assert came.working
