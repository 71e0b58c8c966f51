"""Apply a whole plan and measure it: the truth beside the prediction."""

import math
from dataclasses import asdict

from analysis.criteria.scores import Scores
from analysis.evaluate import compare, evaluate
from analysis.planning.plan import Plan
from analysis.planning.predict import predict
from analysis.pruned import plan_masks, pruned
from analysis.recovery import recovered
from analysis.store.documents import to_json
from analysis.store.folder import Study
from analysis.store.measurements import Verification
from analysis.study import MEASUREMENT_VERSION
from analysis.workbench import Workbench, state_bytes


def verify_plan(
    bench: Workbench, study: Study, plan: Plan, split: str = "validation"
) -> Verification:
    """Return the measurement of ``plan`` on ``split``, stored in the study.

    The dense reference goes through the plan's recovery too, as for curves. What was predicted
    before measuring is stored with it, so that the prediction can be judged.

    Raises:
        ForeignStudy: The plan or the study was made for other weights or data.
    """
    study.require(bench.manifest)
    plan.require(study.manifest)
    samples = bench.splits.named(split)
    module = bench.network.module
    guess = predict(study.manifest, plan, study.measured(), study.verified())
    masks = plan_masks(plan, Scores(bench.network, bench.splits.calibration))
    if split == "validation" and plan.recovery == "none":
        dense = bench.dense
    else:
        with recovered(bench, plan.recovery):
            dense = evaluate(module, samples, bench.metric, bench.batch)
    with pruned(module, masks), recovered(bench, plan.recovery):
        outcome = evaluate(module, samples, bench.metric, bench.batch)
    sums = asdict(compare(dense, outcome, samples.targets, bench.classes))
    del sums["entropy_squares"], sums["divergence_squares"]
    known = guess.drop is not None
    row = Verification(
        fingerprint=bench.manifest.fingerprint,
        version=MEASUREMENT_VERSION,
        digest=plan.digest,
        plan=to_json(plan),
        split=split,
        predicted_drop=guess.drop if guess.drop is not None else math.nan,
        predictor=guess.predictor if known else "",
        removed=sum(keep.numel() - int(keep.sum()) for keep in masks.values()),
        bytes=state_bytes(module.state_dict()),
        **sums,
    )
    study.verifications.append([row])
    return row
