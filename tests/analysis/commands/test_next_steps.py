"""What people are told to type is what the command line takes."""

import shlex

import pytest

from prunescope.commands import next_steps
from tests.analysis.commands.parsing import command_named

COMMANDS = [
    next_steps.make_study(),
    next_steps.sample_study("studies/lenet5"),
    next_steps.measure_curves(),
    next_steps.measure_curves("ls"),
    next_steps.time_network(),
    next_steps.time_network(120),
    next_steps.time_elsewhere(),
    next_steps.time_elsewhere(study=True),
    next_steps.plan_baseline("uniform"),
    next_steps.fine_tune(),
    next_steps.merge_shards("studies/all"),
]


@pytest.mark.parametrize("line", COMMANDS)
def test_the_command_line_takes_each_command(line: str) -> None:
    program, name, *rest = shlex.split(line)
    assert program == "prunescope"
    command_named(name).make_context(name, rest)


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        command_named("time").make_context("time", ["STUDY", "--export", "FILE"])


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (next_steps.own_metric(), ["--metric", "file.py:function"]),
        (next_steps.data_or_shape(), ["--data", "DATA", "or", "--shape", "3,224,224"]),
        (next_steps.weights_file(), ["--weights"]),
        (next_steps.random_weights(), ["--random"]),
        (next_steps.study_folder(), ["--study"]),
        (next_steps.exported_table(), ["--export-table"]),
        (next_steps.output(), ["--output"]),
        (next_steps.kept_plan(), ["--save"]),
        (next_steps.force(), ["--force", "(force=True", "in", "Python)"]),
        (next_steps.rate(0.005), ["--rate", "0.005"]),
        (next_steps.features(0), ["--distil-features", "0"]),
    ],
)
def test_options_are_spelled_as_the_requests_spell_them(said: str, words: list[str]) -> None:
    assert said.split() == words
