"""What a kind of data is: what a user types before the colon, and how it is read. Torch-free.

An example, whole, in a file of its own::

    class Mine(DataKind):
        name = "mine"
        form = "mine:NAME"

        def load(self, name, options, preprocess):
            from my_data import read
            return Parts({part: read(name, part) for part in ("calibration", "validation", "test")})

    KIND = Mine()

Imports of what is heavy stand inside of the methods: trust, jobs and pages read the descriptions of
all kinds, and must not load torch for it. No kind runs code that comes with the data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Protocol, runtime_checkable

from prunescope.data_kinds.options import Options
from prunescope.errors import BadReference

Preprocess = Callable[[Any], Any]
"""From a picture, as PIL reads it, to the tensor that the model takes."""


@dataclass(frozen=True)
class Parts:
    """What was read.

    Attributes:
        splits: ``calibration``, ``validation`` and ``test``, each ``(inputs, targets)``: tensors
            or dicts of tensors whose dimension 0 counts samples; targets may be None. Without
            ``test``, half of validation is held back as one. One set alone, under the name
            ``all``, is cut in three.
        classes: Their names, where they have any.
    """

    splits: Mapping[str, tuple[Any, Any]]
    classes: tuple[str, ...] = field(default=())


@runtime_checkable
class DataKind(Protocol):
    """A kind of data. Derive from it: what is not listed first has defaults.

    Attributes:
        name: What a user types before the colon.
        form: What stands in help and errors, such as ``torchvision:NAME``.
        options: What may follow the name as ``?option=value&…``, each with its default.
        packages: What pip installs for it; modules of the same names are imported.
        rank: Place in lists.
    """

    name: str
    form: str
    options: ClassVar[Mapping[str, int | str]] = MappingProxyType({})
    packages: tuple[str, ...] = ()
    rank: int = 50

    def load(self, name: str, options: Options, preprocess: Preprocess | None) -> Parts:
        """Return the samples of ``name``, the same ones at every call.

        Args:
            name: What stands between the colon and the options.
            options: All of them, those that were not typed with their defaults.
            preprocess: The model's own, where it has one.

        Raises:
            BadReference, UnknownName: There is none, or it cannot be had; with the next step.
            DataMismatch: What is there is not what the kind reads.
        """
        ...

    def path(self, name: str) -> Path | None:
        """Return the file or folder that ``name`` means; None where it names none."""
        del name
        return None

    def require_packages(self, text: str) -> None:
        """Raise ``BadReference``, which says what to install, unless the packages are there."""
        for package in self.packages:
            if find_spec(package) is None:
                raise BadReference(
                    f"Expected the package {package} for {text}, but it is not installed. Install "
                    f"it: pip install {' '.join(self.packages)}"
                )
