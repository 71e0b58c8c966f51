"""Many files are written as ONNX here."""

import pytest

from tests import read_once


@pytest.fixture(scope="session", autouse=True)
def _operators_of_onnx() -> None:
    read_once.operators_of_onnx()
