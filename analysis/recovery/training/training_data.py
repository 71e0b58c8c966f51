"""Make the feed of a training: the calibration split, or the user's own data, augmented or not."""

from dataclasses import dataclass, field

from prunescope.bench.device import device_of
from prunescope.bench.workbench import Workbench
from prunescope.recovery.training.augmentation import Augment, load_augmentation, made_augmentation
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.training_batch import Feed, SplitFeed
from prunescope.recovery.training.user_stream import StreamFeed, load_stream


@dataclass(frozen=True)
class LiveData:
    """What somebody gave in Python where the settings have names for it.

    Attributes:
        train: A ``DataLoader``, a ``Dataset`` or an iterable of batches; None for what the
            settings name.
        augment: A transform; None for what the settings name.
    """

    train: object = None
    augment: object = None


@dataclass(frozen=True)
class TrainingData:
    """The batches of a training, and proof of where they came from.

    Attributes:
        feed: Of the batches, at its beginning.
        sources: Hashes of the user's code, by setting.
    """

    feed: Feed
    sources: dict[str, str] = field(default_factory=dict)


def training_data(bench: Workbench, settings: FineTuning, live: LiveData) -> TrainingData:
    """Return a fresh feed as ``settings`` ask for.

    Raises:
        BadReference, UnknownName, BadValue: The user's loader or augmentation is none.
    """
    augment: Augment | None = None
    sources: dict[str, str] = {}
    if live.augment is not None:
        augment = made_augmentation(live.augment, settings.augment, settings.seed)
    elif settings.augment:
        augment, sources["augment"] = load_augmentation(settings.augment, settings.seed)
    feed: Feed
    device = device_of(bench.network.module)
    if live.train is not None:
        feed = StreamFeed(settings.train, lambda: live.train, settings, augment, device)
    elif settings.train:
        feed, sources["train"] = load_stream(settings.train, settings, augment, device)
    else:
        feed = SplitFeed(
            bench.splits.calibration, settings.batch, settings.accumulate, settings.seed,
            settings.epoch_steps, augment,
        )  # fmt: skip
    return TrainingData(feed, sources)
