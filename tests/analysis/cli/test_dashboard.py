"""The browser is opened on the link without anybody reading the token off its command."""

import subprocess
import sys
import webbrowser
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname, urlopen

import pytest

from prunescope.cli import dashboard
from prunescope.dashboard.launch_command import Serving
from tests.browser.served import free_port, served, status


def test_the_browser_is_given_a_file_that_others_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def look(url: str) -> None:
        path = Path(url2pathname(urlsplit(url).path))
        opened.append(url)
        opened.append(path.read_text())
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
        helper.kill()

    monkeypatch.setattr(webbrowser, "open", look)
    with served(Serving(tmp_path, free_port())) as made:
        helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
        dashboard._open(made, "curves", helper)
    url, content = opened
    assert url.startswith("file:///")
    assert str(made.token) not in url
    assert made.link("curves") in content
    assert not Path(url2pathname(urlsplit(url).path)).exists()


def test_no_browser_is_opened_for_a_server_that_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webbrowser, "open", lambda url: pytest.fail(url))
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dashboard._open(Serving(tmp_path, free_port()), "", ended)


def test_a_server_ends_with_its_command(tmp_path: Path, warm_commands: Path) -> None:
    """Whoever stops the command by its process (``kill``, systemd, a container) has no terminal."""
    port = free_port()
    address = f"http://127.0.0.1:{port}/_stcore/health"
    command = subprocess.Popen(
        [str(warm_commands / "prunescope"), "dashboard", str(tmp_path), "--no-browser",
         "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert status(address) == 403  # no token came along
    command.terminate()
    assert command.wait(timeout=30) == 0
    with pytest.raises(OSError, match="refused"):
        urlopen(address, timeout=5)
