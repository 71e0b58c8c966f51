"""Where a model was cut, of which only a part can be captured. Torch-free."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Cut:
    """The part of a model that a study is about; the rest stays as it is.

    Attributes:
        part: Its dotted name in the model.
        stopped: Where the capture of the whole model stopped, and at what.
        parameters: Of the part.
        of_parameters: Of the whole model.
        scores_whole: Whether scores are the whole model's, whose rest runs behind the part; else
            they are of the part's own outputs.
    """

    part: str
    stopped: str
    parameters: int
    of_parameters: int
    scores_whole: bool = False
