"""What an error or a page tells somebody to type next: the one place that words commands.

Rooms below the command line say what is missing and take the command from here, so that they
know no command, and a renamed option is one edit. Placeholders are in capitals.
"""

import shlex
from dataclasses import replace

from prunescope.commands.export import Export
from prunescope.commands.finetune import FineTune
from prunescope.commands.inspect import Inspect
from prunescope.commands.merge import Merge
from prunescope.commands.plan import MakePlan
from prunescope.commands.request import Request
from prunescope.commands.sweep import Sweep
from prunescope.commands.time import Time
from prunescope.commands.verify import Verify
from prunescope.study import Grid


def make_study(folder: object = "FOLDER") -> str:
    """Return the command that makes a study in ``folder``, or goes on with the one there.

    >>> make_study()
    'prunescope sweep MODEL --data DATA --study FOLDER'
    """
    return Sweep("MODEL", data="DATA").line(str(folder))


def sample_study(folder: object) -> str:
    """Return the command that makes a study of a sample model in ``folder``."""
    return Sweep("sample:lenet5", data="sample:fashion-mnist").line(str(folder))


def measure_curves(recovery: str = "none") -> str:
    """Return the command that measures curves of a study with ``recovery``."""
    return Sweep(recovery=(recovery,)).line()


def measure_again(recoveries: tuple[str, ...], study: object) -> str:
    """Return the command that measures curves with ``recoveries`` again in the folder ``study``."""
    return Sweep(recovery=recoveries).line(str(study))


def merge_shards(study: object) -> str:
    """Return the command that puts the study of another machine into ``study``."""
    return Merge("FROM").line(str(study))


def sweep_into(store: str) -> str:
    """Return the command that makes a study in a ``store``."""
    return Sweep("MODEL", data="DATA", store=store).line("FOLDER")


def another_store(place: str = "s3://BUCKET/NAME") -> str:
    """Return the option that names a store.

    >>> another_store()
    '--store s3://BUCKET/NAME'
    """
    return _typed(Sweep, "store", place)


def on_ray(address: str = "local") -> str:
    """Return the option that measures on Ray's workers."""
    return _typed(Sweep, "ray", address)


def sweep_options(*names: str) -> str:
    """Return how options of a sweep are written, with commas between."""
    return ", ".join(map(Sweep.spelling, names))


def look_at(store: str) -> str:
    """Return the command that shows the study in a ``store``."""
    return f"prunescope dashboard {store}"


def measure_points(grid: Grid) -> str:
    """Return the command that measures just the points of ``grid`` in a study that there is."""
    return Sweep.of(grid).line()


def extrapolate() -> str:
    """Return the option that lets a plan go past what was measured."""
    return f"{MakePlan.spelling('extrapolate')} (extrapolate=True in Python)"


def time_network(budget: float | None = None) -> str:
    """Return the command that measures a study's latency table, within ``budget`` seconds."""
    return Time(budget=budget).line()


def time_elsewhere(study: bool = False) -> str:
    """Return the command that times a network on another machine, where its study is or is not."""
    return Time(export_file="FILE", data=None if study else "DATA").line(
        "STUDY" if study else "MODEL"
    )


def plan_baseline(rule: str) -> str:
    """Return the command that plans by a baseline.

    >>> plan_baseline("uniform")
    'prunescope plan STUDY --target TARGET --baseline uniform'
    """
    return MakePlan(target=("TARGET",), rule=rule).line()


def fine_tune(study: str = "STUDY", plan: str = "PLAN") -> str:
    """Return the command that fine-tunes a plan."""
    return FineTune(plan).line(study)


def verify(study: str = "STUDY", plan: str = "PLAN") -> str:
    """Return the command that applies a plan for real and measures it.

    >>> verify("studies/s", "half")
    'prunescope verify studies/s half'
    """
    return Verify(plan).line(study)


def export_rounded(study: str = "STUDY", plan: str = "PLAN") -> str:
    """Return the command that delivers a plan in floats and in integers of 8 bits.

    >>> export_rounded("studies/s", "half")
    'prunescope export studies/s half --formats onnx,onnx-int8'
    """
    return Export(plan, formats=("onnx", "onnx-int8")).line(study)


def recovered_curves(recovery: str, study: str = "STUDY", methods: tuple[str, ...] = ()) -> str:
    """Return the command that measures a study's curves with another ``recovery``.

    >>> recovered_curves("ls", "s", ("l1@channel",))
    'prunescope sweep --study s --methods l1@channel --recovery ls'
    """
    request = Sweep(recovery=(recovery,))
    return (replace(request, methods=methods) if methods else request).line(study)


