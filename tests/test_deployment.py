"""What docs/deploy runs exists, and no file of it opens the dashboard to everybody."""

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "docs" / "deploy"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions and their words, continued lines joined."""
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def test_the_dockerfile_copies_what_is_there_and_runs_no_root() -> None:
    made = instructions()
    known = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "EXPOSE", "HEALTHCHECK", "CMD"}
    assert {name for name, _ in made} == known
    for name, words in made:
        if name == "COPY":
            for source in words.split()[:-1]:
                assert (ROOT / source).exists(), source
    names = [name for name, _ in made]
    assert names.index("USER") < names.index("CMD")


def test_its_command_is_one_that_the_command_line_takes(
    tmp_path: Path, warm_commands: Path
) -> None:
    (words,) = [words for name, words in instructions() if name == "CMD"]
    program, command, folder, *flags = json.loads(words)
    assert (program, command, folder) == ("prunescope", "dashboard", "/studies")
    (tmp_path / "file").touch()
    done = subprocess.run(
        [warm_commands / "prunescope", command, str(tmp_path / "file"), *flags],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1  # read to its end, then refused for the folder alone
    assert "Expected a folder of studies" in done.stderr


def test_the_health_check_asks_what_the_server_answers() -> None:
    (words,) = [words for name, words in instructions() if name == "HEALTHCHECK"]
    check = json.loads(words.partition("CMD")[2])
    (command,) = [json.loads(words) for name, words in instructions() if name == "CMD"]
    base = command[command.index("--base-path") + 1]
    assert check[0] == "python"
    assert f":8501/{base}/_stcore/health" in check[2]
    compile(check[2], "check", "exec")


def test_compose_publishes_the_proxy_alone() -> None:
    made = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    dashboard, proxy = made["services"]["dashboard"], made["services"]["proxy"]
    assert "ports" not in dashboard
    assert dashboard["networks"] == ["inside"]
    assert made["networks"]["inside"]["internal"] is True
    assert (DEPLOY / dashboard["build"]["context"]).resolve() == ROOT.resolve()
    assert (ROOT / dashboard["build"]["dockerfile"]).is_file()
    (conf,) = [each for each in proxy["volumes"] if "nginx.conf" in each]
    assert (DEPLOY / conf.split(":")[0]).is_file()
    (port,) = re.findall(r"listen (\d+);", (DEPLOY / "nginx.conf").read_text())
    assert proxy["ports"][0].endswith(f":{port}")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--no-token", "--host", "0.0.0.0"], "add --trust-network"),
        (["--no-token", "--host", "192.168.1.5"], "add --trust-network"),
        (["--models", "nowhere"], "Expected --models to name a folder"),
    ],
)
def test_what_lets_everybody_in_has_to_be_said(
    flags: list[str], said: str, tmp_path: Path, warm_commands: Path
) -> None:
    done = subprocess.run(
        [warm_commands / "prunescope", "dashboard", str(tmp_path), *flags],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())


def test_every_flag_of_the_page_on_teams_exists(warm_commands: Path) -> None:
    text = (ROOT / "docs" / "teams.md").read_text()
    done = subprocess.run(
        [warm_commands / "prunescope", "dashboard", "--help"],
        capture_output=True, text=True, check=True, env={"COLUMNS": "200", "NO_COLOR": "1",
        "PATH": "/usr/bin", **_import_path()},
    )  # fmt: skip
    for flag in set(re.findall(r"`(--[a-z-]+)", text)):
        assert flag in done.stdout, flag
    for link in re.findall(r"\]\(([^)]+)\)", text):
        assert (ROOT / "docs" / link).exists(), link


def _import_path() -> dict[str, str]:
    import os

    return {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}
