"""The measured scores of a study's verified plans, by the plan."""

from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Plan


class MeasuredScores:
    """Looks up what a plan really scored on the validation split."""

    def __init__(self, study: StudyFolder) -> None:
        rows = study.verified()
        rows = rows[(rows["split"] == "validation") & (rows["samples"] > 0)]
        scores = rows["score_sum"] / rows["samples"]
        self._by_digest = dict(zip(rows["digest"], map(float, scores), strict=True))

    def __call__(self, plan: Plan) -> float | None:
        """Return the score of just this plan, 0 to 1; None where it was not measured."""
        return self._by_digest.get(plan.digest)
