"""The fork server and the workplace that all faults share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import workplace as made
from tests.faults.fork_server import ForkServer


@pytest.fixture(scope="session")
def server() -> Iterator[ForkServer]:
    with ForkServer() as opened:
        yield opened


@pytest.fixture(scope="session")
def workplace(server: ForkServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.make(server, tmp_path_factory.mktemp("faults") / "workplace")
