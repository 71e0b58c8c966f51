"""Keep the garbage collector from walking over what is being imported."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def resting() -> Iterator[None]:
    """Let the collector rest in the block, and never look at what was made in it again.

    Importing torch and its export makes a million objects that stay; walking over them again and
    again is a tenth of the time until a sweep's first point.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
