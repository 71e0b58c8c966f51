"""Write a goal over a study as arrays: options, exact costs, and conflicts between subjects."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from prunescope.arrays import Floats
from prunescope.commands import next_steps
from prunescope.curves.curve import Curves
from prunescope.errors import BadValue
from prunescope.planning.preview import compressed_bytes, sparse_bytes
from prunescope.planning.solve.conflicts import conflicts, required_pairs
from prunescope.planning.solve.cost_tables import shape_costs, widths
from prunescope.planning.solve.damages import curve_key
from prunescope.planning.solve.goal import COSTS, DAMAGES, Goal
from prunescope.planning.solve.problem import BlackBox, Problem
from prunescope.planning.solve.subject import Subject
from prunescope.planning.solve.subject_options import subjects_of
from prunescope.study import Manifest
from prunescope.study.removed_counts import removed_count

_BASES: Final = {
    "parameters": "stored", "stored": "stored", "bytes": "bytes", "sparse-bytes": "bytes",
    "compressed-bytes": "bytes", "macs": "macs", "nonzero-macs": "macs",
}  # fmt: skip


def build_problem(
    manifest: Manifest,
    study_curves: Curves,
    goal: Goal,
    boxes: Mapping[str, BlackBox] | None = None,
) -> Problem:
    """Return the problem that ``goal`` poses on what a study has measured.

    Args:
        manifest: Of the study.
        study_curves: Its curves.
        goal: Targets, objective, locks and bounds.
        boxes: Cost → function of the units removed, for costs that the manifest does not hold.

    Raises:
        BadValue: Contradictory locks or bounds, nothing measured, or a cost that this study cannot
            tell.
    """
    subjects, missing = subjects_of(manifest, study_curves, goal)
    if not any(len(subject.options) > 1 for subject in subjects) and not goal.locks:
        raise BadValue(
            f"Expected curves with recovery {goal.recovery!r} to solve from, but this study has "
            "none that the goal allows. Measure some: "
            f"{next_steps.measure_curves(goal.recovery)}."
        )
    notes = []
    if not goal.targets:
        raise BadValue("Expected at least one target, but got none. Write for example macs=0.5.")
    objective = goal.objective
    kinds = (objective, *(target.kind for target in goal.targets))
    logit_kinds = [kind for kind in kinds if kind in ("divergence", "cross-entropy")]
    if logit_kinds and any(
        math.isnan(option.damages[kind])
        for kind in logit_kinds for subject in subjects if not subject.locked
        for option in subject.options
    ):  # fmt: skip
        notes.append("This study holds no class logits for every point, so the drop is minimised.")
        kinds = tuple("drop" if kind in logit_kinds else kind for kind in kinds)
    if kinds[0] in COSTS and not any(kind in DAMAGES for kind in kinds[1:]):
        raise BadValue(
            f"Expected a target on a damage when {kinds[0]} is minimised, but there is none. "
            "Add one, such as drop=0.01."
        )
    boxed = {kind: box for kind, box in (boxes or {}).items() if kind in kinds}
    for kind in kinds:
        if kind in COSTS and kind not in _BASES and kind not in boxed:
            raise BadValue(
                f"Expected this study to hold what a target on {kind} needs, but it has no table "
                f"of it. Measure one: {next_steps.time_network()}."
            )
    problem = problem_arrays(manifest, study_curves, goal, subjects, kinds, boxed)
    _require_feasible(problem)
    return replace(problem, missing=missing, notes=tuple(notes))


def problem_arrays(
    manifest: Manifest,
    study_curves: Curves,
    goal: Goal,
    subjects: tuple[Subject, ...],
    kinds: tuple[str, ...],
    boxes: Mapping[str, BlackBox],
    dominated: bool = False,
) -> Problem:
    """Return the problem of choosing among the options of ``subjects``, whatever they are.

    Args:
        manifest: Of the study.
        study_curves: Its curves.
        goal: Targets, objective, locks and bounds.
        subjects: The decisions, with their damages.
        kinds: The objective, then the targets' kinds.
        boxes: Costs among them that the manifest does not hold.
        dominated: Whether options stay that another one of the subject beats in every kind.
    """
    costs = shape_costs(manifest, [subject.name for subject in subjects if subject.grouped])
    grouped_subjects = [index for index, subject in enumerate(subjects) if subject.grouped]
    most = max(len(subject.options) for subject in subjects)
    unary = np.zeros((len(kinds), len(subjects), most))
    units = np.zeros((len(subjects), most))
    for index, subject in enumerate(subjects):
        if subject.grouped:
            units[index, : len(subject.options)] = [option.removed for option in subject.options]
    constant, dense = np.zeros(len(kinds)), np.zeros(len(kinds))
    products: dict[tuple[int, int], Floats] = {}
    exact = True
    for row, kind in enumerate(kinds):
        if kind in DAMAGES:
            for index, subject in enumerate(subjects):
                damage = [option.damages[kind] for option in subject.options]
                unary[row, index, : len(damage)] = np.nan_to_num(damage)  # of locks: a constant
        else:
            polynomial = costs[_BASES.get(kind, "macs")]
            exact = exact and polynomial.exact and kind not in boxes
            scale = 1.0
            dense[row] = polynomial.terms[()]
            if kind in boxes:  # in proportion to the MACs, until linearised around a plan
                dense[row] = boxes[kind](np.zeros((1, len(manifest.groups))))[0]
                scale = dense[row] / max(polynomial.terms[()], 1.0)
            constant[row] = scale * polynomial.terms[()]
            for key, term in polynomial.terms.items():
                value = scale * term
                term_subjects = [grouped_subjects[index] for index in key]
                if len(term_subjects) == 1:
                    unary[row, term_subjects[0]] += value * units[term_subjects[0]]
                elif len(term_subjects) == 2 and term_subjects[0] == term_subjects[1]:
                    unary[row, term_subjects[0]] += value * units[term_subjects[0]] ** 2
                elif len(term_subjects) == 2:
                    edge = products.setdefault(
                        (term_subjects[0], term_subjects[1]), np.zeros(len(kinds))
                    )
                    edge[row] += value
            _subtract_zeroed(unary[row], kind, manifest, study_curves, goal, subjects)
    is_option = np.arange(most)[None] < np.array([len(s.options) for s in subjects])[:, None]
    unary[0][~is_option] = np.inf
    whole = Problem(
        manifest, study_curves, goal, subjects, kinds, dense, constant, unary, units,
        np.array(list(products), np.intp).reshape(-1, 2),
        np.array(list(products.values())).reshape(-1, len(kinds)).T,
        np.array(conflicts(manifest, subjects), np.intp).reshape(-1, 2), (), (), exact, boxes,
        np.array(required_pairs(subjects, goal), np.intp).reshape(-1, 2),
    )  # fmt: skip
    return whole if dominated else _without_dominated(whole)


def _require_feasible(problem: Problem) -> None:
    """Refuse bounds and locks that could only be met by pruning one weight in two ways."""
    if all(low == 0 for low, _ in problem.goal.bounds.values()):
        return
    nothing = np.where(problem.real, 0.0, np.inf)[None]
    least, _ = problem.elimination.run(nothing, np.zeros((1, len(problem.pairs))))
    if np.isinf(least[0]):
        names = ", ".join(name for name, (low, _) in problem.goal.bounds.items() if low > 0)
        raise BadValue(
            f"Expected bounds and locks that can be kept together, but the least sparsities of "
            f"{names} ask for weights and units to leave of the same layer. Lower one of them, or "
            "unlock what is coupled with it."
        )


def _subtract_zeroed(
    row: Floats, kind: str, manifest: Manifest, study_curves: Curves, goal: Goal,
    subjects: Sequence[Subject],
) -> None:  # fmt: skip
    """Subtract what zeroed weights save of ``kind``, as ``planning.preview`` counts it."""
    width = widths(manifest)
    for index, subject in enumerate(subjects):
        if subject.grouped:
            continue
        layer = manifest.layer(subject.name)
        dense = layer.parameters * width[layer.parameter]
        for option_index, option in enumerate(subject.options):
            removed = removed_count(layer.parameters, option.choice.sparsity)
            if not removed:
                continue
            if kind == "parameters":
                row[index, option_index] -= removed
            elif kind == "nonzero-macs":
                row[index, option_index] -= round(layer.macs * removed / layer.parameters)
            elif kind == "sparse-bytes":
                row[index, option_index] -= dense - sparse_bytes(
                    layer.parameters, removed, width[layer.parameter]
                )
            elif kind == "compressed-bytes":
                curve = study_curves.get(curve_key(subject.name, option.choice, goal))
                stored, _ = compressed_bytes(curve, option.choice.sparsity, dense)
                row[index, option_index] -= dense - stored


def _without_dominated(problem: Problem) -> Problem:
    """The problem without dominated options: those that another option beats in every cost."""
    kept_options: list[list[int]] = []
    for index, subject in enumerate(problem.subjects):
        count = len(subject.options)
        table = problem.unary[:, index, :count].T
        if subject.grouped:  # products depend on the units, whatever other groups do
            units = problem.units[index, :count, None]
            same = units == units.T
        else:
            same = np.ones((count, count), bool)
        no_worse = (table[:, None] <= table[None]).all(axis=-1) & same
        better = no_worse & (
            (table[:, None] < table[None]).any(axis=-1)
            | (np.arange(count)[:, None] < np.arange(count)[None])
        )
        keep = np.flatnonzero(~better.any(axis=0))
        dense = [p for p, option in enumerate(subject.options) if option.removed == 0]
        kept_options.append(sorted({*keep.tolist(), *dense}))
    most = max(map(len, kept_options))
    unary = np.zeros((len(problem.kinds), len(kept_options), most))
    unary[0] = np.inf
    units = np.zeros((len(kept_options), most))
    subjects = []
    for index, option_indices in enumerate(kept_options):
        subject = problem.subjects[index]
        subjects.append(replace(subject, options=tuple(subject.options[p] for p in option_indices)))
        unary[:, index, : len(option_indices)] = problem.unary[:, index, option_indices]
        units[index, : len(option_indices)] = problem.units[index, option_indices]
    return replace(problem, subjects=tuple(subjects), unary=unary, units=units)