def trust() -> str:
    """Return the command by which an account's owner vouches for the code that a study names."""
    return "prunescope trust STUDY"


def metric(name: str) -> str:
    """Return the option that asks for the metric ``name``.

    >>> metric("perplexity")
    '--metric perplexity'
    """
    return f"{Sweep.spelling('metric')} {name}"


def recipe_part(kind: str) -> str:
    """Return the option that says where a recipe's model, data, metric or weights lie here.

    >>> recipe_part("model")
    '--model MODEL'
    """
    return f"--{kind} {kind.upper()}"


def new_weights() -> str:
    """Return the option that lets a recipe be applied to other weights."""
    return "--new-weights (new_weights=True in Python)"


def pack(study: object = "STUDY") -> str:
    """Return the command that writes a study into one file.

    >>> pack("my study")
    "prunescope pack 'my study'"
    """
    return f"prunescope pack {shlex.quote(str(study))}"


def own_metric() -> str:
    """Return the option that names a metric of one's own."""
    return _typed(Sweep, "metric", "file.py:function")


def data_or_shape() -> str:
    """Return the two options that tell what goes into a model."""
    return f"{_typed(Inspect, 'data', 'DATA')} or {_typed(Inspect, 'shape', '3,224,224')}"


def keep_data() -> str:
    """Return the option that lets a study keep its samples."""
    return f"{_typed(Sweep, 'keep_data', '2GB')} (keep_data=2_000_000_000 in Python)"


def data_elsewhere(study: object) -> str:
    """Return the command that goes on with a study whose data lie somewhere else now.

    >>> data_elsewhere("s")
    'prunescope sweep --data DATA --study s'
    """
    return Sweep(data="DATA").line(str(study))


def weights_file() -> str:
    """Return the option that names a file of weights."""
    return Sweep.spelling("weights")


def random_weights() -> str:
    """Return the option that keeps a named model's random weights."""
    return Sweep.spelling("random")


def study_folder() -> str:
    """Return the option that names a sweep's study."""
    return str(Sweep.study_option)


def exported_table() -> str:
    """Return the option that writes a latency table."""
    return Time.spelling("export_file")


def output() -> str:
    """Return the option that names where an export or a plan is written."""
    return Export.spelling("output")


def kept_plan() -> str:
    """Return the option that keeps a plan in its study, under its name."""
    return MakePlan.spelling("save")


def keep_solved(study: object) -> str:
    """Return the command that solves for half of the MACs and keeps the plan in its study."""
    return MakePlan(target=("macs=0.5",), save=True).line(str(study))


def accept(check: str) -> str:
    """Return the option that makes a study although the check failed."""
    return f"{_typed(Sweep, 'accept', check)} (accept=('{check}',) in Python)"


def first_answer() -> str:
    """Return the option that scores a network's first answer."""
    return _typed(Sweep, "metric", "top-1")


def force() -> str:
    """Return the option that lets a command replace what Prunescope did not write."""
    return f"{Export.spelling('force')} (force=True in Python)"


def rate(value: float) -> str:
    """Return the option of a learning rate of ``value``."""
    return _typed(FineTune, "rate", f"{value:g}")


def optimizer(name: str, momentum: float | None = None) -> str:
    """Return how to choose an optimizer, as in *take --optimizer sgd --momentum 0.9*."""
    chosen = _typed(FineTune, "optimizer", name)
    return (
        chosen if momentum is None else f"{chosen} {_typed(FineTune, 'momentum', f'{momentum:g}')}"
    )


def optimizer_option() -> str:
    """Return the option that gives an optimizer one of its own."""
    return FineTune.spelling("options")


def features(weight: float) -> str:
    """Return how to say how much the dense model's inner values weigh."""
    return _typed(FineTune, "features", f"{weight:g}")


def rounds(count: int) -> str:
    """Return how to say in how many rounds a plan is reached."""
    return _typed(FineTune, "rounds", str(count))


def epoch_steps(count: int) -> str:
    """Return how to say how many steps count as an epoch."""
    return f"{_typed(FineTune, 'epoch_steps', str(count))} (epoch_steps={count} in Python)"


def less_memory() -> str:
    """Return what takes less memory, a sentence."""
    batch, threads = FineTune.spelling("batch"), Time.spelling("threads")
    return (
        f"Use fewer or smaller samples, a smaller {batch} or fewer {threads} where the command has "
        "them; or close other programs."
    )


def _typed(request: type[Request], name: str, value: str) -> str:
    return f"{request.spelling(name)} {value}"
