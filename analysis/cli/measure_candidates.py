"""What ``plan --verify`` measures with: each plan really applied, stored, and told at once."""

from dataclasses import asdict, replace

from prunescope.curves.curve import curves
from prunescope.errors import BadValue, Cancelled
from prunescope.planning.prediction import LogitOperators, PredictedEffects, Record
from prunescope.planning.prediction.predict import predict
from prunescope.planning.search import Measure
from prunescope.progress import Progress
from prunescope.store.folder import Study
from prunescope.store.trust import require_vouched
from prunescope.study.plan import Plan


def require_search(around: bool, exact: bool, rule: str | None) -> None:
    """Raise ``BadValue`` where the best few are asked for, but nothing looks for them."""
    given = {"--no-around": not around, "--exact": exact, "--baseline": rule is not None}
    names = " and ".join(name for name, is_given in given.items() if is_given)
    if names:
        raise BadValue(
            f"Expected --verify without {names}, because it measures what a search around the "
            f"solver's and the baselines' plans finds. Leave {names} out, or measure the one plan "
            "afterwards: prunescope verify STUDY PLAN."
        )


def measuring(study: Study, name: str, count: int, progress: Progress) -> Measure:
    """Return what applies a plan and stores its measurement; one that is stored is read.

    Args:
        study: Where measurements are kept.
        name: Under which plans are stored, each with where it comes from.
        count: How many plans will be measured at most.
        progress: Told of each plan, and asked before it whether to go on.
    """
    from prunescope.bench.workbench import prepare
    from prunescope.sweep.verify_plan import Verifier

    bench = prepare(require_vouched(study.manifest.reference))
    study.require(bench.manifest)
    manifest, known = study.manifest, curves(study.measured(), study.manifest)
    operators = LogitOperators(manifest, study.logits)
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
            row = verifier.measure(replace(plan, name=f"{name} {plan.name}"), guess)
            study.verifications.append([row])
            figures = PredictedEffects.measured(asdict(row), None)
        progress.advance(1, f"drop {100 * figures.damages['drop']:.2f} points")
        return figures.damages

    return measured
