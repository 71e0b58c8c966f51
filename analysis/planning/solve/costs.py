"""What a plan really costs, counted by ``planning.preview`` and asked of tables."""

import numpy as np

from prunescope.planning.preview import preview
from prunescope.planning.solve.problem import Problem
from prunescope.study.plan import Plan


def plan_costs(problem: Problem, plan: Plan) -> dict[str, float]:
    """Return every targeted cost of any plan, made of the problem's options or not.

    Damages among the targets are left out: they are no costs of a plan, but what is predicted.
    """
    found = preview(problem.manifest, plan, problem.known)
    counted: dict[str, float] = {
        "parameters": found.kept, "stored": found.stored, "bytes": found.dense_bytes,
        "sparse-bytes": found.sparse_bytes, "compressed-bytes": found.compressed_bytes,
        "macs": found.macs, "nonzero-macs": found.nonzero_macs,
    }  # fmt: skip
    groups = problem.manifest.groups
    units = np.array([[float(found.units.get(group.name, 0)) for group in groups]])
    counted |= {kind: float(box(units)[0]) for kind, box in problem.boxes.items()}
    return {kind: counted[kind] for kind in problem.kinds[1:] if kind in counted}
