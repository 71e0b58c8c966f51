"""The dashboard behind a login and below a path, as docs/deploy has it."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from prunescope.dashboard.launch_command import Serving
from tests.browser.login_proxy import PASSWORD, USER, login_proxy
from tests.browser.served import free_port, served, status
from tests.browser.settled import listen
from tests.browser.steps import open_page
from tests.long import core

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
CONFIGURATION = Path(__file__).parents[2] / "docs" / "deploy" / "nginx.conf"
PATIENCE = 60_000
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


@contextmanager
def nginx(folder: Path, target: int) -> Iterator[int]:
    """The configuration of docs/deploy, on other ports and with one user."""
    if NGINX is None:
        pytest.skip("No nginx on this machine: install it to try its configuration.")
    port = free_port()
    made = subprocess.run(
        ["openssl", "passwd", "-apr1", PASSWORD], capture_output=True, text=True, check=True
    )
    (folder / "users").write_text(f"{USER}:{made.stdout.strip()}\n")
    folder.chmod(0o755)
    text = CONFIGURATION.read_text()
    for old, new in (
        ("listen 8080;", f"listen 127.0.0.1:{port};"),
        ("http://dashboard:8501;", f"http://127.0.0.1:{target};"),
        ("/etc/nginx/users", str(folder / "users")),
    ):
        assert text.count(old) == 1
        text = text.replace(old, new)
    own = f"pid {folder}/pid;\nerror_log {folder}/error.log;\nuser root;\ndaemon off;\n"
    (folder / "nginx.conf").write_text(own + text)
    arguments = [NGINX, "-p", str(folder), "-c", str(folder / "nginx.conf")]
    subprocess.run([*arguments, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(arguments)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.mark.parametrize("kind", core(["small", "nginx"], {"small" if NGINX is None else "nginx"}))
def test_a_login_guards_the_pages_and_signs_jobs(
    kind: str, browser: Browser, folder: Path, tmp_path: Path, settle: Callable[[Page], None]
) -> None:
    made = Serving(folder, free_port(), token=None, base="prunescope", names=("localhost",))
    own = tmp_path / "nginx"
    own.mkdir()
    with (
        served(made),
        login_proxy(made.port) if kind == "small" else nginx(own, made.port) as port,
    ):
        address = f"http://localhost:{port}/prunescope/"
        assert status(address) == 401
        assert status(f"{address}_stcore/health") == 401
        context = browser.new_context(
            http_credentials={"username": USER, "password": PASSWORD},
            viewport={"width": 1366, "height": 900},
        )
        listen(context)
        context.set_default_timeout(PATIENCE)
        page = context.new_page()
        page.goto(address)
        settle(page)
        for name in ("Curves", "Plan", "Study"):
            open_page(page, name, settle)
            assert f":{port}/prunescope/" in page.url
        expect(page.get_by_role("button", name=re.compile(USER))).to_be_visible(timeout=PATIENCE)
        context.close()
