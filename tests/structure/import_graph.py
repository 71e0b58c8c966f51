"""Which module of a source tree imports which other one, read from the files without running them.

An import inside of a function or under ``TYPE_CHECKING`` counts like one at the top of the file: a
circle that is only entered later is a circle.
"""

import ast
import functools
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path

FOLDERS = {
    "analysis": "prunescope",
    "dashboard": "prunescope.dashboard",
    "sample_models": "prunescope.sample_models",
}
"""The folders of the repository and the names that they are installed as."""

Arrows = Mapping[str, Set[str]]


@dataclass(frozen=True)
class ImportGraph:
    """The modules of a tree.

    Attributes:
        arrows: Module → the tree's own modules that it imports.
        outside: Module → the top-level names of everything else that it imports.
    """

    arrows: Arrows
    outside: Arrows

    def between_rooms(self) -> Arrows:
        """Return room → the other rooms that its modules import."""
        found: dict[str, set[str]] = {room(module): set() for module in self.arrows}
        for module, imported in self.arrows.items():
            found[room(module)] |= {room(name) for name in imported} - {room(module)}
        return found


def room(module: str) -> str:
    """Return the package below ``prunescope`` that a module is in; a page is a room of its own.

    >>> room("prunescope.planning.solve.goal"), room("prunescope.dashboard.views.plan.page")
    ('planning', 'dashboard.views.plan')
    """
    parts = module.split(".")
    if parts[1:2] == ["dashboard"]:
        return ".".join(parts[1 : 4 if parts[2:3] == ["views"] else 3])
    return parts[1] if len(parts) > 1 else parts[0]


@functools.cache
def import_graph(root: Path) -> ImportGraph:
    """Read the folders of the repository at ``root``; once, so no test changes it afterwards."""
    files = {name: path for folder in FOLDERS for name, path in _modules(root, folder)}
    arrows, outside = {}, {}
    for module, path in files.items():
        named = set(_imported(module, path))
        own = {_longest(name, files) for name in named} - {None, module}
        arrows[module] = {name for name in own if name is not None}
        outside[module] = {name.split(".")[0] for name in named} - {"prunescope"}
    return ImportGraph(arrows, outside)


def circles(arrows: Arrows) -> list[list[str]]:
    """Return the groups of nodes that reach each other, sorted; none where there is no circle."""
    reach = {node: _reached(node, arrows) for node in arrows}
    groups = {
        tuple(sorted(other for other in reach[node] if node in reach.get(other, ())))
        for node in arrows
        if node in reach[node]
    }
    return [list(group) for group in sorted(groups)]


def _reached(node: str, arrows: Arrows) -> set[str]:
    """Everything that one or more arrows lead to."""
    reached: set[str] = set()
    waiting = [node]
    while waiting:
        for other in arrows.get(waiting.pop(), ()):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return reached


def _modules(root: Path, folder: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((root / folder).rglob("*.py")):
        parts = path.relative_to(root / folder).with_suffix("").parts
        name = ".".join((FOLDERS[folder], *parts))
        yield name.removesuffix(".__init__"), path


def _imported(module: str, path: Path) -> Iterator[str]:
    """The dotted names that a file imports; ``from a import b`` gives ``a.b``."""
    package = module.split(".") if path.name == "__init__.py" else module.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _longest(name: str, modules: Mapping[str, Path]) -> str | None:
    """The module of the tree that ``name`` lies in or is."""
    parts = name.split(".")
    ends = range(len(parts), 0, -1)
    return next((".".join(parts[:end]) for end in ends if ".".join(parts[:end]) in modules), None)
