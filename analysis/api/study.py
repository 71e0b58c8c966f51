"""A study in Python: its curves, and everything that can be done with them. Torch-free."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Final, Literal, Self

import pandas as pd

from prunescope.api.frames import groups_frame, layers_frame
from prunescope.api.fronts import solve_front
from prunescope.api.goals import Chosen, Limit, choice_from, goal_from
from prunescope.api.grids import grid_from
from prunescope.api.progress import shown
from prunescope.api.solved_plan import SolvedPlan
from prunescope.api.solving import Effort, solve_goal
from prunescope.api.verified_plan import VerifiedPlan
from prunescope.curves.curve import curves
from prunescope.curves.means import measured_points
from prunescope.errors import BadValue
from prunescope.export.formats.format import MOST_LOST
from prunescope.html_tables import table
from prunescope.latency.runtimes.registry import runtimes_named
from prunescope.planning.pareto import POINTS, Front
from prunescope.planning.prediction.predict import Prediction, predict
from prunescope.progress import Progress
from prunescope.recovery.training.fine_tuning_report import FineTuned, FineTuning
from prunescope.statistics.paired import Interval
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import read_document
from prunescope.store.trust import require_vouched
from prunescope.study import SEEDS, Baseline, Manifest
from prunescope.study.bounds import CALIBRATION_PLANS, checked_path, require_timing
from prunescope.study.plan import Plan
from prunescope.study.soundness import concerns
from prunescope.sweep.stopping_policy import Stopping
from prunescope.text.durations import seconds_from
from prunescope.text.numbers import exact
from prunescope.text.outputs import uncounted
from prunescope.text.scores import words_of
from prunescope.text.units import bytes_, count

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from prunescope.api.user_methods import MethodLike
    from prunescope.bench.workbench import Workbench
    from prunescope.export.export_report import ExportReport
    from prunescope.latency.latency_report import LatencyReport
    from prunescope.latency.table.build import Built
    from prunescope.sweep.calibrate import Calibration

PlanLike = Plan | SolvedPlan | str | Path
"""A plan; what ``solve`` gave; a saved plan's name; or a plan's JSON file."""

SPARSITIES: Final = "0.1:0.9:0.1"
"""What is measured unless others are asked for."""

_USUAL: Final = FineTuning()


class Study:
    """A folder of measurements of one model on one data set, as from ``ps.sweep`` or ``ps.open``.

    Everything that is measured is stored in the folder, from where the command line and the
    dashboard go on. The model is loaded when something is measured first.

    Methods that take long show a bar; ``progress`` takes another place to report to
    (``prunescope.progress.Silent()`` for none). Interrupting them keeps what was finished.
    """

    def __init__(self, stored: StudyFolder, bench: "Workbench | None" = None) -> None:
        self._stored = stored
        self._known_bench = bench

    @property
    def folder(self) -> Path:
        """Where the study is kept."""
        return self._stored.folder

    @property
    def manifest(self) -> Manifest:
        """All that is known of the model and the data."""
        return self._stored.manifest

    @property
    def baseline(self) -> Baseline | None:
        """The dense model on the validation split."""
        return self.manifest.baseline

    @property
    def layers(self) -> pd.DataFrame:
        """A row for each layer: kind, shape, costs, and why it cannot be pruned, if so."""
        return layers_frame(self.manifest)

    @property
    def groups(self) -> pd.DataFrame:
        """A row for each group of coupled layers: its units, and what one of them frees."""
        return groups_frame(self.manifest)

    @property
    def curves(self) -> pd.DataFrame:
        """A row for each measured point: subject, method, sparsity, score, drop, its interval.

        Scores and drops are fractions; ``low`` and ``high`` hold the drop with 95 %. See
        ``prunescope.curves.means.measured_points`` for all columns.
        """
        return measured_points(self._stored.measured(), self.manifest.scale)

    @property
    def verified(self) -> pd.DataFrame:
        """A row for each plan that was really applied and measured, as the study stores them."""
        return self._stored.verified()

    @property
    def plans(self) -> tuple[str, ...]:
        """The names of the saved plans; each can be given wherever a plan is taken."""
        return self._stored.plans()

    def sweep(
        self,
        methods: "str | Iterable[MethodLike]" = ("magnitude",),
        sparsities: Iterable[float] | str = SPARSITIES,
        layers: Iterable[str] = (),
        recovery: str | Iterable[str] = "none",
        seeds: Sequence[int] = SEEDS,
        round_to: int = 1,
        mode: str = "exact",
        tolerance: float | str | None = None,
        limit: float | str | None = None,
        seconds: float | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Measure more points of this study, those that it lacks, and return it.

        Args:
            methods: As for ``ps.sweep``.
            sparsities: Fractions removed, or text such as ``0.1:0.9:0.1``.
            layers: Layers or groups; all prunable ones by default.
            recovery: One or several of ``none``, ``bn``, ``ls``.
            seeds: Of random criteria.
            round_to: Units that stay come in multiples of this.
            mode: ``exact``, ``adaptive`` or ``decide``.
            tolerance: Accepted half-width of a drop.
            limit: Drop to decide against.
            seconds: To spend; without end by default.
            progress: Where to report to.
        """
        begun = monotonic()
        stopping = Stopping(mode, tolerance, limit)  # type: ignore[arg-type]
        policy = stopping.policy(words_of(self.manifest))
        grid = grid_from(methods, sparsities, layers, recovery, seeds, round_to)
        seconds_from(seconds)
        from prunescope.api.measure_grid import run_sweep

        with shown(progress) as report:
            run_sweep(
                self._bench(), self._stored, grid, report, policy, begun=begun, seconds=seconds
            )
        self._stored = StudyFolder.open(self.folder)
        return self

    def plot(
        self,
        subject: str,
        methods: Iterable[str] = (),
        scale: Literal["score", "drop", "entropy", "divergence"] = "score",
        limit: float | None = None,
        dark: bool = False,
    ) -> "go.Figure":
        """Return the curves of one layer or group as a Plotly figure.

        Args:
            subject: Of ``layers`` or ``groups``.
            methods: Which to draw; all measured ones by default.
            scale: What is drawn upwards.
            limit: Accepted drop, a fraction, drawn as a line.
            dark: Whether the page is dark.

        Raises:
            UnknownName: Nothing was measured of such a subject, or by such a method.
        """
        from prunescope.charts.subject_curves import subject_figure

        return subject_figure(
            self.manifest, self._stored.measured(), subject, methods, scale, limit, dark
        )

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
            "divergence": divergence, "cross-entropy": cross_entropy,
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

    def verify(
        self, plan: PlanLike, split: str = "validation", progress: Progress | None = None
    ) -> VerifiedPlan:
        """Return ``plan`` really applied and measured, beside what was predicted of it.

        Args:
            plan: Of this study.
            split: ``validation``; ``test`` only for the final report.
            progress: Where to report to.
        """
        chosen = self.read_plan(plan)
        with shown(progress) as report:
            report.start(1, "measuring the plan")
            from prunescope.sweep.verify_plan import verify_plan

            row = verify_plan(self._bench(), self._stored, chosen, split)
            report.advance(1, "measured")
        return VerifiedPlan.of(row, self.manifest)

    def finetune(
        self,
        plan: PlanLike,
        epochs: int = _USUAL.epochs,
        rate: float | None = _USUAL.rate,
        batch: int = _USUAL.batch,
        distillation: float = _USUAL.distillation,
        temperature: float = _USUAL.temperature,
        seed: int = _USUAL.seed,
        test: bool = False,
        progress: Progress | None = None,
    ) -> FineTuned:
        """Train what ``plan`` keeps on the calibration split, zeros staying zero; keep the best.

        ``export(plan, recovered=True)`` then takes these weights.

        Args:
            plan: Of this study.
            epochs: Passes over the calibration split.
            rate: Peak learning rate; None for one that a short range test chooses.
            batch: Samples per step.
            distillation: Weight of the dense model's outputs against the labels', 0 to 1.
            temperature: Of the distillation.
            seed: Of the order of samples.
            test: Report the test split too; only for the final report.
            progress: Where to report to.
        """
        settings = FineTuning(
            epochs=epochs, rate=rate, batch=batch, distillation=distillation,
            temperature=temperature, seed=seed,
        )  # fmt: skip
        chosen = self.read_plan(plan)
        from prunescope.recovery.training.finetune import finetune

        with shown(progress) as report:
            return finetune(self._bench(), self._stored, chosen, settings, report, test)

    def export(
        self,
        plan: PlanLike,
        folder: str | Path | None = None,
        formats: Sequence[str] = ("safetensors", "pt2", "onnx", "recipe"),
        recovered: bool = False,
        progress: Progress | None = None,
        force: bool = False,
        most_lost: float = MOST_LOST,
    ) -> "ExportReport":
        """Write ``plan``'s model in every format, reload each in a fresh process and compare it.

        A file that is not what the study shows is renamed ``NAME.failed``; the report's ``ok``
        says whether all are. An earlier export in ``folder`` is replaced, nothing else.

        Args:
            plan: Of this study.
            folder: For the files; the study's own by default.
            formats: Some of ``safetensors``, ``pt2``, ``onnx``, ``recipe``, ``onnx-int8`` and
                ``onnx-fp16``.
            recovered: With the fine-tuned weights.
            progress: Where to report to.
            force: Replace also files that Prunescope did not write; a warning names them. Never a
                study's folder or what the study is made from.
            most_lost: Of the mean score, that ``onnx-int8`` and ``onnx-fp16`` may lose against the
                pruned model; past it they are refused.

        Raises:
            WouldOverwrite: ``folder`` holds what Prunescope did not write.
        """
        chosen, target = self.read_plan(plan), Path(folder) if folder is not None else None
        from prunescope.export.destination import destination

        destination(self._stored, chosen, formats, target, recovered, force)  # before a model loads
        from prunescope.export.export_plan import export_plan

        with shown(progress) as report:
            return export_plan(
                self._bench(), self._stored, chosen, formats, target, recovered, report, force,
                most_lost,
            )  # fmt: skip

    def report(
        self,
        plan: PlanLike,
        file: str | Path = "report.html",
        changed: bool = True,
        force: bool = False,
    ) -> tuple[Path, ...]:
        """Write all that is known of ``plan`` as one offline HTML file, and return the files.

        Beside it lie the same numbers as JSON and CSV, and a model card for the exported files.
        Nothing is measured, but for which samples changed.

        Args:
            plan: Of this study.
            file: Of the page; the others take its name.
            changed: Run the model to see which validation samples changed, where nobody looked yet.
            force: Replace files that Prunescope did not write, too.

        Raises:
            WouldOverwrite: ``file``, or one beside it, is something else.
        """
        chosen, path = self.read_plan(plan), checked_path(file, "the report")
        from prunescope.export.changed_samples import read_changed, write_changed
        from prunescope.report.write_report import require_report_files, write_report

        require_report_files(self._stored, path, force)
        known = (read_changed(self.folder, chosen.digest, tuned) for tuned in (False, True))
        if changed and not any(known):
            from prunescope.export.find_changed import measure_changed

            write_changed(self.folder, measure_changed(self._bench(), chosen))
        return write_report(self._stored, chosen, path, force)

    def time(
        self,
        plan: PlanLike,
        batch: int = 1,
        threads: int = 1,
        seconds: float = 30.0,
        runtimes: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> "LatencyReport":
        """Return how long the dense and ``plan``'s model take on this machine, interleaved.

        Args:
            plan: Of this study.
            batch: Samples per forward pass.
            threads: That a runtime may use.
            seconds: To spend.
            runtimes: Names of what runs it, such as ``torch``, ``onnx`` or ``onnx-int8``; the usual
                ones by default.
            progress: Where to report to.
        """
        require_timing(batch, threads, seconds)
        chosen, kinds = self.read_plan(plan), runtimes_named(",".join(runtimes))
        from prunescope.latency.measure import time_plan

        with shown(progress) as report:
            return time_plan(
                self._bench(), self._stored, chosen, batch, threads, seconds, report, kinds
            )

    def build_latency_table(
        self,
        batch: int = 1,
        threads: int = 1,
        seconds: float = 120.0,
        runtimes: Iterable[str] = (),
        progress: Progress | None = None,
    ) -> "Built":
        """Time smaller models until the seconds are spent: the rows that predict every plan's time.

        Args:
            batch: Samples per forward pass.
            threads: That a runtime may use.
            seconds: To spend; a further call goes on where the last one stopped.
            runtimes: Names of what runs them, such as ``torch``, ``onnx`` or ``onnx-int8``; the
                usual ones by default.
            progress: Where to report to.
        """
        require_timing(batch, threads, seconds)
        kinds = runtimes_named(",".join(runtimes))
        from prunescope.latency.table.build import time_study

        with shown(progress) as report:
            return time_study(self._bench(), self._stored, batch, threads, seconds, report, kinds)

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

    def calibrate(
        self, plans: int = 16, recovery: str = "none", progress: Progress | None = None
    ) -> "Calibration":
        """Measure combinations that say how far predictions of this study can be trusted.

        Args:
            plans: How many.
            recovery: Of the plans.
            progress: Where to report to.
        """
        CALIBRATION_PLANS.checked(plans)
        from prunescope.sweep.calibrate import calibrate

        with shown(progress) as report:
            return calibrate(self._bench(), self._stored, plans, recovery, report)

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

    def _bench(self) -> "Workbench":
        if self._known_bench is None:
            from prunescope.bench.workbench import prepare

            bench = prepare(require_vouched(self.manifest.reference, self.folder), self.folder)
            self._stored.require(bench.manifest)
            self._known_bench = bench
        return self._known_bench

    def __repr__(self) -> str:
        reference = self.manifest.reference
        return f"Study({str(self.folder)!r}: {reference.model} on {reference.data})"

    def _repr_html_(self) -> str:
        manifest, points = self.manifest, self.curves
        words = words_of(manifest)
        dense = self.baseline
        notes = [
            f"{count(manifest.parameters)} parameters, {bytes_(manifest.bytes)}, "
            f"{count(manifest.macs)} MACs per sample.",
            f"Dense {words.name}: {words.score(dense.score)} on "
            f"{exact(dense.samples)} validation samples." if dense else "",
            f"{exact(len(points))} points measured, {exact(len(self.verified))} plans verified, "
            f"{exact(len(self.plans))} plans saved.",
            manifest.capture_problem or "",
            *(check.sentence for check in concerns(manifest.soundness)),
            uncounted(manifest.outputs, manifest.free_layers),
        ]  # fmt: skip
        rows = [
            (subject, ", ".join(dict.fromkeys(rows["method"])), len(rows),
             words.span(Interval(0.0, rows["drop"].min(), rows["drop"].max())))
            for subject, rows in points.groupby("subject", sort=False)
        ]  # fmt: skip
        columns = ("layer or group", "methods", "points", f"{words.loss_word}s")
        return table(repr(self), columns, rows, notes)
