"""Run the fenced blocks of a Markdown page in their order, in an empty folder, as a reader would.

A ``sh`` block runs in bash; a ``python`` block runs in one session that the page's other ones
share, unless its first line is a file's name (``# net.py``): then that file is written. Other
languages are only shown. A comment in front of a block says what is different about it:

    <!-- not run: reason -->          it is only shown
    <!-- needs: prunescope.sweep -->  it runs once the package has this attribute

By hand: ``python -m tests.pages docs/tutorials/serve-to-team.md``.
"""

import importlib
import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.warm_commands import WarmCommands

_BLOCK: Final = re.compile(
    r"(?:^<!-- (?P<mark>not run|needs): *(?P<what>[^\n]*?) -->\n)?"
    r"^```(?P<language>sh|python)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_FILE: Final = re.compile(r"# ([\w/.-]+\.\w+)\n")

_SESSION: Final = """
import json, os, subprocess, sys, traceback
names = {"__name__": "__main__"}
for block in json.load(open(sys.argv[1], encoding="utf-8")):
    print(f"--- line {block['line']} ({block['kind']})", flush=True)
    if block["kind"] == "file":
        os.makedirs(os.path.dirname(block["name"]) or ".", exist_ok=True)
        open(block["name"], "w", encoding="utf-8").write(block["code"])
    elif block["kind"] == "sh":
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block["code"]])
        if done.returncode:
            sys.exit(f"line {block['line']}: the shell block ended with code {done.returncode}")
    else:
        exec(compile(block["code"], f"block at line {block['line']}", "exec"), names)
"""


@dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: ``sh`` or ``python``.
        code: Its text.
        line: Where it begins in the page.
        not_run: Why it is only shown, or empty.
        needs: The attribute without which it is left out, or empty.
    """

    language: str
    code: str
    line: int
    not_run: str = ""
    needs: str = ""

    @property
    def file(self) -> str:
        """The file that it is the text of, or empty."""
        found = _FILE.match(self.code) if self.language == "python" else None
        return found[1] if found else ""


def blocks(text: str) -> list[Block]:
    """Return the ``sh`` and ``python`` blocks of a page."""
    return [
        Block(
            found["language"],
            found["code"],
            text.count("\n", 0, found.start("code")),
            found["what"] if found["mark"] == "not run" else "",
            found["what"] if found["mark"] == "needs" else "",
        )
        for found in _BLOCK.finditer(text)
    ]


def available(attribute: str) -> bool:
    """Return whether ``package.attribute`` is there."""
    module, _, name = attribute.rpartition(".")
    return hasattr(importlib.import_module(module), name)


def left_out(page: Path) -> list[Block]:
    """Return the blocks that wait for an attribute which is not there yet."""
    return [b for b in blocks(page.read_text("utf-8")) if b.needs and not available(b.needs)]


def run_page(page: Path, folder: Path, commands: WarmCommands | None = None) -> str:
    """Run a page's blocks in ``folder`` and return what they printed.

    Args:
        page: A Markdown file.
        folder: An empty one.
        commands: Takes the place of the environment's ``prunescope`` and Python; None starts each
            anew.

    Raises:
        AssertionError: A block failed; the message is what was printed, its error last.
    """
    waiting = left_out(page)
    ready = [b for b in blocks(page.read_text("utf-8")) if not b.not_run and b not in waiting]
    kinds = [("file" if b.file else b.language) for b in ready]
    told = [
        {"kind": kind, "name": b.file, "code": b.code, "line": b.line}
        for kind, b in zip(kinds, ready, strict=True)
    ]
    with tempfile.TemporaryDirectory() as tools:
        command = Path(tools) / "prunescope"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m prunescope.cli "$@"\n')
        command.chmod(0o755)
        script = Path(tools) / "blocks.json"
        script.write_text(json.dumps(told), "utf-8")
        folders = [str(commands.folder)] if commands else []
        folders += [tools, str(Path(sys.executable).parent), os.environ["PATH"]]
        done = subprocess.run(
            [str(commands.python if commands else sys.executable), "-c", _SESSION, str(script)],
            cwd=folder, env=os.environ | {"PATH": os.pathsep.join(folders), "CI": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, f"{page}: {done.stdout[-6000:]}"
    return done.stdout


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        print(run_page(Path(sys.argv[1]).resolve(), Path(empty)))
