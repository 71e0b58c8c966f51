"""Apply a whole plan, measure it, and store the measurement with the prediction."""

import math
from dataclasses import asdict, replace

from torch import nn

from prunescope.bench.device import on_host
from prunescope.bench.evaluate import Outcome, compare, evaluate
from prunescope.bench.pruned import select, selected
from prunescope.bench.workbench import Workbench, state_bytes
from prunescope.criteria.scores import Scores
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.recovery import recovered
from prunescope.store import removed_units
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import to_json
from prunescope.store.measurements import Verification
from prunescope.store.parquet_table import rows_of
from prunescope.study import measurement_version
from prunescope.study.method import UNITS
from prunescope.study.plan import Plan
from prunescope.sweep.beside_verification import Beside, beside, lacking, store


def verify_plan(
    bench: Workbench, study: StudyFolder, plan: Plan, split: str = "validation"
) -> Verification:
    """Return the measurement of ``plan`` on ``split``, stored in the study.

    One that the study holds already is returned as it is: measuring anew would give the same
    numbers, beside a prediction that knows them. One that was stored without the indices of the
    units that it removes, their scores or the answers to single samples is measured again, beside
    its own prediction.

    The dense reference goes through the plan's recovery too, as for curves. What was predicted
    before measuring is stored with it, so that the prediction can be judged.

    Raises:
        ForeignStudy: The plan or the study was made for other weights or data.
    """
    study.require(bench.manifest)
    plan.require(study.manifest)
    stored = study.verified().query("digest == @plan.digest and split == @split")
    if len(stored):
        known: Verification = rows_of(study.verifications, stored)[0]
        indexed = known.removed_units != removed_units.UNKNOWN or not _removes_units(plan)
        if indexed and not lacking(bench, study, plan, split):
            return known
        row, made = Verifier(bench).measure_all(plan, split=split)
        store(study, made)
        if indexed:
            return known
        row = replace(row, predicted_drop=known.predicted_drop, predictor=known.predictor)
        study.verifications.append([row])
        return row
    guess = predict(study.manifest, plan, study.measured(), study.verified(), study.logits)
    row, made = Verifier(bench).measure_all(plan, guess, split)
    store(study, made)
    study.verifications.append([row])
    return row


class Verifier:
    """Measures plans of one network; scores and dense references are computed once."""

    def __init__(self, bench: Workbench) -> None:
        self._bench = bench
        self._scores = Scores(bench.network, bench.splits.calibration, bench.groups, bench.loss)
        self._dense: dict[tuple[str, str], Outcome] = {("validation", "none"): bench.dense}

    def measure(
        self, plan: Plan, guess: Prediction | None = None, split: str = "validation"
    ) -> Verification:
        """Return the measurement of ``plan`` on ``split``, together with its prediction."""
        return self.measure_all(plan, guess, split)[0]

    def measure_all(
        self, plan: Plan, guess: Prediction | None = None, split: str = "validation"
    ) -> tuple[Verification, Beside]:
        """Return the same, and what is stored beside it."""
        bench = self._bench
        samples = bench.splits.named(split)
        dense = self._reference(split, plan.recovery)
        chosen = select(plan, self._scores)
        with selected(bench.network, chosen) as left, recovered(bench, plan.recovery, left, chosen):
            outcome = evaluate(left, samples, bench.metric, bench.batch)
            bytes_left = state_bytes(left.state_dict())
            elements = _elements(left)
        sums = asdict(compare(dense, outcome, bench.metric.labels(samples.targets), bench.classes))
        del sums["entropy_squares"], sums["divergence_squares"]
        has_prediction = guess is not None and guess.drop is not None
        row = Verification(
            fingerprint=bench.manifest.fingerprint,
            version=measurement_version(plan.recovery),
            digest=plan.digest,
            plan=to_json(plan),
            split=split,
            predicted_drop=guess.drop if guess and guess.drop is not None else math.nan,
            predictor=guess.predictor if guess and has_prediction else "",
            removed=_elements(bench.network.module) - elements,
            bytes=bytes_left,
            computed_on=bench.computed_on,
            removed_units=removed_units.written(
                {name: on_host(~keep).numpy() for name, keep in chosen.units.items()}
            ),
            **sums,
        )
        return row, beside(bench, plan, split, dense, outcome, self._scores)

    def _reference(self, split: str, recovery: str) -> Outcome:
        bench = self._bench
        if (split, recovery) not in self._dense:
            with recovered(bench, recovery):
                self._dense[split, recovery] = evaluate(
                    bench.network.module, bench.splits.named(split), bench.metric, bench.batch
                )
        return self._dense[split, recovery]


def _removes_units(plan: Plan) -> bool:
    return any(choice.granularity in UNITS for choice in plan.active().values())


def _elements(module: nn.Module) -> int:
    """Parameters that are not zeroed or gone, shared ones once."""
    unique = {id(p): p for p in module.parameters()}.values()
    return sum(int(p.count_nonzero()) for p in unique)
