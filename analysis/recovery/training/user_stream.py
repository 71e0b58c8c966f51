"""The user's own training data, streamed: a loader, a data set, or any iterable of batches."""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from torch import Tensor
from torch.utils import _pytree as pytree
from torch.utils.data import DataLoader, Dataset, IterableDataset

from prunescope.bench.device import move
from prunescope.commands import next_steps
from prunescope.errors import BadValue, DataMismatch, PrunescopeError
from prunescope.recovery.training.augmentation import Augment
from prunescope.recovery.training.drawn import drawn
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.training_batch import Batch
from prunescope.recovery.training.training_curve import StreamPlace
from prunescope.sources.functions import find_function, source_hash
from prunescope.sources.live_data import read_batch
from prunescope.text.numbers import exact
from prunescope.user_code.guard import guarded

_NO_MORE: Final = object()
_ALIKE: Final = 3
"""Batches like the one before them from which on it is said."""


class StreamEnded(PrunescopeError):
    """The user's data came to its end and cannot begin anew."""


class StreamFeed:
    """Batches of the user's loader as they come, pass after pass.

    All that a loader draws at random it draws by the training's seed, the pass and the place, so
    that another process that skips forward to the same place gets the same batches. A loader that
    gives others all the same is read on from where it stands, and that is said.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], object],
        settings: FineTuning,
        augment: Augment | None = None,
        device: Any = None,
    ) -> None:
        """Make the loader, and read nothing of it yet.

        Args:
            name: What the user calls it.
            make: Gives the loader; called again where what it gave can be read only once.
            settings: Batch (of a data set), accumulation, seed and steps of an epoch.
            augment: Changes samples, or None.
            device: That computes; None for where the batches lie.

        Raises:
            BadValue: No data, or an endless stream without the steps of an epoch.
        """
        self._name, self._make, self._settings = name, make, settings
        self._augment, self._device = augment, device
        self._loader = self._made()
        self._length = _length(self._loader)
        if settings.epoch_steps is None and self._length is None:
            raise BadValue(
                f"Expected {name} to have a length, or the number of steps that count as an epoch, "
                f"but got neither. Say it: {next_steps.epoch_steps(500)}."
            )
        usual = math.ceil((self._length or 0) / settings.accumulate)
        self.steps = settings.epoch_steps or usual
        if self.steps < 1:
            raise DataMismatch(f"Expected {name} to give batches, but it is empty. Add samples.")
        self._iterator: Iterator[Any] | None = None
        self._place, self._useful = StreamPlace(), False

    def step(self, number: int) -> list[Batch]:
        """Return the next batches, as many as are accumulated.

        Raises:
            StreamEnded: There are no more, and it cannot be read again.
            DataMismatch: It gives no batches at all, or something else than batches.
        """
        batches = [self._batch() for _ in range(self._settings.accumulate)]
        if self._augment is None:
            return batches
        return [self._augment(batch, number, part) for part, batch in enumerate(batches)]

    def place(self) -> StreamPlace:
        """Return the pass, the batches read of it, and what was counted."""
        return self._place

    def go_on(self, place: StreamPlace | None) -> None:
        """Skip forward to ``place``; where other batches come by, note it and go on from there."""
        if place is None:
            return
        self.rewind()
        self._place, last = StreamPlace(passes=max(place.passes - 1, 0)), ""
        for _ in range(place.read):
            batch = self._next()
            if batch is None:
                break
            last = _print_of(batch)
        self._useful = self._place.read > 0
        moved = place.moved or last != place.last
        self._place = replace(place, read=self._place.read, last=last, moved=moved)

    def rewind(self) -> None:
        """Begin with the first pass again, where the loader can be read again."""
        self._iterator, self._place = None, StreamPlace()

    def notes(self) -> tuple[str, ...]:
        """Return what was odd about the data: an early end, small batches, repeats, a new order."""
        place, notes = self._place, []
        if place.ended:
            notes.append(
                f"{self._name} ended after {exact(place.ended)} batches and was begun again; "
                f"training came to its pass {place.passes}."
            )
        if place.small:
            notes.append(
                f"{exact(place.small)} batches of a single sample were left out: batch norm needs "
                "two."
            )
        if place.alike >= _ALIKE:
            notes.append(
                f"{exact(place.alike)} batches began with the same sample as the one before: the "
                "loader repeats itself."
            )
        if place.moved:
            notes.append(
                f"{self._name} gave other batches when it was begun again, so training went on "
                "with those: the same seed need not give the same weights."
            )
        return tuple(notes)

    def _batch(self) -> Batch:
        """The next batch of two samples or more, of this pass or the next one."""
        while True:
            batch, place = self._next(), self._place
            if batch is None:
                if not self._useful:
                    raise self._nothing()
                if self._length is None or place.read < self._length:
                    self._place = replace(place, ended=place.read)
                self._iterator, self._useful = None, False
                continue
            seen = _print_of(batch)
            alike = place.alike + (seen == place.last)
            if len(batch) < 2:
                self._place = replace(place, last=seen, alike=alike, small=place.small + 1)
                continue
            self._place, self._useful = replace(place, last=seen, alike=alike), True
            return batch

    def _next(self) -> Batch | None:
        """The next batch as it comes, or None at the end of a pass; begins one where none is."""
        if self._iterator is None:
            if self._place.passes and _once(self._loader):
                self._loader = self._made()
            self._place = replace(self._place, passes=self._place.passes + 1, read=0, last="")
        place = self._place
        with drawn(self._settings.seed, place.passes, place.read), guarded(
            f"{self._name} to give its batches", "Mend the loader.", DataMismatch,
            "reading the training data",
        ):  # fmt: skip
            if self._iterator is None:
                self._iterator = iter(self._loader)
            given = next(self._iterator, _NO_MORE)
        if given is _NO_MORE:
            return None
        self._place = replace(place, read=place.read + 1)
        inputs, targets = read_batch(self._name, given)
        return Batch(inputs if self._device is None else move(inputs, self._device), targets)

    def _made(self) -> Iterable[Any]:
        with guarded(
            f"{self._name} to give the training data when called without arguments",
            "Return a DataLoader, a Dataset or an iterable of batches.",
            doing="loading the training data",
        ):
            given = self._make()
        if isinstance(given, DataLoader):
            return given
        if isinstance(given, Dataset):
            shuffles = not isinstance(given, IterableDataset)
            return DataLoader(given, batch_size=self._settings.batch, shuffle=shuffles)
        if isinstance(given, Iterable) and not isinstance(given, Tensor | str | bytes | dict):
            return given
        raise BadValue(
            f"Expected {self._name} to give a DataLoader, a Dataset or an iterable of batches, but "
            f"got {type(given).__name__}. Return one of these."
        )

    def _nothing(self) -> PrunescopeError:
        if self._place.passes > 1:
            return StreamEnded(
                f"Expected {self._name} to begin again after its end, but it gives no more "
                "batches. Return a loader that can be read again."
            )
        return DataMismatch(
            f"Expected {self._name} to give batches of two samples or more, but it ended before "
            "the first. Add samples, or larger batches."
        )


def load_stream(
    reference: str, settings: FineTuning, augment: Augment | None, device: Any
) -> tuple[StreamFeed, str]:
    """Return the feed of the data that ``reference``, a ``file.py:function``, gives, and a hash.

    Raises:
        BadReference, UnknownName: Nothing of that name.
    """
    function = find_function("training data", reference)
    return StreamFeed(reference, function, settings, augment, device), source_hash(function)


def _length(loader: object) -> int | None:
    """The batches of a pass, where the loader knows."""
    try:
        return len(loader)  # type: ignore[arg-type]
    except (TypeError, NotImplementedError):
        return None


def _once(loader: object) -> bool:
    """Whether it is an iterator, which ends for good."""
    return isinstance(loader, Iterator)


def _print_of(batch: Batch) -> str:
    """A hash of the first sample's inputs."""
    digest = hashlib.sha256()
    for leaf in pytree.tree_leaves(batch.inputs):
        if isinstance(leaf, Tensor):
            digest.update(leaf[0].detach().contiguous().numpy(force=True).tobytes())
    return digest.hexdigest()[:16]
