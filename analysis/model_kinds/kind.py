"""What a kind of model is: what a user types before the colon, and how it is loaded. Torch-free.

An example, whole, in a file of its own::

    class Mine(ModelKind):
        name = "mine"
        form = "mine:NAME"
        packages = ("my-models",)

        def load(self, name, random):
            from my_models import make
            return make(name, pretrained=not random)

    KIND = Mine()

Imports of what is heavy stand inside of the methods: trust, jobs and pages read the descriptions of
all kinds, and must not load torch for it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from prunescope.errors import BadReference

if TYPE_CHECKING:
    from torch import Tensor, nn


@runtime_checkable
class ModelKind(Protocol):
    """A kind of model. Derive from it: what is not listed first has defaults.

    Attributes:
        name: What a user types before the colon.
        form: What stands in help and errors, such as ``timm:NAME``.
        packages: What pip installs for it.
        modules: The modules that it imports, one for each package.
        runs_code: Whether loading one runs Python that comes from elsewhere: trust is asked for.
        downloads: Whether its own weights are downloaded, unless random ones are taken.
        rank: Place in lists.
    """

    name: str
    form: str
    packages: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    runs_code: bool = False
    downloads: bool = True
    rank: int = 50

    def load(self, name: str, random: bool) -> nn.Module:
        """Return the model called ``name``; its weights are random, or those that it comes with.

        Raises:
            UnknownName, BadReference: There is none, or it cannot be had; with the next step.
        """
        ...

    def example(self, name: str) -> Any:
        """Return a random batch of two samples as the model takes them; None where nobody says."""
        del name
        return None

    def transform(self, name: str) -> Callable[[Any], Tensor] | None:
        """Return the model's own preprocessing of an image; None for ImageNet's."""
        del name
        return None

    def is_name(self, text: str) -> bool:
        """Whether a page's visitor may type ``text``: a name, never a path or somebody's code."""
        del text
        return False

    def require_packages(self, text: str) -> None:
        """Raise ``BadReference``, which says what to install, unless the packages are there."""
        for module, package in zip(self.modules or self.packages, self.packages, strict=True):
            if find_spec(module) is None:
                raise BadReference(
                    f"Expected the package {package} for {text}, but it is not installed. Install "
                    f"it: pip install {' '.join(self.packages)}."
                )
