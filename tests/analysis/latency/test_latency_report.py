"""A verdict says what its interval allows, and not more."""

from dataclasses import replace
from pathlib import Path

from prunescope.latency.latency_report import (
    LatencyReport,
    Ratio,
    RuntimeLatency,
    Timing,
    read_latency,
    systematic,
    write_latency,
)

ONE = Ratio(1.0, 0.99, 1.01)
TIME = Timing(2e-3, 1.9e-3, 2.1e-3)


def runtime(ratio: Ratio, control: Ratio = ONE) -> RuntimeLatency:
    return RuntimeLatency("PyTorch", "2", TIME, TIME, ratio, control, 30, 1)


def report(*runtimes: RuntimeLatency, pruned_macs: int = 100) -> LatencyReport:
    return LatencyReport(
        "d" * 16, "mine", "f" * 16, 1, 1, "float32", "a CPU", 2, 0.5, 100, pruned_macs, runtimes
    )


def test_an_interval_that_holds_one_is_no_difference() -> None:
    (verdict,) = report(runtime(Ratio(1.02, 0.98, 1.06))).verdicts
    assert "no difference" in verdict
    assert "zeros too" in verdict


def test_what_the_control_shows_too_is_no_difference() -> None:
    (verdict,) = report(runtime(Ratio(1.02, 1.01, 1.03), Ratio(1.03, 1.0, 1.05))).verdicts
    assert "no difference" in verdict
    assert "two copies" in verdict


def test_a_clear_interval_is_a_difference_in_its_direction() -> None:
    assert "faster" in report(runtime(Ratio(1.5, 1.4, 1.6))).verdicts[0]
    assert "slower" in report(runtime(Ratio(0.7, 0.6, 0.8))).verdicts[0]


def test_a_smaller_model_is_not_explained_by_zeros() -> None:
    (verdict,) = report(runtime(ONE), pruned_macs=50).verdicts
    assert "no difference" in verdict
    assert "zeros" not in verdict


def test_a_runtime_that_was_not_timed_says_why() -> None:
    untimed = RuntimeLatency("ONNX Runtime", "1", problem="There is no graph.")
    assert not untimed.differs
    assert report(untimed).verdicts == ("ONNX Runtime: not timed. There is no graph.",)


def test_a_busy_machine_is_mentioned_before_any_verdict() -> None:
    idle = report(runtime(Ratio(1.5, 1.4, 1.6)))
    assert idle.warning == ""
    assert "busy before" in replace(idle, load=4.0).warning
    taken = report(replace(runtime(Ratio(1.5, 1.4, 1.6)), taken=0.6))
    assert "others took 60 % of the time" in taken.warning
    lines = taken.lines()
    assert lines.index(taken.warning) < lines.index(taken.verdicts[0])


def test_rounds_that_do_not_agree_make_no_claim() -> None:
    """It said 15.4 times faster, with an interval from 2.9 to 20.1."""
    wide = runtime(Ratio(15.4, 2.9, 20.1))
    assert not wide.stated
    assert not wide.differs
    (verdict,) = report(wide).verdicts
    assert "no claim" in verdict
    assert "faster" not in verdict
    assert "15.4" not in verdict
    assert "again on an idle machine" in verdict


def test_what_no_number_of_rounds_makes_narrower_is_in_the_interval() -> None:
    exact = Ratio(2.0, 2.0, 2.0)
    assert exact.widened(systematic(0.0)).low < 2.0 < exact.widened(systematic(0.0)).high
    assert exact.widened(systematic(0.5)).high > exact.widened(systematic(0.0)).high


def test_a_report_survives_its_file(tmp_path: Path) -> None:
    written = report(runtime(ONE))
    assert read_latency(tmp_path, written.digest) is None
    write_latency(tmp_path, written)
    assert read_latency(tmp_path, written.digest) == written
