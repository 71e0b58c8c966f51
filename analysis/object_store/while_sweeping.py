"""Pull what a store holds, and send what a sweep measures while it runs. Torch-free."""

import contextlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from prunescope.errors import PrunescopeError, StorageFailure
from prunescope.object_store.identity import require_same
from prunescope.object_store.inbox import Inbox
from prunescope.object_store.mirror import mirrored, mirrored_or_refused
from prunescope.object_store.objects import ObjectStore
from prunescope.object_store.outbox import Outbox
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.store.merge import merge_study, open_or_copy
from prunescope.store.rows_of_study import own_rows

log = logging.getLogger(__name__)

SOONEST: Final = 2.0
LATEST: Final = 60.0
SHARE: Final = 20.0
"""Seconds between two pushes: a twentieth of the time so far, within these bounds. A machine that
is lost takes at most that much work with it, and a long sweep makes few small objects."""
OFTEN: Final = 10.0
OFTEN_SHARE: Final = 100.0
"""The same where another sweep writes too: what both are at meanwhile is measured twice."""
_COST: Final = 2.0
"""And at least twice what the last exchange with others took."""


def begin_from(url: str, folder: Path, mirror: Path | None = None) -> StudyFolder | None:
    """Make ``folder`` a study like the one in the store ``url``, unless it is one; return it.

    Args:
        url: Of the store; with an empty one, no study is made, and None returned.
        folder: Of the study.
        mirror: Where the store is mirrored; by default in the account's own place.
    """
    if (folder / MANIFEST).exists():
        return StudyFolder.open(folder)
    source = mirrored(ObjectStore(url), mirror, tables=(), files=True)
    return None if source is None else open_or_copy(folder, source)


def pull(url: str, study: StudyFolder) -> Outbox:
    """Merge what the store ``url`` holds into ``study``; return what there is to send.

    Raises:
        ForeignStudy: The store is about another study, or another version of the engine.
        StorageFailure: It does not answer.
    """
    store = ObjectStore(url)
    require_same(store, study.manifest)
    mirror = mirrored(store)
    if mirror is not None:
        merge_study(study, mirror)
    return Outbox(store, StudyFolder.open(study.folder), mirror)


def pull_rows(outbox: Outbox, mirror: Path) -> None:
    """Add the points that the store holds to the outbox's study, without their logits.

    For a study that is thrown away: nothing is planned in it.

    Args:
        outbox: Of the study; learns what the store holds.
        mirror: A folder for the store's measurements.
    """
    there = mirrored(outbox.store, mirror, tables=("measurements",))
    if there is not None:
        outbox.learn(there)
        outbox.study.measurements.add(own_rows(there.measurements.read(), outbox.study.manifest))


def merge_source(url: str) -> StudyFolder:
    """Return the study in the store ``url`` as a folder that another can be merged from."""
    return mirrored_or_refused(ObjectStore(url), files=True)


@contextlib.contextmanager
def pushing(outbox: Outbox | None, inbox: Inbox | None = None) -> Iterator[None]:
    """Send to a store what is added to its study while the block runs, and then the rest.

    With an ``inbox``, what others write meanwhile comes into the study too.

    A store that does not answer meanwhile holds nothing up: what waits is sent later.

    Args:
        outbox: Of the study and its store; None for none.
        inbox: Of ``outbox``; None where nobody else's points are asked for.

    Raises:
        ForeignStudy: The store is about another study.
        StorageFailure: It refused at the beginning, or lacks something at the end.
    """
    if outbox is None:
        yield
        return
    outbox.begin()
    if inbox is not None:
        inbox.join()
    stop = threading.Event()
    sender = threading.Thread(target=_send, args=(outbox, inbox, stop), name="push", daemon=True)
    sender.start()
    try:
        yield
    except BaseException:
        with contextlib.suppress(PrunescopeError):
            _ended(sender, stop, inbox)
            outbox.push()
        raise
    _ended(sender, stop, inbox)
    if inbox is not None and inbox.others.heard:  # its last parts came after the sweep's own merge
        outbox.study.measurements.compact()
        outbox.study.logits.compact()
    _finish(outbox)


def _ended(sender: threading.Thread, stop: threading.Event, inbox: Inbox | None) -> None:
    stop.set()
    sender.join()
    if inbox is not None:
        with contextlib.suppress(PrunescopeError):
            inbox.leave()


def _send(outbox: Outbox, inbox: Inbox | None, stop: threading.Event) -> None:
    began, took = time.monotonic(), 0.0
    refused = ""
    while not stop.wait(_pause(time.monotonic() - began, took, inbox)):
        start = time.monotonic()
        try:
            outbox.push()
            if inbox is not None:
                inbox.pull()
            refused = ""
        except PrunescopeError as error:
            if not refused:
                log.warning("%s The sweep goes on, and sends what waits later.", error)
            refused = str(error)
        took = time.monotonic() - start


def _pause(seconds: float, took: float, inbox: Inbox | None) -> float:
    """Until the next exchange, ``seconds`` after the first one, of which the last ``took`` some."""
    if inbox is None or len(inbox.others.names) < 2:
        return min(max(seconds / SHARE, SOONEST), LATEST)
    return max(min(max(seconds / OFTEN_SHARE, SOONEST), OFTEN), _COST * took)


def _finish(outbox: Outbox) -> None:
    """Send what is left, and all of it again where the store lost what it had."""
    try:
        outbox.push()
        outbox.begin()
        if outbox.lost():
            again = Outbox(outbox.store, outbox.study, mirrored(outbox.store))
            again.push()
    except StorageFailure as error:
        raise StorageFailure(
            f"{error} All points are in {outbox.study.folder}; what the store lacks is sent then."
        ) from error
