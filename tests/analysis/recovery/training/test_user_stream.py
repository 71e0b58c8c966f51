"""The user's own loader and augmentation: streamed, repeated, skipped forward, refused."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

from prunescope.bench.workbench import Workbench
from prunescope.errors import BadValue, DataMismatch, UnknownName
from prunescope.progress import Silent
from prunescope.recovery.training.augmentation import load_augmentation
from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.finetune import LiveData, finetune
from prunescope.recovery.training.training_batch import Batch
from prunescope.recovery.training.user_stream import StreamEnded, StreamFeed
from prunescope.store.folder import StudyFolder
from tests.analysis.recovery.short_training import QUICK, MakePlan
from tests.analysis.recovery.training.trained import Spy

SETTINGS = FineTuning(batch=4)


def _data(count: int = 20) -> TensorDataset:
    return TensorDataset(torch.arange(float(count)).view(-1, 1), torch.arange(count) % 3)


def _feed(make: Callable[[], object], **changes: Any) -> StreamFeed:
    return StreamFeed("mine.py:loader", make, replace(SETTINGS, **changes))


def _read(feed: StreamFeed, steps: int) -> list[list[float]]:
    return [_values(feed.step(number)[0]) for number in range(steps)]


def _values(batch: Batch) -> list[float]:
    assert isinstance(batch.inputs, Tensor)
    return [float(value) for value in batch.inputs.flatten()]


def test_a_shuffled_loader_gives_the_same_batches_again_and_others_in_the_next_pass() -> None:
    make = lambda: DataLoader(_data(), batch_size=4, shuffle=True)  # noqa: E731
    torch.manual_seed(5)
    one = _read(_feed(make), 10)
    torch.manual_seed(6)
    feed = _feed(make)
    assert _read(feed, 10) == one
    assert sorted(itertools.chain(*one[:5])) == [float(i) for i in range(20)]
    assert one[:5] != one[5:]
    assert feed.notes() == ()  # it ended as it had announced
    assert _read(_feed(make, seed=1), 10) != one


def test_a_feed_goes_on_where_another_stood() -> None:
    make = lambda: DataLoader(_data(), batch_size=4, shuffle=True)  # noqa: E731
    feed, other = _feed(make), _feed(make)
    _read(feed, 7)
    other.go_on(feed.place())
    assert _read(other, 6) == _read(feed, 6)
    assert other.notes() == ()


def test_a_loader_that_gives_others_after_a_stop_is_said() -> None:
    count = itertools.count()
    make = lambda: [torch.full((2, 1), float(next(count))) for _ in range(6)]  # noqa: E731
    feed = _feed(make)
    _read(feed, 4)
    other = _feed(make)
    other.go_on(feed.place())
    (note,) = other.notes()
    assert "gave other batches when it was begun again" in note
    assert _read(other, 1) == [[10.0, 10.0]]  # the fifth of those that it gives now


def test_a_loader_that_ends_early_is_begun_again_and_that_is_said() -> None:
    class Short:
        def __len__(self) -> int:
            return 5

        def __iter__(self) -> Iterator[Tensor]:
            return iter(torch.arange(6.0).view(3, 2, 1))

    feed = _feed(Short)
    assert feed.steps == 5
    assert _read(feed, 4) == [[0, 1], [2, 3], [4, 5], [0, 1]]
    (note,) = feed.notes()
    assert note.startswith("mine.py:loader ended after 3 batches and was begun again")


def test_a_generator_is_made_anew_by_its_function() -> None:
    def make() -> Iterator[Tensor]:
        yield from torch.arange(4.0).view(2, 2, 1)

    feed = _feed(make, epoch_steps=3)
    assert _read(feed, 3) == [[0, 1], [2, 3], [0, 1]]


def test_an_iterator_that_ends_for_good_says_so() -> None:
    made = iter(torch.arange(4.0).view(2, 2, 1))
    feed = _feed(lambda: made, epoch_steps=3)
    _read(feed, 2)
    with pytest.raises(StreamEnded, match="gives no more batches"):
        feed.step(2)


def test_batches_that_repeat_or_are_too_small_are_said() -> None:
    feed = _feed(lambda: [torch.zeros(2, 1)] * 5 + [torch.ones(1, 1)])
    _read(feed, 6)
    assert [note.split(" batches ")[0] for note in feed.notes()] == ["1", "4"]


@pytest.mark.parametrize(
    ("make", "error", "said"),
    [
        (lambda: iter([]), BadValue, "Say it: --epoch-steps 500"),
        (list, DataMismatch, "but it is empty"),
        (lambda: [torch.ones(1, 2)], DataMismatch, "ended before the first"),
        (lambda: 3, BadValue, "a Dataset or an iterable of batches, but got int"),
        (lambda: ["text"], BadValue, "but got str"),
        (lambda: 1 / 0, DataMismatch, "ZeroDivisionError"),
    ],
)
def test_loaders_that_are_none(
    make: Callable[[], object], error: type[Exception], said: str
) -> None:
    from prunescope.errors import BadReference

    with pytest.raises((error, BadReference), match=said):
        _feed(make).step(0)


MINE = """
import torch
from torch.utils.data import DataLoader, TensorDataset
from torchvision.transforms import v2

