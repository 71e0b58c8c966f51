"""Every option of every command that takes a number, with what is no such number.

The options are read from the commands themselves: a new one is tried without a word here, unless
one of the values is good for it.
"""

import typing
from collections.abc import Iterator
from typing import Final

from prunescope.cli.app import application
from tests.faults.bad_input import BadInput

VALUES: Final = {
    "nan": "nan", "infinity": "inf", "minus one": "-1", "zero": "0", "huge": "1" + 30 * "0",
    "text": "many", "nothing": "",
}  # fmt: skip

LINES: Final = {
    "sweep": "sweep --study study --sparsities 0.5",
    "plan": "plan study --target macs=0.7",
    "pareto": "pareto study --cost macs",
    "calibrate": "calibrate study",
    "verify": "verify study half",
    "finetune": "finetune study half",
    "time": "time study half",
    "export": "export study half --formats safetensors",
    "report": "report study half -o report.html",
    "apply": "apply recipe.json -o out",
    "unpack": "unpack study.zip",
    "pack": "pack study",
    "merge": "merge all study",
    "dashboard": "dashboard . --no-browser",
    "demo": "demo demo --no-browser",
}
"""A line of each command that is right without the number."""

GOOD: Final = {
    "--threads": {"zero"}, "--seed": {"zero"}, "--verify": {"zero"}, "--distillation": {"zero"},
    "--tolerance": {"zero"}, "--limit": {"zero"}, "--momentum": {"zero"}, "--decay": {"zero"},
    "--warmup": {"zero"}, "--ema": {"zero"}, "--distil-features": {"zero"},
    "--workers": {"zero"},
}  # fmt: skip
"""Values that an option takes; no fault, so not tried."""

_MORE: Final = {
    "--limit": ("--mode", "decide"), "--tolerance": ("--mode", "adaptive"),
    "--seconds": ("--exact",), "--temperature": ("--epochs", "1"), "--rate": ("--epochs", "1"),
    "--distillation": ("--epochs", "1"), "--distil-features": ("--epochs", "1"),
}  # fmt: skip
"""What an option needs beside it to have an effect."""


def options() -> Iterator[tuple[str, str]]:
    """Yield each command with the name of an option of it that takes a number."""
    for info in application([]).registered_commands:
        assert info.callback is not None
        for hint in typing.get_type_hints(info.callback, include_extras=True).values():
            told, *rest = typing.get_args(hint) or (None,)
            kinds = {told, *typing.get_args(told)}
            if kinds & {int, float} and rest:
                yield str(info.name), str(rest[0].default)


def inputs() -> Iterator[BadInput]:
    """Yield every option with every value that is not good for it, and lists of numbers as text."""
    for command, option in options():
        for name, value in VALUES.items():
            if name in GOOD.get(option, ()) and (command, option) != ("time", "--threads"):
                continue
            more = _MORE.get(option, ())
            yield BadInput(
                "numbers", f"{command} {option} {name}",
                (*LINES[command].split(), *more, f"{option}={value}"),
            )  # fmt: skip
    for place, line in _TEXTS.items():
        for name, value in VALUES.items():
            if name in _GOOD_TEXTS.get(place, ()):
                continue
            yield BadInput(
                "numbers", f"{place} {name}",
                tuple(word.replace("VALUE", value) for word in line.split()),
            )  # fmt: skip


_TEXTS: Final = {
    "sparsities": "sweep --study study --sparsities=VALUE",
    "sparsities' step": "sweep --study study --sparsities=0.1:0.9:VALUE",
    "seeds": "sweep --study study --methods random --sparsities 0.5 --seeds=VALUE",
    "sweep's time": "sweep --study study --sparsities 0.5 --budget=VALUE",
    "layers' number": "sweep --study study --sparsities 0.5 --layers=VALUE",
    "shape": "inspect net.pt2 --shape=VALUE",
    "shape's part": "inspect net.pt2 --shape=1,VALUE,6",
    "a target": "plan study --target=macs=VALUE",
    "a target of bytes": "plan study --target=bytes=VALUE",
    "a target of time": "plan study --target=latency=VALUE",
    "a target of drop": "plan study --target=drop=VALUE",
    "a lock": "plan study --target macs=0.7 --lock=conv=VALUE",
    "a bound": "plan study --target macs=0.7 --bound=conv=VALUE:VALUE",
    "a front's target": "pareto study --cost macs --target=bytes=VALUE",
    "a pattern": "sweep --study study --sparsities 0.5 --methods=magnitude@VALUE:VALUE",
    "a job's number": "jobs study cancel VALUE",
}
_GOOD_TEXTS: Final = {
    "seeds": {"zero"}, "a lock": {"zero"}, "layers' number": {"nothing"},
    "a target of drop": {"zero", "huge"}, "sparsities": {"zero"}, "a target": {"huge"},
    "a target of bytes": {"huge"}, "a target of time": {"huge"}, "a front's target": {"huge"},
}  # fmt: skip
