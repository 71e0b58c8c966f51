"""Dense, pruned and fine-tuned model on the same samples, as sums that a file keeps."""

from torch import nn

from prunescope.bench.evaluate import Outcome, compare, evaluate
from prunescope.bench.workbench import Workbench
from prunescope.recovery.training.fine_tuning_report import EvaluationSums, SideBySide
from prunescope.sources.data import Samples


def outcome(module: nn.Module, bench: Workbench, split: str) -> Outcome:
    """Return what ``module`` gives on a split."""
    return evaluate(module, bench.splits.named(split), bench.metric, bench.batch)


def mean_score(module: nn.Module, bench: Workbench) -> float:
    """Return the module's mean score on the validation split."""
    return outcome(module, bench, "validation").score.double().mean().item()


def side_by_side(bench: Workbench, split: str, before: Outcome, after: Outcome) -> SideBySide:
    """Return the three models on ``split``.

    Args:
        bench: Its network is the dense model.
        split: Its name.
        before: Of the pruned model.
        after: Of the fine-tuned one.
    """
    samples = bench.splits.named(split)
    dense = bench.dense if split == "validation" else outcome(bench.network.module, bench, split)
    gain = after.score.double() - before.score.double()
    return SideBySide(
        dense_score=dense.score.double().mean().item(),
        before=_sums(bench, dense, before, samples),
        after=_sums(bench, dense, after, samples),
        gain_sum=gain.sum().item(),
        gain_squares=gain.square().sum().item(),
    )


def _sums(bench: Workbench, dense: Outcome, pruned: Outcome, samples: Samples) -> EvaluationSums:
    comparison = compare(dense, pruned, bench.metric.labels(samples.targets), bench.classes)
    labelled = dense.entropy is not None and pruned.entropy is not None
    classes = dense.log_probabilities is not None and pruned.log_probabilities is not None
    return EvaluationSums(
        samples=comparison.samples,
        score_sum=comparison.score_sum,
        drop_sum=comparison.drop_sum,
        drop_squares=comparison.drop_squares,
        entropy_sum=comparison.entropy_sum if labelled else None,
        divergence_sum=comparison.divergence_sum if classes else None,
        agreements=comparison.agreements,
        nonfinite=comparison.nonfinite,
        class_correct=comparison.class_correct,
        scale=bench.manifest.scale,
    )
