"""The staircase's figure shows every count once, and the timed ones as marks with quartiles."""

from prunescope.dashboard.charts.staircase import staircase_figure, staircase_frame
from prunescope.latency.table.predict_time import Setting
from prunescope.latency.table.staircase import StaircaseStep

SETTINGS = [Setting("a CPU", name, "1", "float32", 4, 1) for name in ("PyTorch", "ONNX Runtime")]
STEPS = (
    StaircaseStep(1, 0.5),
    StaircaseStep(2, 0.7, 0.72, 0.7, 0.75, 9),
    StaircaseStep(3, 1.0, 1.0, 1.0, 1.0),
)


def test_lines_are_cleaned_times_and_marks_are_timings() -> None:
    frame = staircase_frame(dict.fromkeys(SETTINGS, STEPS))
    assert len(frame) == 6
    figure = staircase_figure(frame, dark=False)
    lines = [trace for trace in figure.data if trace.mode == "lines"]
    marks = [trace for trace in figure.data if trace.mode == "markers"]
    assert [line.name for line in lines] == ["PyTorch, batch 4", "ONNX Runtime, batch 4"]
    for line, mark in zip(lines, marks, strict=True):
        assert list(line.x) == [1, 2, 3]
        assert list(line.y) == [0.5, 0.7, 1.0]
        assert list(mark.x) == [2, 3]
        assert list(mark.y) == [0.72, 1.0]
        assert list(mark.error_y.array) == [0.75 - 0.72, 0]
        assert line.line.color == mark.marker.color
    assert lines[0].line.color != lines[1].line.color


def test_nothing_timed_is_an_empty_figure() -> None:
    assert len(staircase_figure(staircase_frame({}), dark=True).data) == 0
