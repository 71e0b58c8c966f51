"""Turn what goes wrong while weights download into a sentence with the next step. Torch-free."""

import contextlib
import logging
import warnings
from collections.abc import Iterator

from prunescope.commands import next_steps
from prunescope.errors import BadReference, PrunescopeError


@contextlib.contextmanager
def downloading(what: str, place: str, weights: bool = True) -> Iterator[None]:
    """Guard a block that may download ``what`` from ``place``; libraries' own chatter is silenced.

    Args:
        what: To follow "Expected".
        place: Where it comes from.
        weights: Whether these are weights, which may be given otherwise.

    Raises:
        BadReference: The block failed.
    """
    disabled = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # initialisers announce their future defaults
            yield
    except PrunescopeError:
        raise
    except Exception as error:  # whatever a library and its network raise
        reason = " ".join(str(error).split())[:200].rstrip(".") or type(error).__name__
        step = (
            f"Go online, name a file with {next_steps.weights_file()}, or take random weights with "
            f"{next_steps.random_weights()}."
            if weights
            else "Check the name, and go online if it is not on this machine."
        )
        raise BadReference(
            f"Expected {what} to come from {place}, but got: {reason}. {step}"
        ) from error
    finally:
        logging.disable(disabled)
