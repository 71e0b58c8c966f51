"""Parts of pages that are made from the code, so that nobody types them twice.

A line ``% generated: KIND ARGUMENT`` in a page is replaced while the page is read:

* ``commands``: every command with its arguments and options, from typer;
* ``members PACKAGE``: what a package names in ``__all__``, or else defines, from docstrings;
* ``module MODULE``: what a module says of itself, from its docstring alone;
* ``package PACKAGE``: every module of a package, from docstrings;
* ``page PATH``: another Markdown file of the repository, its links made to fit.

Links to files of the repository outside of ``docs/`` fit both a reader of the repository and the
site: tables of benchmarks, the changelog and the contributing guide are pages here, everything
else becomes plain text.
"""

import importlib
import os
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sphinx.application import Sphinx

ROOT: Final = Path(__file__).parents[2]
_LINE: Final = re.compile(r"^% generated: (\w+) ?(\S*)$", re.MULTILINE)
_LINK: Final = re.compile(r"(?<!!)\[(?P<words>[^\]]+)\]\((?P<target>[^)#\s:]+)(?P<part>#[^)]*)?\)")
PAGES: Final = {"CHANGELOG.md": "changelog.md", "CONTRIBUTING.md": "contributing.md"}
"""Files of the repository that are included as pages of the site."""


def setup(app: Sphinx) -> dict[str, bool]:
    """Connect to Sphinx."""
    app.connect("source-read", _read)
    return {"parallel_read_safe": True}


def _read(app: Sphinx, page: str, source: list[str]) -> None:
    here = (Path(app.srcdir) / page).parent
    text = _LINE.sub(lambda line: _KINDS[line[1]](line[2], here), source[0])
    source[0] = _fitting(text, here, here)


def commands(_: str, __: Path) -> str:
    """Return the reference of the command line as Markdown, one section for each command."""
    import typer
    import typer.cli

    from prunescope.cli.app import application

    command = typer.main.get_command(application([]))
    context = typer.Context(command)
    text = typer.cli.get_docs_for_click(obj=command, ctx=context, name="prunescope")
    return text.partition("\n## ")[2].join(("## ", ""))


def members(package: str, _: Path) -> str:
    """Return directives that document what ``package`` offers."""
    module = importlib.import_module(package)
    own = [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith(package)
    ]
    names = [name for name in getattr(module, "__all__", own) if not name.startswith("_")]
    return "\n\n".join(_directive("autofunction", module, name) for name in names)


def package(name: str, _: Path) -> str:
    """Return directives that document a package and each of its modules."""
    path = importlib.import_module(name).__path__
    names = [name, *sorted(f"{name}.{module.name}" for module in pkgutil.iter_modules(path))]
    return "\n\n".join(
        f"```{{eval-rst}}\n.. automodule:: {each}\n   :members:\n```"
        if each == name
        else f"### `{each}`\n\n```{{eval-rst}}\n.. automodule:: {each}\n   :members:\n```"
        for each in names
    )


def module(name: str, _: Path) -> str:
    """Return a directive that shows a module's docstring, and nothing of what is in it."""
    return f"```{{eval-rst}}\n.. automodule:: {name}\n```"


def page(path: str, here: Path) -> str:
    """Return another Markdown file of the repository."""
    file = ROOT / path
    return _fitting(file.read_text("utf-8"), file.parent, here)


def _directive(kind: str, module: object, name: str) -> str:
    value = getattr(module, name)
    options = ""
    if isinstance(value, type):
        kind, options = "autoclass", "\n   :members:\n   :inherited-members:"
    elif not callable(value):
        kind = "autodata"
    return f"```{{eval-rst}}\n.. {kind}:: {module.__name__}.{name}{options}\n```"


def _fitting(text: str, written: Path, here: Path) -> str:
    """Let links that are relative to the folder ``written`` lead to pages of the site."""

    def fitted(link: re.Match[str]) -> str:
        target = (written / link["target"]).resolve()
        if not target.is_relative_to(ROOT) or not target.exists():
            return link[0]
        name = target.relative_to(ROOT).as_posix()
        if name.startswith("docs/"):
            place = target
        elif name in PAGES:
            place = ROOT / "docs" / PAGES[name]
        elif name.startswith("benchmarks/tables/"):
            place = ROOT / "docs" / "measured" / target.name
        else:
            return link["words"]
        return f"[{link['words']}]({_relative(place, here)}{link['part'] or ''})"

    return _LINK.sub(fitted, text)


def _relative(target: Path, here: Path) -> str:
    return Path(os.path.relpath(target, here)).as_posix()


_KINDS: Final[dict[str, Callable[[str, Path], str]]] = {
    "commands": commands,
    "members": members,
    "module": module,
    "package": package,
    "page": page,
}
