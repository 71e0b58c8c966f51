"""What a sample model is studied with where nothing else is asked for: its data, its metric.

Torch-free.
"""

from typing import Final

from prunescope.sample_models.samples import DATA, SAMPLES, Sample

PREFIX: Final = "sample:"
MODELS: Final = tuple(f"{PREFIX}{name}" for name in SAMPLES)
DATA_SETS: Final = tuple(f"{PREFIX}{name}" for name in DATA)
USUAL: Final = "top-1"


def sample_data(model: object) -> str | None:
    """Return the reference to the data of a sample model; None of any other model.

    >>> sample_data("sample:gpt"), sample_data("torchvision:resnet18")
    ('sample:opticks', None)
    """
    sample = _sample(model)
    if sample is not None:
        return f"{PREFIX}{sample.data}"
    unknown = isinstance(model, str) and model.startswith(PREFIX)
    return DATA_SETS[0] if unknown else None  # loading the model then says which there are


def usual_metric(model: object, data: object) -> str:
    """Return the metric of a study of ``model`` on ``data`` where none is asked for.

    >>> usual_metric("sample:gpt", "sample:opticks"), usual_metric("sample:gpt", "mine.py:splits")
    ('perplexity', 'top-1')
    """
    sample = _sample(model)
    if sample is None or data not in (None, f"{PREFIX}{sample.data}"):
        return USUAL
    return sample.metric


def _sample(model: object) -> Sample | None:
    if not isinstance(model, str) or not model.startswith(PREFIX):
        return None
    return SAMPLES.get(model.removeprefix(PREFIX))
