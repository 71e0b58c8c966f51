"""What an export format is: how a file is written, loaded again, and what it promises. Torch-free.

An example, whole: the weights as a NumPy archive, in a file of its own::

    class Npz(Format):
        name = "npz"
        file = "model.npz"
        title = "NumPy archive"
        purpose = "Opens wherever NumPy does."
        packages = ("numpy",)

        def write(self, made, folder):
            import numpy as np
            from prunescope.export.tensors import saved_tensors
            tensors = saved_tensors(made.module)
            np.savez(folder / self.file, **{name: t.numpy() for name, t in tensors.items()})

        def load(self, file, recipe, threads, study):
            ...  # in another process: an exported file, loaded; see prunescope.export.loaded

    FORMAT = Npz()

Imports of what is heavy stand inside of the methods: the dashboard reads the descriptions of all
formats, and must not load torch for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from prunescope.export.deliverable import Deliverable
    from prunescope.export.export_report import Check
    from prunescope.export.loaded import Loaded
    from prunescope.export.promise import Promise
    from prunescope.export.recipe import Recipe

MOST_LOST: Final = 0.01
"""Of the mean score, that a file in coarser numbers may lose unless somebody says otherwise."""


@dataclass(frozen=True)
class LoadingCode:
    """What the script beside an export says of one file.

    Attributes:
        function: A function that loads the file, as Python source; it imports nothing of ours.
        trial: Indented lines that call it and print something, for who runs the script.
    """

    function: str = ""
    trial: str = ""


@runtime_checkable
class Format(Protocol):
    """A format that can be asked for. Derive from it: what is not listed first has defaults.

    Attributes:
        name: What a user types.
        file: Name of the file in the export's folder.
        title: For people.
        purpose: One sentence: what it is good for.
        rank: Place in lists; see ``prunescope.extensions``.
        graph: Whether the model has to be captured for it.
        recovered: What it is good for with fine-tuned weights, where that is something else.
        note: A few words for the command line's help, or nothing.
        packages: That write or load it; their versions are noted.
        evaluated: Whether all validation samples run through the file. Not where weights that are
            the same bits in the same graph leave nothing to add.
        usual: Whether it is written unless others are asked for.
        beside: Names of further files that may come with it.
        parts: Those of ``beside`` that are written with it and without which it does not load;
            its bytes count them.
        opaque: Whether weights cannot be read from the file again; then outputs and the score
            alone say what it holds.
        rounding: What its numbers are rounded to, such as ``int8``; empty for the model's own.
            Outputs of rounded numbers may differ, and the score may fall by what the user accepts;
            past that the file is refused.
    """

    name: str
    file: str
    title: str
    purpose: str
    rank: int = 100
    graph: bool = False
    recovered: str = ""
    note: str = ""
    packages: tuple[str, ...] = ()
    evaluated: bool = True
    usual: bool = True
    rounding: str = ""
    beside: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    opaque: bool = False

    def unavailable(self) -> str | None:
        """Return in one sentence what this installation lacks for it; None where nothing."""
        return None

    def write(self, made: Deliverable, folder: Path) -> None:
        """Write ``made`` to ``folder / self.file``; the recipe is in ``folder`` already.

        Raises:
            CannotCapture: The model cannot be written so; the message says why.
        """

    def load(self, file: Path, recipe: Path, threads: int, study: Path | None) -> Loaded:
        """Return ``file``, loaded, in a process that has done nothing else.

        Args:
            file: As ``write`` made it.
            recipe: In the same folder; says how weights go back into the model's own class.
            threads: That may compute.
            study: Folder of the recipe's study, which may keep the dense model and the data.
        """

    def further(self, made: Deliverable, folder: Path) -> tuple[Check, ...]:
        """Write the files ``beside`` into ``folder``, and return a check of each; none by default.

        Called once the file itself is verified.
        """
        del made, folder
        return ()

    def describe(self, recovered: bool) -> str:
        """Return in one sentence what it is good for, with fine-tuned weights if ``recovered``."""
        return (recovered and self.recovered) or self.purpose

    def companions(self, recovered: bool) -> tuple[str, ...]:
        """Return the names of formats without which a file of this one is of no use."""
        del recovered
        return ()

    def why_companions(self) -> str:
        """Return in a few words why the companions are written too."""
        return f"{self.title} is loaded with them"

    def without(self, companion: Format, reason: str | None) -> str:
        """Return why nothing is written where ``companion`` failed for ``reason``."""
        return f"{self.title} is loaded with {companion.title}, which is not offered: {reason}"

    def size(self, file: Path, tensors: int, promised: Promise) -> Check:
        """Return the check of the file's bytes: by default, tensors and a graph beside them.

        Args:
            file: On disk.
            tensors: Bytes of the weights that the loaded file holds.
            promised: What was promised.
        """
        from prunescope.export.promised_bytes import with_graph

        del tensors
        return with_graph(file, promised)

    def loading(self, recipe: Recipe) -> LoadingCode:
        """Return what the script beside the export says of the file; by default nothing."""
        del recipe
        return LoadingCode()


def quotable(text: str) -> str:
    """Return ``text`` so that it can stand in a docstring of the script."""
    return text.replace("\\", "/").replace('"', "'")
