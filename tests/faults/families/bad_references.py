"""Names of models, data, metrics, criteria and parts that stand for nothing."""

from collections.abc import Iterator
from typing import Final

from tests.faults.bad_input import BadInput

_SWEEP: Final = "sweep MODEL --data DATA --study new"
_MORE: Final = "sweep --study study --sparsities 0.5 "

LINES: Final = (
    ("an unknown sample", "inspect sample:resnet21", "'resnet21'. Closest: resnet20"),
    ("a sample without its prefix", "inspect resnet20", "For example sample:resnet20."),
    ("a sample without a name", "inspect sample:", "Choose from"),
    ("an unknown torchvision model", "inspect torchvision:resnet19 --random --shape 3,32,32",
     "Closest: resnet1"),
    ("an unknown function", "inspect tiny.py:biuld --shape 1,6,6", "'biuld'. Closest: build"),
    ("a function without a name", "inspect tiny.py: --shape 1,6,6", ""),
    ("a file without its ending", "inspect tiny:", ""),
    ("an unknown module", "inspect no_such_thing.at_all:build --shape 1,6,6", ""),
    ("a module's number", "inspect math:pi --shape 1,6,6", "to be a function"),
    ("a module's module", "inspect os:path --shape 1,6,6", ""),
    ("two colons", "inspect tiny.py:build:build --shape 1,6,6", ""),
    ("a blank", "inspect tiny.py:bu\u00a0ild --shape 1,6,6", ""),
    ("another alphabet", "inspect tiny.py:строить --shape 1,6,6", ""),
    ("an address", "inspect https://example.org/net.pt2 --shape 1,6,6", ""),
    ("an option as a name", "inspect --shape --shape", ""),
    ("data of an unknown sample", "sweep sample:mlp --data sample:mnist --study new", "fashion"),
    ("data without a function", "sweep net.pt2 --data tiny.py --study new", ""),
    ("data for another model", "sweep net.pt2 --data sample:fashion-mnist --study new", "to run"),
    ("no data", "sweep net.pt2 --study new", "Add --data"),
    ("no model", "sweep --study new", "prunescope sweep MODEL --data DATA --study FOLDER"),
    ("weights of nothing", "inspect tiny.py:build --shape 1,6,6 --weights none.pt", "no such file"),
    ("weights of the data", "inspect tiny.py:build --shape 1,6,6 --weights data.npz", ""),
    ("an unknown metric", "sweep net.pt2 --data data.npz --metric top1 --study new", "top-1"),
    ("another metric", _MORE + "--metric agreement", "the study's own --metric"),
    ("other data", _MORE + "--data sample:fashion-mnist", "the study's own --data"),
    ("an unknown criterion", _MORE + "--methods magnitud", "'magnitud'. Closest: magnitude"),
    ("no criterion", _MORE + "--methods=", "Expected methods like"),
    ("an unknown granularity", _MORE + "--methods magnitude@chanel", "'chanel'. Closest: channel"),
    ("an unknown granularity of all", _MORE + "--granularity chanel", "'chanel'. Closest: channel"),
    ("heads that it has not", _MORE + "--methods l1@head", "nothing to remove. Use"),
    ("a pattern that is none", _MORE + "--methods magnitude@4:2", ""),
    ("an unknown layer", _MORE + "--layers conv,mixx", "'mixx'. Closest: mix"),
    ("a layer's group by weight", _MORE + "--layers nothing", "'nothing'"),
    ("an unknown recovery", _MORE + "--recovery bm", "'bm'. Closest: bn"),
    ("an unknown mode", _MORE + "--mode fast", ""),
    ("an unknown engine", _MORE + "--engine fast", ""),
    ("a limit without decide", _MORE + "--limit 0.02", "Take mode decide or adaptive"),
    ("percent", _MORE + "--sparsities=50%", "Write a fraction instead of percent: 0.5."),
    ("percent as a number", _MORE + "--sparsities=50", "Write a fraction instead of percent"),
    ("words as sparsity", _MORE + "--sparsities=half", "Write a fraction"),
    ("a range backwards", _MORE + "--sparsities=0.9:0.1:0.1", ""),
    ("a range of millions", _MORE + "--sparsities=0.1:0.9:0.000000001", ""),
    ("words as seeds", _MORE + "--methods random --seeds a", "Expected seeds like 0 or 0,1,2"),
    ("an unknown command", "swep", "No such command"),
    ("an unknown option", "show study --metod magnitude", "No such option"),
    ("an argument too many", "show study study", ""),
    ("an argument too few", "verify study", "Missing"),
    ("an unknown method to show", "show study --method zz", "'zz'. Choose from"),
    ("a method that was not measured", "show study --method taylor", "'taylor'. Choose from"),
    ("an unknown cost", "pareto study --cost mac", "'mac'. Closest: mac"),
    ("an unknown target", "plan study --target mac=0.5", "Closest: mac"),
    ("a target without a number", "plan study --target macs", ""),
    ("no target", "plan study", "Missing option"),
    ("a target out of reach", "plan study --target macs=0.0001", ""),
    ("an unknown lock", "plan study --target macs=0.7 --lock konv=0.5", "'konv'. Closest: conv"),
    ("an unknown exclusion", "plan study --target macs=0.7 --exclude konv", "'konv'. Closest"),
    ("an unknown bound", "plan study --target macs=0.7 --bound konv=0:0.5", "'konv'. Closest"),
    ("a bound backwards", "plan study --target macs=0.7 --bound conv=0.6:0.3", ""),
    ("an unknown objective", "plan study --target macs=0.7 --objective kll", "'kll'. Choose from"),
    ("an unknown baseline", "plan study --target parameters=0.7 --baseline lampp", "lamp"),
    ("an unknown runtime to plan", "plan study --target macs=0.7 --runtime onx", "'onx'"),
    ("a runtime without a latency", "plan study --target macs=0.7 --runtime onnx", "a latency"),
    ("a method to plan that was not measured", "plan study --target macs=0.7 --methods taylor", ""),
    ("a name of another folder", "plan study --target macs=0.7 --save --name ../x", ""),
    ("a name of 300 letters", f"plan study --target macs=0.7 --save --name {'n' * 300}", ""),
    ("a name of nothing", "plan study --target macs=0.7 --save --name=", ""),
    ("measuring without a search", "plan study --target macs=0.7 --exact --verify 2", "--exact"),
    ("an unknown plan", "verify study haf", "haf"),
    ("an unknown split", "verify study half --split tests", "test"),
    ("an unknown format", "export study half --formats pt3", "pt2"),
    ("no format", "export study half --formats=", ""),
    ("recovered weights of no training", "export study superpose --recovered", ""),
    ("an unknown runtime to time", "time study half --runtime onx", "'onx'. Closest: onnx"),
    ("a plan and a table", "time study half --import-table table.parquet", "but got both"),
    ("data of a study to time", "time study --data data.npz", "which has its own"),
    ("a model to time without a file", "time net.pt2 --data data.npz", ""),
    ("an unknown job", "jobs study cancel 7", "Expected"),
    ("an unknown action", "jobs study stop", "Invalid value"),
    ("a job of no dashboard", "verify study half --job study", "Leave --job out"),
    ("everybody let in", "dashboard . --no-browser --no-token --host 0.0.0.0", "--trust-network"),
)  # fmt: skip


def inputs() -> Iterator[BadInput]:
    """Yield each of the lines; and one that opens a port, as whoever types it asks for."""
    yield BadInput(
        "references", "a module that serves", ("inspect", "http.server:test", "--shape", "1,6,6"),
        "within 1 s, but it was still at", environment={"PRUNESCOPE_PATIENCE": "1s"},
    )  # fmt: skip
    for name, line, says in LINES:
        yield BadInput("references", name, tuple(line.split(" ")), says)
