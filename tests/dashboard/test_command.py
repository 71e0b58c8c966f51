"""The command listens on this machine only, hands its token over in private, reports to nobody."""

import json
import sys
import tomllib
from pathlib import Path

import pytest

import prunescope.dashboard
from prunescope.dashboard.gate import VARIABLE
from prunescope.dashboard.launch_command import LEAN, SERVER, TOKEN, Serving, drawn_token
from prunescope.errors import BadValue


def test_the_command_names_server_port_and_folder(tmp_path: Path) -> None:
    made = Serving(tmp_path, 8765).command()
    assert made[:5] == [sys.executable, "-P", "-m", "streamlit", "run"]
    assert Path(made[5]) == SERVER
    assert SERVER.is_file()
    assert made[made.index("--server.port") + 1] == "8765"
    assert made[made.index("--server.address") + 1] == "127.0.0.1"
    assert made[-2:] == ["--", str(tmp_path)]


def test_the_token_is_in_the_link_and_the_environment_and_not_among_the_arguments(
    tmp_path: Path,
) -> None:
    made = Serving(tmp_path, 8765)
    assert made.token is not None
    assert len(made.token) >= 40
    assert made.token != Serving(tmp_path).token
    assert made.token in made.link("curves")
    assert made.link("curves").startswith("http://127.0.0.1:8765/curves?token=")
    assert made.token not in " ".join(made.command())
    assert made.token not in repr(made)
    assert json.loads(made.environment()[VARIABLE])["token"] == made.token


def test_the_server_keeps_few_heaps_unless_its_owner_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in LEAN:
        monkeypatch.delenv(name, raising=False)
    assert LEAN.items() <= Serving(tmp_path).environment().items()
    monkeypatch.setenv("MALLOC_ARENA_MAX", "8")
    assert Serving(tmp_path).environment()["MALLOC_ARENA_MAX"] == "8"


def test_an_owner_can_choose_the_token_but_no_short_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "a-token-of-my-own")
    assert drawn_token() == "a-token-of-my-own"
    for bad in ("short", "with a space in it, long", "öööööööööööööööööööö"):
        monkeypatch.setenv(TOKEN, bad)
        with pytest.raises(BadValue, match="at least 16 letters"):
            drawn_token()


def test_settings_lie_beside_the_server_and_are_closed() -> None:
    path = Path(prunescope.dashboard.__file__).parent / ".streamlit" / "config.toml"
    found = tomllib.loads(path.read_text())
    assert path.parent.parent.resolve() == SERVER.resolve().parent
    assert found["server"]["address"] == "127.0.0.1"
    assert found["server"]["maxUploadSize"] <= 48
    assert found["browser"]["gatherUsageStats"] is False
    assert found["client"]["showErrorDetails"] == "type"
