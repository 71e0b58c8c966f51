"""Apply a whole plan and measure it: the truth beside the prediction."""

import math
from dataclasses import asdict

from torch import nn

from analysis.criteria.scores import Scores
from analysis.evaluate import compare, evaluate
from analysis.planning.plan import Plan
from analysis.planning.predict import predict
from analysis.pruned import select, selected
from analysis.recovery.batch_norm import recovered
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
    chosen = select(plan, Scores(bench.network, bench.splits.calibration, bench.groups))
    if split == "validation" and plan.recovery == "none":
        dense = bench.dense
    else:
        with recovered(bench, plan.recovery):
            dense = evaluate(module, samples, bench.metric, bench.batch)
    with selected(bench.network, chosen) as left, recovered(bench, plan.recovery, left):
        outcome = evaluate(left, samples, bench.metric, bench.batch)
        bytes_left = state_bytes(left.state_dict())
        elements = _elements(left)
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
        removed=_elements(module) - elements,
        bytes=bytes_left,
        **sums,
    )
    study.verifications.append([row])
    return row


def _elements(module: nn.Module) -> int:
    """Parameters that are not zeroed or gone, shared ones once."""
    unique = {id(p): p for p in module.parameters()}.values()
    return sum(int(p.count_nonzero()) for p in unique)
