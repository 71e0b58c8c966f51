"""A store's mirror, kept up to date for as long as somebody looks at it. Torch-free."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.errors import PrunescopeError
from prunescope.object_store.mirror import mirrored, mirrored_or_refused
from prunescope.object_store.objects import ObjectStore

log = logging.getLogger(__name__)

_OFTEN: Final = 3.0
_SHARE: Final = 10.0
"""Seconds between two looks: ten times what the last one took, and at least three."""


@contextlib.contextmanager
def watched(url: str) -> Iterator[Path]:
    """Yield the folder of the mirror of the store ``url``, which is refreshed during the block.

    A store that does not answer for a while leaves the mirror as it is.

    Raises:
        BadReference: The store holds no study.
        StorageFailure: It does not answer at first.
    """
    store = ObjectStore(url)
    study = mirrored_or_refused(store)
    stop = threading.Event()
    watcher = threading.Thread(target=_look, args=(store, stop), name="watch", daemon=True)
    watcher.start()
    try:
        yield study.folder
    finally:
        stop.set()
        watcher.join()


def _look(store: ObjectStore, stop: threading.Event) -> None:
    took, refused = 0.0, False
    while not stop.wait(max(_OFTEN, _SHARE * took)):
        began = time.monotonic()
        try:
            mirrored(store)
            refused = False
        except PrunescopeError as error:
            if not refused:
                log.warning("%s What was there before is shown meanwhile.", error)
            refused = True
        took = time.monotonic() - began
