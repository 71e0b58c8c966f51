"""Bad user code through the command line: exit code 1, one sentence, nothing in the study."""

import re
import time

import pytest

from tests.analysis.cli.command import Command
from tests.conftest import TINY
from tests.faults.bad_code import FAULTS, Fault, source

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings("ignore:.*quantization.*:DeprecationWarning"),
]

_LIMIT = 15.0
"""Seconds that a refusal may take, on a busy machine; where it hangs, its own limit besides."""


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_bad_code_is_one_sentence(fault: Fault, monkeypatch, capsys, tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(source(TINY, fault))
    monkeypatch.chdir(tmp_path)
    if fault.patience:
        monkeypatch.setenv("PRUNESCOPE_PATIENCE", fault.patience)
    arguments = ["sweep", "mine.py:build", "--data", "mine.py:splits", "--study", "study",
                 "--sparsities", "0.5"]  # fmt: skip
    if fault.part in ("metric", "criterion"):
        option = "--metric" if fault.part == "metric" else "--methods"
        arguments += [option, f"mine.py:{fault.part}"]
    began = time.monotonic()
    sentence = Command(monkeypatch, capsys).refused(*arguments)
    assert time.monotonic() - began < _LIMIT
    assert fault.says in sentence
    assert re.search(r"\. [A-Z][^.].*\.$", sentence), "no next step"
    if fault.placed:
        line = int(re.search(r"(?<!\w)mine\.py:(\d+)", sentence)[1])
        assert line > len(TINY.splitlines()), sentence  # in the part that is wrong
    assert not list((tmp_path / "study" / "measurements").glob("*"))
    if fault.part != "criterion":  # one is tried on a study, which is then there
        assert not (tmp_path / "study").exists()


def test_there_are_many():
    assert len(FAULTS) == len({str(fault) for fault in FAULTS}) > 150
