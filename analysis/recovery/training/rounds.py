"""What the rounds of a gradual schedule gave: a front of sizes and scores. Torch-free."""

from dataclasses import dataclass, field, replace

from prunescope.recovery.training.fine_tuning_settings import FineTuning
from prunescope.recovery.training.training_curve import Ending, RangeTest, Reading
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan


@dataclass(frozen=True)
class RoundPoint:
    """One plan of a round's front: what the network as it is tuned by then would lose.

    Attributes:
        share: Of the dense network's cost that is left (``counts_macs``).
        score: Predicted on validation samples, pruned by it and untrained.
    """

    share: float
    score: float


@dataclass(frozen=True)
class Round:
    """One round: pruned a little further, scored anew on the tuned network, and trained.

    Attributes:
        number: From 1.
        parameters: That are left, neither zero by a mask nor gone.
        macs: Multiply-accumulates of one sample that are left by removed units; 0 where unknown.
        pruned_score: Mean validation score after pruning and the plan's recovery, untrained.
        score: After training, of the best epoch.
        rate: Peak learning rate.
        epochs: Trained.
        best_epoch: Of this round, whose weights the next round prunes; 0 for untrained.
        ending: How its training ended.
        seconds: Until its end, all rounds before it included.
        step: The same in steps.
        front: Predicted trade-off from which this round's step was solved; empty where the plan's
            own sparsities were reached.
        sparsities: By layer or group, of the dense network, after this round; empty likewise.
    """

    number: int
    parameters: int
    macs: int
    pruned_score: float
    score: float
    rate: float
    epochs: int
    best_epoch: int
    ending: Ending
    seconds: float = field(compare=False)
    step: int
    front: tuple[RoundPoint, ...] = ()
    sparsities: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class RoundsDone:
    """A gradual schedule between two rounds.

    Attributes:
        rounds: That are done.
        curve: Readings of all of them, in order.
        gone: Numbers of the units that are gone by now, by group.
        range_tests: By which rates were chosen.
        diverged_at: Rates that were given up.
        notes: Sentences on the data.
        seconds: Spent.
        resumed: How often it was gone on with.
        settings: In force in the last round.
    """

    rounds: tuple[Round, ...] = ()
    curve: tuple[Reading, ...] = ()
    gone: dict[str, tuple[int, ...]] = field(default_factory=dict)
    range_tests: tuple[RangeTest, ...] = ()
    diverged_at: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    resumed: int = 0
    settings: FineTuning | None = None


@dataclass(frozen=True)
class SolvedRound:
    """What a round solved anew takes away.

    Attributes:
        plan: Sparsities of units are shares of those that are left now, of weights of all; None
            where nothing could be solved, and the plan's own step is taken.
        front: See ``Round``.
        note: Why nothing could be solved.
    """

    plan: Plan | None
    front: tuple[RoundPoint, ...] = ()
    note: str = ""


def counts_macs(plan: Plan) -> bool:
    """Return whether the cost of ``plan`` is its multiply-accumulates; else its parameters."""
    return any(choice.granularity in UNITS for choice in plan.active().values())


def share_left(final: float, number: int, rounds: int) -> float:
    """Return the share that stays after round ``number`` of ``rounds``, where ``final`` stays last.

    Geometric: every round removes the same share of what the one before left.

    >>> [round(share_left(0.0625, number, 4), 4) for number in range(1, 5)]
    [0.5, 0.25, 0.125, 0.0625]
    """
    return float(final ** (number / rounds)) if number < rounds else final


def round_settings(asked: FineTuning, number: int) -> FineTuning:
    """Return what round ``number`` is trained with: its share of the epochs, or of the seconds.

    The last round has what does not divide.

    >>> [round_settings(FineTuning(epochs=10, rounds=4), n).epochs for n in range(1, 5)]
    [2, 2, 2, 4]
    """
    usual, more = divmod(asked.epochs, asked.rounds)
    epochs = max(usual + (more if number == asked.rounds else 0), 1)
    seconds = None if asked.seconds is None else asked.seconds / asked.rounds
    return replace(asked, epochs=epochs, seconds=seconds, rounds=1, resolve=False)
