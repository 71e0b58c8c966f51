"""A real browser on a real server over a real study."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from benchmarks._images import first_images
from prunescope.store.folder import StudyFolder
from tests.browser.served import serving
from tests.browser.settled import listen, settled
from tests.once import once

PATIENCE = 180_000
"""Milliseconds that a job may take on a busy machine."""
_IMAGES = {"calibration": 128, "validation": 500, "test": 50}


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("No chromium on this machine: install it to run the journeys in a browser.")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def swept(tmp_path_factory: pytest.TempPathFactory, warm_commands: Path) -> Path:
    """A folder with a study of the smallest sample model, just measured on real data."""

    def make(folder: Path) -> None:
        line = "sweep sample:mlp --data sample:fashion-mnist --methods magnitude --sparsities"
        prunescope(warm_commands, *line.split(), "0.5,0.9", "--study", str(folder / "mlp"))

    return once(tmp_path_factory, "swept", make)


def prunescope(commands: Path, *arguments: str) -> None:
    subprocess.run(
        [str(commands / "prunescope"), *arguments],
        check=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="session")
def timed(tmp_path_factory: pytest.TempPathFactory, warm_commands: Path) -> Path:
    """A folder with LeNet-5 on a few images, by the real command: curves of weights and channels,
    measured combinations, and a latency table.
    """

    def make(folder: Path) -> None:
        data, study = first_images(folder / "images.npz", _IMAGES), str(folder / "studies/lenet5")
        for arguments in (
            ["sweep", "sample:lenet5", "--data", str(data), "--study", study, "--no-screen",
             "--methods", "magnitude,l1@channel,taylor@channel", "--sparsities", "0.25,0.5,0.75",
             "--recovery", "none,ls"],
            ["calibrate", study, "--plans", "5"],
            ["time", study, "--batch", "8", "--budget", "8"],
        ):  # fmt: skip
            prunescope(warm_commands, *arguments)

    return once(tmp_path_factory, "timed", make) / "studies"


@pytest.fixture
def timed_study(timed: Path, tmp_path: Path) -> StudyFolder:
    """A copy of one's own."""
    return StudyFolder.open(Path(shutil.copytree(timed, tmp_path / "timed")) / "lenet5")


@pytest.fixture
def timed_page(browser: Browser, timed_study: StudyFolder, warm_python: Path) -> Iterator[Page]:
    folder = timed_study.folder.parent
    with serving(folder, warm_python) as url, opened_at(browser, url) as opened:
        yield opened


@pytest.fixture
def folder(swept: Path, tmp_path: Path) -> Path:
    """A copy of one's own, so that no journey meets what another one measured."""
    return Path(shutil.copytree(swept, tmp_path / "studies"))


@pytest.fixture
def address(folder: Path, warm_python: Path) -> Iterator[str]:
    with serving(folder, warm_python) as url:
        yield url


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    with opened_at(browser, address) as opened:
        yield opened


@contextmanager
def opened_at(browser: Browser, address: str) -> Iterator[Page]:
    """A page of one's own at ``address``."""
    context = browser.new_context(viewport={"width": 1366, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    listen(context)
    expect.set_options(timeout=PATIENCE)
    opened = context.new_page()
    opened.goto(address)
    settled(opened)
    yield opened
    context.close()


@pytest.fixture
def settle() -> Callable[[Page], None]:
    return settled
