"""What becomes of a plan in Python: trained weights, files, a report, its time. Torch-free."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prunescope.api.progress import shown
from prunescope.api.study_plans import PlanLike, StudyPlans
from prunescope.export.formats.format import MOST_LOST
from prunescope.latency.runtimes.registry import runtimes_named
from prunescope.progress import Progress
from prunescope.recovery.training.compare_schedules import compared_with
from prunescope.recovery.training.fine_tuning_report import FineTuned
from prunescope.recovery.training.fine_tuning_settings import FineTuning, named
from prunescope.study.bounds import checked_path, require_timing

if TYPE_CHECKING:
    from prunescope.export.export_report import ExportReport
    from prunescope.latency.latency_report import LatencyReport
    from prunescope.latency.table.build import Built

_USUAL: Final = FineTuning()


class StudyDeliveries(StudyPlans):
    """What a study makes of one of its plans."""

    def finetune(
        self,
        plan: PlanLike,
        epochs: int | None = None,
        rate: float | None = None,
        batch: int | None = None,
        distillation: float | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        test: bool = False,
        progress: Progress | None = None,
        *,
        train: object = None,
        augment: object = None,
        rounds: int | None = None,
        resolve: bool | None = None,
        settings: FineTuning = _USUAL,
    ) -> FineTuned:
        """Train what ``plan`` keeps, zeros staying zero; keep the best epoch.

        ``export(plan, recovered=True)`` then takes these weights.

        Args:
            plan: Of this study.
            epochs: Passes over the training data, of all rounds together; None for what
                ``settings`` say, as in all that follow.
            rate: Peak learning rate; without one a short range test chooses it.
            batch: Samples per forward pass.
            distillation: Weight of the dense model's outputs against the labels', 0 to 1.
            temperature: Of the distillation.
            seed: Of the order of samples.
            test: Report the test split too; only for the final report.
            progress: Where to report to.
            train: A ``DataLoader``, a ``Dataset``, an iterable of batches, or
                ``file.py:function`` that returns one; the calibration split by default.
            augment: A transform of one sample, or of ``(inputs, targets)``, or its reference.
            rounds: In which the plan is reached, each pruned further and trained.
            resolve: Solve each round anew, on the network as it is tuned by then, within the
                plan's cost.
            settings: Everything else: optimizer, moving average, seconds and so on.
        """
        given = {
            "epochs": epochs, "rate": rate, "batch": batch, "distillation": distillation,
            "temperature": temperature, "seed": seed, "rounds": rounds,
            "resolve": resolve,
            "train": named(train), "augment": named(augment),
        }  # fmt: skip
        asked = replace(settings, **{n: value for n, value in given.items() if value is not None})  # type: ignore[arg-type]
        chosen = self.read_plan(plan)
        from prunescope.recovery.training.finetune import LiveData, finetune
        from prunescope.recovery.training.optimizers import require_optimizer

        require_optimizer(asked)  # before a model loads
        solve = None
        if asked.resolve:
            from prunescope.api.solve_round import RoundSolver

            solve = RoundSolver(self._stored, chosen)
        live = LiveData(*(None if isinstance(one, str) else one for one in (train, augment)))
        with shown(progress) as report:
            return finetune(self._bench(), self._stored, chosen, asked, report, test, live, solve)

    def compared_tuning(self, plan: PlanLike, result: FineTuned) -> str | None:
        """Return what each schedule gave in equal time, or None where there is one alone.

        Args:
            plan: Of this study.
            result: One of them.
        """
        return compared_with(self.folder, self.read_plan(plan), result)

    def export(
        self,
        plan: PlanLike,
        folder: str | Path | None = None,
        formats: Sequence[str] = ("safetensors", "pt2", "onnx", "recipe"),
        recovered: bool = False,
        progress: Progress | None = None,
        force: bool = False,
        most_lost: float = MOST_LOST,
        opset: int | None = None,
    ) -> "ExportReport":
        """Write ``plan``'s model in every format, reload each in a fresh process and compare it.

        A file that is not what the study shows is renamed ``NAME.failed``; the report's ``ok``
        says whether all are. An earlier export in ``folder`` is replaced, nothing else.

        Args:
            plan: Of this study.
            folder: For the files; the study's own by default.
            formats: Some of ``safetensors``, ``pt2``, ``onnx``, ``recipe``, ``onnx-int8``,
                ``onnx-fp16``, ``openvino`` and ``sparse-safetensors``.
            recovered: With the fine-tuned weights.
            progress: Where to report to.
            force: Replace also files that Prunescope did not write; a warning names them. Never a
                study's folder or what the study is made from.
            most_lost: Of the mean score, that ``onnx-int8`` and ``onnx-fp16`` may lose against the
                pruned model; past it they are refused.
            opset: Of ONNX files, 13 to 25; None for the one that torch writes.

        Raises:
            WouldOverwrite: ``folder`` holds what Prunescope did not write.
        """
        chosen, target = self.read_plan(plan), Path(folder) if folder is not None else None
        from prunescope.export.destination import destination

        destination(self._stored, chosen, formats, target, recovered, force)  # before a model loads
        from prunescope.export.export_plan import export_plan

        with shown(progress) as report, self._bench_in_main_memory() as bench:
            return export_plan(
                bench, self._stored, chosen, formats, target, recovered, report, force,
                most_lost, opset,
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

        with shown(progress) as report, self._bench_in_main_memory() as bench:
            return time_plan(bench, self._stored, chosen, batch, threads, seconds, report, kinds)

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

        with shown(progress) as report, self._bench_in_main_memory() as bench:
            return time_study(bench, self._stored, batch, threads, seconds, report, kinds)
