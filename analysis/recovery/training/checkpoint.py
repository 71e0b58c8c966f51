"""The state of a fine-tuning that was stopped, as one file in the study."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from prunescope.errors import PrunescopeError
from prunescope.fence.safetensors_files import require_honest_tensors
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.training_curve import Progressed, RangeTest
from prunescope.recovery.training.training_run import TrainingState
from prunescope.store.files import write_atomically
from prunescope.store.json_documents import from_json, to_json

CHECKPOINT: Final = "checkpoint.safetensors"
"""The file's name, beside the result."""
_TEXT: Final = "checkpoint"


@dataclass(frozen=True)
class Stopped:
    """What a fine-tuning had done when its state was kept.

    Attributes:
        plan: Digest of the plan that is trained.
        fingerprint: Of the study.
        asked: The settings as somebody asked for them.
        settings: The same with the rate that is in force.
        reached: Steps, best epoch and curve.
        range_test: By which the rate was chosen, where it was.
        diverged_at: Rates that were given up.
        seconds: Spent so far.
        resumed: How often it was gone on with.
        sources: Hashes of the user's loader and augmentation, by setting.
        round: Of a gradual schedule, from 1; 0 for none.
    """

    plan: str
    fingerprint: str
    asked: FineTuning
    settings: FineTuning
    reached: Progressed
    range_test: RangeTest | None
    diverged_at: tuple[float, ...]
    seconds: float
    resumed: int
    sources: dict[str, str] = field(default_factory=dict)
    round: int = 0


@dataclass(frozen=True)
class Identity:
    """Of what a state is; one of another is not gone on with.

    Attributes:
        plan: Digest of the plan that is trained.
        fingerprint: Of the study.
        asked: The settings as somebody asked for them: those who ask so again go on from here.
        sources: Hashes of the user's loader and augmentation, by setting.
        round: Of a gradual schedule, from 1; 0 for none.
    """

    plan: str
    fingerprint: str
    asked: FineTuning
    sources: dict[str, str] = field(default_factory=dict)
    round: int = 0


@dataclass(frozen=True)
class History:
    """What happened to a fine-tuning before the run that goes on now.

    Attributes:
        settings: In force.
        state: To go on from; None at a beginning.
        range_test: By which the rate was chosen, where it was.
        diverged_at: Rates that were given up.
        seconds: Spent before.
        resumed: How often it was gone on with, this time included.
    """

    settings: FineTuning
    state: TrainingState | None = None
    range_test: RangeTest | None = None
    diverged_at: tuple[float, ...] = ()
    seconds: float = 0.0
    resumed: int = 0


def keep_stopped(
    folder: Path, identity: Identity, history: History, started: float, state: TrainingState
) -> None:
    """Write the state into ``folder``, whole or not at all.

    Args:
        folder: Of the plan's result.
        identity: Of what it is the state.
        history: Of the fine-tuning.
        started: When this run began, on ``time.monotonic``'s clock.
        state: Of the training now.

    Raises:
        StorageFailure: The disk refuses; what was kept before stays.
    """
    stopped = Stopped(
        identity.plan, identity.fingerprint, identity.asked, history.settings, state.reached,
        history.range_test, history.diverged_at, history.seconds + time.monotonic() - started,
        history.resumed, identity.sources, identity.round,
    )  # fmt: skip
    tensors = {name: tensor.contiguous() for name, tensor in state.tensors.items()}
    write_atomically(folder / CHECKPOINT, save(tensors, {_TEXT: to_json(stopped)}))


def read_stopped(folder: Path, identity: Identity) -> History:
    """Return what an earlier run of the same left in ``folder``.

    A damaged file, or another's, counts as none: what it held is trained again.
    """
    path = folder / CHECKPOINT
    nothing = History(identity.asked)
    if not path.is_file():
        return nothing
    try:
        require_honest_tensors(path)
        with safe_open(path, "pt") as file:
            texts: Mapping[str, str] = file.metadata() or {}
            stopped = from_json(Stopped, texts.get(_TEXT, ""), str(path))
            same = Identity(
                stopped.plan, stopped.fingerprint, stopped.asked, stopped.sources, stopped.round
            )
            if same != identity:
                return nothing
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (PrunescopeError, SafetensorError, OSError):
        return nothing
    return History(
        stopped.settings, TrainingState(stopped.reached, tensors), stopped.range_test,
        stopped.diverged_at, stopped.seconds, stopped.resumed + 1,
    )  # fmt: skip


def forget_stopped(folder: Path) -> None:
    """Remove the state: the fine-tuning is over."""
    (folder / CHECKPOINT).unlink(missing_ok=True)
