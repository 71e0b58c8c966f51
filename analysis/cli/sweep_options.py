"""The options of ``sweep`` alone, each described once."""

from pathlib import Path
from typing import Annotated

import typer

from prunescope.cli.shared_options import named_path
from prunescope.object_store.address import checked_store
from prunescope.study.recoveries import RECOVERIES
from prunescope.study.soundness import REFUSABLE

IntoStudyOption = Annotated[
    Path,
    typer.Option(
        "--study", metavar="PATH", help="Folder to make or to go on with.", parser=named_path
    ),
]
ModelOrNoneArgument = Annotated[
    str | None,
    typer.Argument(metavar="[MODEL]", help="As for inspect; not needed to go on with a study."),
]
MethodsOption = Annotated[
    str, typer.Option("--methods", help="Comma-separated criteria, or criterion@granularity.")
]
SparsitiesOption = Annotated[str, typer.Option("--sparsities", help="0.5,0.7 or first:last:step.")]
LayersOption = Annotated[
    str,
    typer.Option(
        "--layers",
        help="Names or patterns ('layer3.*'), with commas; all by default.",
    ),
]
GranularityOption = Annotated[
    str, typer.Option("--granularity", help="weight, channel, head or block, without @.")
]
RecoveriesOption = Annotated[
    str, typer.Option("--recovery", help=f"Comma-separated: {', '.join(RECOVERIES)}.")
]
SeedsOption = Annotated[
    str, typer.Option("--seeds", help="Comma-separated, for random: drawn as a band.")
]
RoundOption = Annotated[
    int,
    typer.Option("--round", min=1, help="Units that stay come in multiples: 1, 4, 8, 16, 32."),
]
ShardOption = Annotated[
    str | None,
    typer.Option(
        "--shard",
        metavar="I/N",
        help="Part of the points: 2/8 is the second of eight machines'. Put their studies "
        "together with prunescope merge.",
    ),
]
ScreenOption = Annotated[
    bool,
    typer.Option(
        "--screen/--no-screen",
        help="While points wait for their first samples, see without labels how much each "
        "changes its layer's outputs.",
    ),
]
ModeOption = Annotated[
    str,
    typer.Option(
        "--mode",
        help="exact: every sample, uncertain points first. adaptive: stop points that are "
        "certain enough. decide: only whether a drop passes the limit. find: each layer's "
        "largest sparsity within the limit, from a few samples. certify: the same, and one "
        "that is certainly within it. look: predict all of it from gradients and a few "
        "measured points, with the error of that.",
    ),
]
ToleranceOption = Annotated[
    str | None,
    typer.Option(
        "--tolerance",
        help="Accepted half-width of a drop, in the metric's unit or as 1% of dense; 0.005, "
        "half a point, by default (a tenth of the drop always is).",
        show_default=False,
    ),
]
LimitOption = Annotated[
    str | None,
    typer.Option(
        "--limit",
        help="Drop to decide against, in the metric's unit or as 2% of dense; 0.02, two "
        "points, for decide.",
        show_default=False,
    ),
]
MonotoneOption = Annotated[
    bool,
    typer.Option(
        "--monotone/--no-monotone",
        help="A sparsity certainly past the limit settles the larger ones.",
    ),
]
FamilywiseOption = Annotated[
    bool, typer.Option("--familywise", help="All intervals hold together, not each alone.")
]
BudgetOption = Annotated[
    str | None,
    typer.Option(
        "--budget",
        help="Time to spend, such as 90s, 5m or 1h: whole points, of every layer first.",
    ),
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        parser=checked_store,
        help="s3://BUCKET/NAME, gs://, az:// or file:///FOLDER: what is there is not measured "
        "again, what is measured is sent there.",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="ADDRESS",
        help="local, auto or HOST:PORT: measure on Ray's workers, which share --store.",
    ),
]
WorkersOption = Annotated[
    int,
    typer.Option("--workers", min=0, help="Of --ray; 0 for as many as there is room for."),
]
AcceptOption = Annotated[
    str,
    typer.Option(
        "--accept",
        help=f"Begin although a check fails: {', '.join(REFUSABLE)}. Every page then says so.",
    ),
]
KeepDataOption = Annotated[
    str | None,
    typer.Option(
        "--keep-data",
        metavar="SIZE",
        help="Keep a copy of the data in the study if they take at most this, such as 500MB.",
        show_default=False,
    ),
]
EngineOption = Annotated[
    str, typer.Option("--engine", help="frontier, or naive: the plain loop, to compare with.")
]
PrecisionOption = Annotated[
    str,
    typer.Option(
        "--precision",
        help="fp32, tf32, bf16 or fp16: of the points; what a lower one does to the dense "
        "model is measured and said.",
    ),
]
