"""What a sweep is of: a model and data that were typed, or those of the study that goes on."""

from dataclasses import replace
from pathlib import Path

from prunescope.commands import next_steps
from prunescope.errors import BadValue
from prunescope.model_kinds.sample_studies import sample_data, usual_metric
from prunescope.store.folder import MANIFEST, StudyFolder
from prunescope.study import Reference


def sweep_reference(
    study: Path,
    model: str | None,
    data: str | None,
    weights: Path | None,
    random: bool,
    metric: str | None,
    loss: str | None,
    outputs: tuple[str, ...],
    heads: str,
) -> Reference:
    """Return what is swept, as the options of those names say.

    Raises:
        BadValue: No model for a new study, no data to evaluate on, or an option that is not what
            the study in ``study`` was made with.
    """
    if model is None:
        if not (study / MANIFEST).exists():
            raise BadValue(
                f"Expected a model to make the new study {study} from, but got none. Run: "
                f"{next_steps.make_study()}."
            )
        known = StudyFolder.open(study).manifest.reference
        if metric is not None and metric == ",".join((known.metric, *known.also)):
            metric = known.metric
        given = {"data": data, "weights": weights and str(weights), "metric": metric, "loss": loss,
                 "random": random or None, "outputs": outputs or None,
                 "heads": heads or None}  # fmt: skip
        if data is not None and data != known.data and known.own_network is not None:
            known = replace(known, data=data, own_data=None)  # the same ones, or it is refused
        others = [k for k, v in given.items() if v is not None and v != getattr(known, k)]
        if others:
            raise BadValue(
                f"Expected the study's own --{others[0]} ({getattr(known, others[0])}), but got "
                f"{given[others[0]]}. Leave it out, or name MODEL and another folder."
            )
        return known
    data = data or sample_data(model)
    if data is None:
        raise BadValue(
            "Expected data to evaluate on, but got none. Add --data, such as imagefolder:DIR."
        )
    source = str(weights) if weights else None
    metric = metric or usual_metric(model, data)
    return Reference(model, data, metric, source, random, loss or "", outputs, heads=heads)
