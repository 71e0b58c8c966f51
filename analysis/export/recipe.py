"""The recipe: what was done to which dense model, so that it can be done again. Torch-free."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Self

from prunescope.errors import DamagedFile
from prunescope.recovery.training.fine_tuning_report import FineTuning
from prunescope.store.json_documents import read_document, write_document
from prunescope.study import Reference
from prunescope.study.plan import Plan

RECIPE: Final = "recipe.json"
SCHEMA: Final = 1


@dataclass(frozen=True)
class LayerCount:
    """How many weights of one layer are removed.

    Attributes:
        name: The layer.
        parameter: Dotted name of its weight.
        removed: Exact; these entries of the weight are zero.
        total: Entries of the weight.
    """

    name: str
    parameter: str
    removed: int
    total: int


@dataclass(frozen=True)
class UnitRemoval:
    """Which units of one group are really gone.

    Attributes:
        group: The group.
        granularity: ``channel``, ``head`` or ``block``.
        removed: Numbers of the units, ascending, from 0.
        total: Units that there were.
    """

    group: str
    granularity: str
    removed: tuple[int, ...]
    total: int


@dataclass(frozen=True)
class Recipe:
    """A pruned model as instructions: the dense model, the plan, and proof of the outcome.

    Attributes:
        plan: Methods and sparsities by layer, recovery and seed.
        reference: Model, data and metric, as the user wrote them.
        fingerprint: Of weights, graph, data and metric that the plan was made for.
        layers: Exact counts of every layer with zeroed weights, in forward order.
        units: Every group that is physically smaller, by name.
        weights_sha256: Of the resulting tensors (names, types, shapes, values).
        training: How the weights were fine-tuned after pruning, None when they were not. Training
            is not repeated on replay: the masks are made anew, the stored weights are taken, and
            both are checked.
        threads: That computed the scores: the order in which floats are summed depends on it.
        versions: Of everything that had a hand in it.
        parts: The fingerprint's parts (weights, graph, data, metric), to say what differs; empty in
            recipes from before they were noted.
        schema: Of the file; a newer one is refused.
    """

    plan: Plan
    reference: Reference
    fingerprint: str
    layers: tuple[LayerCount, ...]
    units: tuple[UnitRemoval, ...]
    weights_sha256: str
    training: FineTuning | None
    threads: int
    versions: dict[str, str]
    parts: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def within(self, study: Path | None) -> Self:
        """Return the recipe with what the study in folder ``study`` keeps as paths into it."""
        return replace(self, reference=self.reference.within(study))

    @property
    def recovered(self) -> bool:
        """Whether the weights were fine-tuned."""
        return self.training is not None

    @property
    def gradual(self) -> bool:
        """Whether they were pruned in rounds: which ones left, the tuned network's scores said."""
        return self.training is not None and self.training.rounds > 1

    @property
    def statement(self) -> str:
        """What this recipe can make again, in one sentence."""
        if self.gradual:
            return (
                "The weights come from pruning and fine-tuning in rounds, which a replay does not "
                "repeat: it takes the units from here and the masks from the stored weights, and "
                "checks their counts and their hash."
            )
        if self.recovered:
            return (
                "The weights come from fine-tuning, which a replay does not repeat: it makes the "
                "masks anew and checks the stored weights against them and against their hash."
            )
        return "A replay makes every tensor anew from the dense model, bit for bit."


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in ``path``.

    Raises:
        DamagedFile: It holds none, or one that a newer version wrote.
    """
    recipe = read_document(Recipe, path)
    if recipe.schema != SCHEMA:
        raise DamagedFile(
            f"Expected {path} to be a recipe of schema {SCHEMA}, but it is of schema "
            f"{recipe.schema}. Use the version of prunescope that wrote it."
        )
    return recipe


def write_recipe(path: Path, recipe: Recipe) -> None:
    """Write ``recipe`` to ``path``."""
    write_document(path, recipe)
