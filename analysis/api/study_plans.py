"""Plans of a study in Python: made, solved, predicted, saved. Torch-free."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from prunescope.api.fronts import solve_front
from prunescope.api.goals import Chosen, Limit, choice_from, goal_from
from prunescope.api.progress import shown
from prunescope.api.solved_plan import SolvedPlan
from prunescope.api.solving import Effort, solve_goal
from prunescope.api.study_facts import StudyFacts
from prunescope.curves.curve import curves
from prunescope.errors import BadValue
from prunescope.planning.pareto import POINTS, Front
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.progress import Progress
from prunescope.store.json_documents import read_document
from prunescope.study.plan import Plan

PlanLike = Plan | SolvedPlan | str | Path
"""A plan; what ``solve`` gave; a saved plan's name; or a plan's JSON file."""


class StudyPlans(StudyFacts):
    """A study and the plans that can be made in it, without running its model."""

    def plan(
        self,
        choices: Mapping[str, Chosen],
        name: str = "by hand",
        recovery: str = "none",
        seed: int = 0,
    ) -> Plan:
        """Return a plan made by hand; what it does not name stays dense.

        ``study.plan({"conv1": 0.5, "conv2": ("l1@channel", 0.3)})``

        Args:
            choices: Layer or group → sparsity, or ``(method, sparsity)``. Without a method it is
                the first one measured there, weights first.
            name: Of the plan.
            recovery: ``none``, ``bn`` or ``ls``.
            seed: Of random criteria.

        Raises:
            UnknownName: No such layer, group or method.
            BadValue: No sparsity, or no method to take.
        """
        known = curves(self._stored.measured(), self.manifest)
        made = {
            subject: choice_from(subject, value, self.manifest, known, recovery)
            for subject, value in choices.items()
        }
        plan = Plan(name, self.manifest.fingerprint, made, recovery, seed)
        plan.require(self.manifest)
        return plan

    def solve(
        self,
        *,
        parameters: Limit | None = None,
        stored: Limit | None = None,
        bytes: Limit | None = None,  # noqa: A002 - the cost's own name
        sparse_bytes: Limit | None = None,
        compressed_bytes: Limit | None = None,
        macs: Limit | None = None,
        nonzero_macs: Limit | None = None,
        latency: Limit | None = None,
        memory: Limit | None = None,
        drop: Limit | None = None,
        worst_class: Limit | None = None,
        recalls: Mapping[str | int, Limit] | None = None,
        metrics: Mapping[str, Limit] | None = None,
        divergence: Limit | None = None,
        cross_entropy: Limit | None = None,
        objective: str = "kl",
        recovery: str = "none",
        lock: Mapping[str, Chosen] | None = None,
        exclude: Iterable[str] = (),
        bounds: Mapping[str, tuple[float, float]] | None = None,
        methods: Iterable[str] = (),
        round_to: int = 1,
        runtime: str = "",
        extrapolate: bool = False,
        exact: bool = False,
        evaluations: int | None = None,
        seconds: float | None = None,
        around: bool = True,
        verify: int = 0,
        baseline: str | None = None,
        name: str = "solved",
        progress: Progress | None = None,
    ) -> SolvedPlan:
        """Return the plan that does least damage within budgets.

        ``study.solve(macs=0.6, lock={"fc3": 0.0})`` keeps 60 % of the multiply-accumulates and
        leaves ``fc3`` dense. A budget up to 1 is a fraction of the dense model's; larger ones are
        absolute, and text may have a unit: ``bytes="1.5MB"``, ``latency="4ms"``, ``drop="1pt"``.

        Args:
            parameters: Most non-zero parameters.
            stored: Most parameters in tensors, zeros counted.
            bytes: Most bytes of dense tensors.
            sparse_bytes: Most bytes as bit mask and values.
            compressed_bytes: Most bytes deflated.
            macs: Most multiply-accumulates of a dense runtime.
            nonzero_macs: Most multiply-accumulates by non-zero weights.
            latency: Most time of one batch, as the study's latency table predicts: a fraction of
                the dense model's, or text such as ``"4ms"``.
            memory: Most bytes of weights and activations at once.
            drop: Most drop of the score, absolute.
            worst_class: Most that any class's recall may drop, such as ``"3pt"``, as predicted.
            recalls: Class, by name or number → most that its recall may drop.
            metrics: Metric that the study stores → most that may be lost by it.
            divergence: Most KL(dense ‖ pruned), nats.
            cross_entropy: Most increase of the cross-entropy, nats.
            objective: What is kept small: ``kl``, ``cross-entropy``, ``drop`` or a cost.
            recovery: Of the curves and the plan.
            lock: Layer or group → sparsity or ``(method, sparsity)`` that stays.
            exclude: Layers and groups that stay dense.
            bounds: Layer or group → least and largest sparsity.
            methods: Which may be taken; all measured ones but controls by default.
            round_to: Units kept are multiples of this: 1, 4, 8, 16 or 32.
            runtime: Of the latency table, such as ``onnx``; the first by default.
            extrapolate: Let sparsities past the last measured points be chosen, by guess.
            exact: Prove that no plan of measured sparsities is better.
            evaluations: Plans to look at around the solver's, some thousands by default.
            seconds: At most, said where it decides: 20 to prove, no limit to look around.
            around: Look around the solver's and the baselines' plans; never with ``exact``.
            verify: Then measure so many plans and take the one that loses least.
            baseline: A baseline's plan instead, such as ``uniform``.
            name: Of the plan.
            progress: Where to report to.

        Raises:
            CannotReach: No plan keeps the budgets.
            BadValue: No budget, or options that do not go together.
        """
        others = {"around=False": not around, "exact": exact, "baseline": baseline is not None}
        against = [option for option, given in others.items() if given]
        if verify and against:
            raise BadValue(
                f"Expected verify without {' and '.join(against)}, because it measures what a "
                "search around the solver's plan finds. Leave one of them out."
            )
        limits = {
            "parameters": parameters, "stored": stored, "bytes": bytes,
            "sparse-bytes": sparse_bytes, "compressed-bytes": compressed_bytes, "macs": macs,
            "nonzero-macs": nonzero_macs, "latency": latency, "memory": memory, "drop": drop,
            "divergence": divergence, "cross-entropy": cross_entropy, "worst-class": worst_class,
            **{f"recall:{name}": limit for name, limit in (recalls or {}).items()},
            **(metrics or {}),
        }  # fmt: skip
        goal = goal_from(
            self._stored, limits, objective, recovery, lock or {}, exclude, bounds or {}, methods,
            round_to, extrapolate,
        )  # fmt: skip
        effort = Effort(exact, around, evaluations, seconds, verify, baseline)
        with shown(progress) as report:
            return solve_goal(self._stored, goal, report, runtime, effort, name, self._bench)

    def predict(self, plan: PlanLike) -> Prediction:
        """Return what is expected of ``plan``, with its known error; nothing is run."""
        return predict(
            self.manifest, self.read_plan(plan), self._stored.measured(), self._stored.verified(),
            self._stored.logits,
        )  # fmt: skip

    def pareto(
        self,
        cost: str = "macs",
        points: int = POINTS,
        objective: str = "kl",
        recovery: str = "none",
        lock: Mapping[str, Chosen] | None = None,
        exclude: Iterable[str] = (),
        methods: Iterable[str] = (),
        round_to: int = 1,
        progress: Progress | None = None,
    ) -> Front:
        """Return the plans of least damage for a row of budgets on ``cost``, kept in the study.

        Args:
            cost: What to sweep: ``macs``, ``parameters``, ``bytes``, ...
            points: How many budgets.
            objective: What is kept small.
            recovery: Of the curves and the plans.
            lock: Layer or group → what stays.
            exclude: Layers and groups that stay dense.
            methods: Which may be taken.
            round_to: Units kept are multiples of this.
            progress: Where to report to.
        """
        goal = goal_from(
            self._stored, {cost: 1.0}, objective, recovery, lock or {}, exclude, {}, methods,
            round_to,
        )  # fmt: skip
        with shown(progress) as report:
            return solve_front(self._stored, goal, report, points)

    def save(self, plan: Plan | SolvedPlan, name: str | None = None) -> Path:
        """Save ``plan`` in the study, where pages and commands find it by its name."""
        from dataclasses import replace

        chosen = self.read_plan(plan)
        return self._stored.save_plan(replace(chosen, name=name or chosen.name))

    def read_plan(self, plan: PlanLike) -> Plan:
        """Return the plan that ``plan`` stands for: itself, a saved one's name, or a JSON file.

        Raises:
            ForeignStudy: It was made for other weights or data.
            UnknownName: No plan of that name is saved.
        """
        if isinstance(plan, SolvedPlan):
            plan = plan.plan
        if isinstance(plan, Plan):
            plan.require(self.manifest)
            return plan
        if str(plan).endswith(".json"):
            found = read_document(Plan, Path(plan))
            found.require(self.manifest)
            return found
        return self._stored.plan(str(plan))
