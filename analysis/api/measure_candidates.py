"""What solving measures plans with: each really applied, stored, and reported at once."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from prunescope.curves.curve import curves
from prunescope.errors import Cancelled
from prunescope.planning.prediction import LogitOperators, PredictedEffects, Record
from prunescope.planning.prediction.predict import predict
from prunescope.planning.search import Measure
from prunescope.progress import Progress
from prunescope.store.folder import StudyFolder
from prunescope.store.trust import require_vouched
from prunescope.study.plan import Plan
from prunescope.text.scores import words_of

if TYPE_CHECKING:
    from prunescope.bench.workbench import Workbench


def measuring(
    study: StudyFolder,
    name: str,
    count: int,
    progress: Progress,
    bench_of: "Callable[[], Workbench] | None" = None,
) -> Measure:
    """Return what applies a plan and stores its measurement; one that is stored is read.

    Args:
        study: Where measurements are kept.
        name: Under which plans are stored, each with where it comes from.
        count: How many plans will be measured at most.
        progress: Told of each plan, and asked before it whether to go on.
        bench_of: Gives the study's workbench; by its reference where there is none.
    """
    from prunescope.bench.workbench import prepare
    from prunescope.sweep.beside_verification import store
    from prunescope.sweep.verify_plan import Verifier

    bench = (
        bench_of()
        if bench_of
        else prepare(require_vouched(study.manifest.reference, study.folder), study.folder)
    )
    study.require(bench.manifest)
    manifest, known = study.manifest, curves(study.measured(), study.manifest)
    operators, words = LogitOperators(manifest, study.logits), words_of(manifest)
    rows = study.verified().query("split == 'validation'").to_dict("records")
    stored = {str(row["digest"]): PredictedEffects.measured(row, None) for row in rows}
    record = Record.of(manifest, known, study.verified(), operators)
    verifier = Verifier(bench)
    progress.start(count, "measuring the best few")

    def measured(plan: Plan) -> dict[str, float]:
        if progress.cancelled():
            raise Cancelled(
                "Expected the best few plans to be measured, but that was cancelled. Those that "
                "were measured are kept; start it again to go on."
            )
        figures = stored.get(plan.digest)
        if figures is None:
            guess = predict(manifest, plan, known, record, operators)
            row, made = verifier.measure_all(replace(plan, name=f"{name} {plan.name}"), guess)
            store(study, made)
            study.verifications.append([row])
            figures = PredictedEffects.measured(asdict(row), None)
        progress.advance(1, f"{words.loss_word} {words.drop(figures.damages['drop'])}")
        return figures.damages

    return measured
