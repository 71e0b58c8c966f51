"""The folders have one name for Python, ``prunescope``; their own names lead nowhere."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure.import_graph import FOLDERS
from tests.structure.trees import tree

pytestmark = pytest.mark.quick

ROOT = Path(__file__).parents[2]
_DOTTED = re.compile(rf"(?:{'|'.join(FOLDERS)})(?:\.[a-z_]\w*)+")
_COMMAND = re.compile(rf"-m\s+(?:{'|'.join(FOLDERS)})\b")
_CODE = (".py", ".toml", ".cfg", ".md", ".sh", ".ipynb", ".yaml", ".yml", "")


def by_folder(root: Path) -> Iterator[str]:
    """Yield ``file:line`` wherever something is imported or run by a folder's name."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in parts)
        if hidden or parts[0] in ("build", "dist", "site") or path.suffix not in _CODE:
            continue
        if not path.is_file() or any(part.endswith(".egg-info") for part in parts):
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = _lines(text) if path.suffix == ".py" else set()
        lines |= {text.count("\n", 0, m.start()) + 1 for m in _COMMAND.finditer(text)}
        yield from (f"{path.relative_to(root)}:{line}" for line in sorted(lines))


def _lines(text: str) -> set[int]:
    """Lines of import statements, and of texts that name a module, ``patch("analysis.…")``."""
    lines = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            wrong = not node.level and (node.module or "").split(".")[0] in FOLDERS
        elif isinstance(node, ast.Import):
            wrong = any(alias.name.split(".")[0] in FOLDERS for alias in node.names)
        else:
            wrong = (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and _DOTTED.fullmatch(node.value) is not None
            )
        if wrong:
            lines.add(node.lineno)
    return lines


def test_nothing_is_imported_by_a_folders_name() -> None:
    # These tests name faults, and those of the wheel play a user whose packages are called so.
    ours = ("tests/structure/", "tests/wheel/")
    assert [line for line in by_folder(ROOT) if not line.startswith(ours)] == []


def test_the_check_would_notice(tmp_path: Path) -> None:
    made = tree(
        tmp_path,
        tests__a="from analysis.planning import edits",
        tests__b="def late():\n    import dashboard.app",
        tests__c="NAME = 'sample_models.train'",
        tests__d="COMMAND = 'python -m analysis.cli'",
        tests__e="from prunescope.planning import edits\nFOLDER = 'analysis'",
    )
    (made / "Makefile").write_text("train:\n\tpython -m sample_models.train\n")
    assert list(by_folder(made)) == [
        "Makefile:2", "tests/a.py:1", "tests/b.py:2", "tests/c.py:1", "tests/d.py:1",
    ]  # fmt: skip


def test_the_engine_cannot_be_imported_by_its_folders_name() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import analysis"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last == "ImportError: Import this package as prunescope, not as analysis."


def test_prunescope_is_the_folders_of_this_repository() -> None:
    import prunescope.dashboard
    import prunescope.sample_models

    places = [Path(str(module.__file__)).resolve().parent for module in (
        prunescope, prunescope.dashboard, prunescope.sample_models)]  # fmt: skip
    assert places == [ROOT / folder for folder in FOLDERS]
