"""A goal as the command that asks for it, so that a page or a terminal can name it."""

from prunescope.commands import MakePlan
from prunescope.planning.solve.goal import DAMAGES, Goal, Target
from prunescope.text.scores import PERCENT_WORDS, ScoreWords


def request_of(goal: Goal, runtime: str = "", words: ScoreWords = PERCENT_WORDS) -> MakePlan:
    """Return the command that asks for ``goal``.

    Args:
        goal: With its recovery.
        runtime: Latency table that it is kept by; empty for the first.
        words: Of the study's metric.

    >>> request_of(Goal((Target("macs", 0.5), Target("bytes", 2e6, False)), recovery="ls")).line()
    'prunescope plan STUDY --target macs=0.5 --target bytes=2000000B --recovery ls'
    """
    return MakePlan(
        target=(
            *(_target(target, words) for target in goal.asked),
            *(limit.request() for limit in goal.side_limits),
        ),
        lock=tuple(f"{name}={c.method}:{c.sparsity:g}" for name, c in goal.locks.items()),
        exclude=goal.excluded,
        bound=tuple(f"{name}={low:g}:{high:g}" for name, (low, high) in goal.bounds.items()),
        methods=tuple(map(str, goal.methods)),
        round_to=goal.round_to,
        objective="kl" if goal.objective == "divergence" else goal.objective,
        recovery=goal.recovery,
        runtime=runtime,
        extrapolate=goal.extrapolate,
    )


def _target(target: Target, words: ScoreWords) -> str:
    if target.kind == "drop":
        return f"drop={words.plain_drop(target.limit):.12g}"
    unit = "" if target.relative or target.kind in DAMAGES else _unit(target.kind)
    return f"{target.kind}={target.limit:.12g}{unit}"


def _unit(kind: str) -> str:
    """What tells an absolute limit from a fraction of dense."""
    if kind == "latency":
        return "s"
    return "B" if kind in ("bytes", "sparse-bytes", "compressed-bytes", "memory") else ""
