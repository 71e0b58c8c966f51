"""The command listens on this machine only and reports to nobody."""

import sys
import tomllib
from pathlib import Path

import prunescope.dashboard
from prunescope.dashboard.command import APP, command


def test_the_command_names_app_port_and_folder(tmp_path: Path) -> None:
    made = command(tmp_path, 8765)
    assert made[:5] == [sys.executable, "-P", "-m", "streamlit", "run"]
    assert Path(made[5]) == APP
    assert APP.is_file()
    assert made[made.index("--server.port") + 1] == "8765"
    assert made[made.index("--server.address") + 1] == "127.0.0.1"
    assert made[-2:] == ["--", str(tmp_path)]


def test_settings_lie_beside_the_app_and_are_closed() -> None:
    path = Path(prunescope.dashboard.__file__).parent / ".streamlit" / "config.toml"
    found = tomllib.loads(path.read_text())
    assert found["server"]["address"] == "127.0.0.1"
    assert found["server"]["allowedHosts"]
    assert found["browser"]["gatherUsageStats"] is False
    assert found["client"]["showErrorDetails"] == "type"
