"""The true costs of a plan: counted by ``planning.preview``, or from tables for other costs."""

import numpy as np

from prunescope.planning.preview import preview
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan


def plan_costs(problem: Problem, plan: Plan) -> dict[str, float]:
    """Return every targeted cost of any plan, made of the problem's options or not.

    Damages among the targets are left out: they are predicted, not counted.
    """
    counts = preview(problem.manifest, plan, problem.curves)
    costs: dict[str, float] = {
        "parameters": counts.kept, "stored": counts.stored, "bytes": counts.dense_bytes,
        "sparse-bytes": counts.sparse_bytes, "compressed-bytes": counts.compressed_bytes,
        "macs": counts.macs, "nonzero-macs": counts.nonzero_macs,
    }  # fmt: skip
    groups = problem.manifest.groups
    units = np.array([[float(counts.units.get(group.name, 0)) for group in groups]])
    costs |= {kind: float(box(units)[0]) for kind, box in problem.nonlinear_costs.items()}
    return {kind: costs[kind] for kind in problem.kinds[1:] if kind in costs}
