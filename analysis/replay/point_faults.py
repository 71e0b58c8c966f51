"""What goes wrong for one point stays with that point."""

import contextlib
from collections.abc import Iterator

from prunescope.errors import CannotPrune, DataMismatch, PrunescopeError
from prunescope.user_code.memory import out_of_memory

_LONGEST = 200


@contextlib.contextmanager
def point_faults() -> Iterator[None]:
    """Raise ``CannotPrune`` for whatever a single point's network raises in the block.

    The dense network has run on all samples before, so the fault lies in what pruning made of it.
    Want of memory passes, as it concerns every point, and so do the sentences of other parts.
    """
    try:
        yield
    except DataMismatch as error:
        raise CannotPrune(_sentence(error.__cause__ or error)) from error
    except PrunescopeError:
        raise
    except Exception as error:
        if out_of_memory(error):
            raise
        raise CannotPrune(_sentence(error)) from error


def _sentence(error: BaseException) -> str:
    text = " ".join(str(error).split())[:_LONGEST].rstrip(". ")
    return (
        f"Expected the pruned network to run, but it raised {type(error).__name__}"
        f"{': ' if text else ''}{text}. Leave this point out, or report a fault of Prunescope."
    )