def loader():
    drawn = torch.Generator().manual_seed(3)
    inputs = torch.randn(200, {shape}, generator=drawn)
    targets = (inputs.flatten(1).sum(1) > 0).long()
    return DataLoader(TensorDataset(inputs, targets), 25, shuffle=True)

def unlabelled():
    return DataLoader([x for x, _ in loader().dataset], 25)

class Noise(torch.nn.Module):
    def forward(self, sample):
        return sample + 0.1 * torch.randn_like(sample)

noise = v2.Compose([Noise()])

def made():
    return noise

def mixed(inputs, targets):
    return inputs.flip(0), targets.flip(0)

number = len
"""


@pytest.fixture
def mine(bench: Workbench, tmp_path: Path) -> Path:
    inputs = bench.splits.calibration.inputs
    assert isinstance(inputs, Tensor)
    path = tmp_path / "mine.py"
    path.write_text(MINE.format(shape=", ".join(map(str, inputs.shape[1:]))))
    return path


@pytest.mark.parametrize("augment", ["", "noise", "made", "Noise", "mixed"])
def test_own_data_and_augmentation_train_and_go_on_bit_for_bit(
    bench: Workbench, make_plan: MakePlan, tmp_path: Path, mine: Path, augment: str
) -> None:
    plan = make_plan(bench)
    settings = replace(
        QUICK, train=f"{mine}:loader", augment=f"{mine}:{augment}" if augment else ""
    )
    whole = StudyFolder.create(tmp_path / "whole", bench.manifest)
    wanted = finetune(bench, whole, plan, settings, Silent())
    assert wanted.curve[-1].step == 2 * 8
    assert wanted.provenance["train"]
    assert f"data from {mine}:loader" in wanted.happenings()
    study = StudyFolder.create(tmp_path / "stopped", bench.manifest)
    finetune(bench, study, plan, settings, Spy(cancel_at=11))
    result = finetune(bench, study, plan, settings, Silent())
    assert (result.resumed, result.weights_hash) == (1, wanted.weights_hash)


def test_the_calibration_split_is_augmented_too(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, mine: Path
) -> None:
    plan = make_plan(bench)
    results = [
        finetune(bench, study, plan, replace(QUICK, augment=text), Silent())
        for text in ("", f"{mine}:noise", f"{mine}:noise")
    ]
    assert results[0].weights_hash != results[1].weights_hash == results[2].weights_hash


def test_samples_are_changed_one_by_one(mine: Path) -> None:
    augment, _ = load_augmentation(f"{mine}:noise", 0)
    batch = Batch(torch.zeros(3, 4), torch.arange(3))
    changed = augment(batch, 5, 0)
    assert isinstance(changed.inputs, Tensor)
    assert not torch.equal(changed.inputs[0], changed.inputs[1])
    assert torch.equal(augment(batch, 5, 0).inputs, changed.inputs)  # type: ignore[arg-type]
    assert not torch.equal(augment(batch, 6, 0).inputs, changed.inputs)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="nois"):
        load_augmentation(f"{mine}:nois", 0)


def test_a_transform_of_torchvision_by_name() -> None:
    augment, _ = load_augmentation("torchvision.transforms.v2:RandomHorizontalFlip", 0)
    images = torch.arange(24.0).view(4, 1, 2, 3)
    changed = augment(Batch(images), 0, 0).inputs
    assert isinstance(changed, Tensor)
    flipped = [not torch.equal(one, other) for one, other in zip(changed, images, strict=True)]
    assert set(flipped) == {True, False}


def test_data_without_labels_are_taught_by_the_dense_model_alone(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan, mine: Path
) -> None:
    plan, settings = make_plan(bench), replace(QUICK, train=f"{mine}:unlabelled")
    with pytest.raises(DataMismatch, match=r"a batch has none\. Set distillation to 1"):
        finetune(bench, study, plan, settings, Silent())
    result = finetune(bench, study, plan, replace(settings, distillation=1.0), Silent())
    assert result.validation.gain.low > 0


def test_a_live_loader_that_ends_keeps_what_was_trained(
    bench: Workbench, study: StudyFolder, make_plan: MakePlan
) -> None:
    known = bench.splits.calibration
    parts = [known.chunk(start, start + 30) for start in range(0, 210, 30)]
    stream = iter([(part.inputs, part.targets) for part in parts])
    settings = replace(QUICK, train="live:list_iterator", epoch_steps=5, rate=0.05)
    result = finetune(bench, study, make_plan(bench), settings, Silent(), live=LiveData(stream))
    assert (result.ending, result.curve[-1].step) == ("exhausted", 7)
    assert result.best_epoch > 0
    assert "could not be read again" in result.ending_sentence()
