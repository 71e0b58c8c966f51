"""The script beside an export that shows how each file is loaded. Torch-free.

It needs nothing of this project: the reader's own class, or the file alone. What it says of a
file is its format's ``loading``.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from prunescope.export.formats.format import quotable
from prunescope.export.formats.registry import export_formats
from prunescope.export.recipe import Recipe
from prunescope.text.cut import put_back

FIRST_WORDS: Final = '"""How to load what is in this folder: copy what you need, or run this file.'
_HEAD: Final = (
    f"{FIRST_WORDS}\n"
    + '''
{summary}
"""

from pathlib import Path

HERE = Path(__file__).parent
'''
)


def loader_script(
    recipe: Recipe,
    formats: Iterable[str],
    removed: int,
    parameters: int,
    sizes: Mapping[str, str] | None = None,
) -> str:
    """Return the script that loads the files of ``formats``; ``python load.py`` tries each.

    Args:
        recipe: How the model came to be.
        formats: Names of those that are offered.
        removed: Parameters that are gone or zero.
        parameters: Of the dense model.
        sizes: For files that hold a graph, which sizes of inputs are free, by file.
    """
    summary = quotable(
        f"{recipe.reference.model}, pruned by plan {recipe.plan.name!r}: {removed} of "
        f"{parameters} parameters are {'gone or zero' if recipe.units else 'zero'}."
    )
    if recipe.reference.cut is not None:
        summary += f"\n{quotable(put_back(recipe.reference.cut))}"
    summary += "".join(f"\n{file} takes {words}." for file, words in (sizes or {}).items())
    offered = set(formats)
    parts = [kind.loading(recipe) for kind in export_formats() if kind.name in offered]
    trials = [part.trial for part in parts if part.trial]
    return (
        _HEAD.format(summary=summary)
        + "".join(part.function for part in parts)
        + '\n\nif __name__ == "__main__":'
        + "".join(trials or ["\n    print(__doc__)\n"])
    )
