"""Run the command line within the test's process, as ``main`` would be run."""

import json
from typing import Any, NamedTuple

import pytest

from prunescope.cli import main

_SAID_BEFORE = ("Checked before measuring", "  WARNING: ", "The study keeps ")
"""What a sweep that starts says on the error stream."""


class Result(NamedTuple):
    """Exit code and the two streams."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The output stream as strict JSON."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} in JSON"))


class Command:
    """Call it with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._streams = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Result:
        self._patch.setattr("sys.argv", ["prunescope", *map(str, arguments)])
        self._streams.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = self._streams.readouterr()
        return Result(int(left.value.code or 0), out, err)

    def refused(self, *arguments: object) -> str:
        """Return the one sentence (with its next step) on the error stream, after exit code 1."""
        result = self(*arguments)
        assert result.code == 1, result
        assert "Traceback" not in result.err
        assert "did not expect" not in result.err
        lines = [
            line for line in result.err.strip().splitlines()
            if line and not line.startswith(_SAID_BEFORE)
        ]  # fmt: skip
        if len(lines) > 1 and "that torch.export can capture" in lines[0]:  # said of each command
            lines = lines[1:]
        if len(lines) > 1 and "grows by at most" in lines[0]:  # what the sweep was going to cost
            lines = lines[1:]
        assert len(lines) == 1, lines
        assert lines[0].startswith("prunescope: Expected ")
        return lines[0]
