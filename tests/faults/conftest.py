"""The fork server and the workplace that all faults share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import workplace as made
from tests.faults.fork_server import ForkServer
from tests.once import once


@pytest.fixture(scope="session")
def server(warm_python: Path) -> Iterator[ForkServer]:
    with ForkServer(warm_python) as opened:
        yield opened


@pytest.fixture(scope="session")
def workplace(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return once(tmp_path_factory, "workplace", lambda folder: made.make(server, folder))
