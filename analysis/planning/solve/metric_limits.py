"""Limits on what a plan loses by a metric that the study stores beside the drawn one. Torch-free.

``macro-f1=1pt`` beside ``drop=1pt``. What the plan loses by it is predicted as for a study that
draws that metric (``StudyFolder.drawn_by``), and kept as limits on classes are.
"""

from dataclasses import dataclass

from prunescope.text.scores import ScoreWords


@dataclass(frozen=True)
class MetricLimit:
    """How much may be lost by one of the stored metrics.

    Attributes:
        name: As the study names the metric.
        limit: The most that is accepted, as a stored drop, above 0.
        words: Of that metric.
    """

    name: str
    limit: float
    words: ScoreWords

    def __str__(self) -> str:
        return f"a {self.words.loss_word} of {self.words.name} of at most " + self.words.limit(
            self.limit
        )

    def request(self) -> str:
        """Return the limit as a command takes it."""
        return f"{self.name}={self.words.plain_drop(self.limit):.12g}"
