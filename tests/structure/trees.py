"""Small source trees with one fault each, for the twins of the structure's tests."""

from pathlib import Path


def tree(root: Path, **files: str) -> Path:
    """Write ``analysis__rooms__file="source"`` as ``analysis/rooms/file.py`` under ``root``."""
    for name, source in files.items():
        path = root.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    return root
