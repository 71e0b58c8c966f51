"""The exception tree: whatever a user can get wrong ends in one sentence with the next step.

Every message has the form *Expected X to be Y, but got Z. Next step.* The engine raises; the
command line and the dashboard show ``str(error)``, each in one place.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Self


class PrunescopeError(Exception):
    """Base of every error that a user can cause or mend."""


class BadValue(PrunescopeError, ValueError):
    """A value that is out of range or of the wrong form."""


class UnknownName(BadValue):
    """A name that stands for nothing here."""

    @classmethod
    def among(cls, what: str, given: str, allowed: Iterable[str]) -> Self:
        """Return the error for ``given``, naming the closest of the ``allowed`` names.

        >>> str(UnknownName.among("criterion", "magnitud", ["magnitude", "taylor"]))
        "Expected criterion to be one that exists, but got 'magnitud'. Closest: magnitude."
        """
        names = sorted(set(allowed))
        close = get_close_matches(given, names, n=3, cutoff=0.5)
        hint = f"Closest: {', '.join(close)}." if close else f"Choose from: {_shortened(names)}."
        return cls(f"Expected {what} to be one that exists, but got {given!r}. {hint}")


class BadReference(PrunescopeError):
    """A reference to a model, data or metric that leads nowhere."""


class CannotCapture(PrunescopeError):
    """A model that ``torch.export`` cannot turn into a graph."""


class HangsOnData(CannotCapture):
    """A model whose graph would need to know a value that only data tell; it says where."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message)
        self.place = place


class CannotPrune(PrunescopeError):
    """A removal that would not be exact, refused with its reason."""


class CannotReach(PrunescopeError):
    """A target that no plan meets, with what can be reached."""


class DataMismatch(PrunescopeError):
    """Data whose shape, labels or values do not fit the model."""


class Unsound(PrunescopeError):
    """A model or data of which no study can be true: random answers, a score that cannot fall."""


class ForeignStudy(PrunescopeError):
    """Measurements or plans that were made from other weights, data or settings."""


class PlanChanged(PrunescopeError):
    """A save over a plan that somebody else saved meanwhile."""


class DamagedFile(PrunescopeError):
    """A file that cannot be read as what it should be."""


class UnsafeFile(PrunescopeError):
    """A file that could run code when it is loaded."""


class StorageFailure(PrunescopeError):
    """A folder that cannot be written: full, read-only or missing."""


class WouldOverwrite(PrunescopeError):
    """A destination that holds what Prunescope did not write, or what a study is made from."""


class ReadOnly(StorageFailure):
    """A change that is refused because studies may only be read."""


class NotTrusted(PrunescopeError):
    """Code that a study names and that nobody on this machine vouched for."""


class OutOfMemory(PrunescopeError, MemoryError):
    """A model, data or a metric that needs more memory than there is."""


class TookTooLong(PrunescopeError):
    """Code of the user's that was still running at its limit."""


class Cancelled(PrunescopeError):
    """A run that somebody stopped; what it finished is kept."""


def _shortened(names: list[str], most: int = 12) -> str:
    rest = f", and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + rest
