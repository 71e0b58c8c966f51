"""The raw rows of a study, and what follows from them by plain arithmetic."""

from dataclasses import dataclass

import pandas as pd

from prunescope.statistics.paired import paired_interval
from prunescope.store.folder import StudyFolder


@dataclass(frozen=True)
class Store:
    """The raw rows of a study, and what follows from them by plain arithmetic."""

    study: StudyFolder
    frame: pd.DataFrame

    def rows(self, subject: str, granularity: str) -> pd.DataFrame:
        """The rows of one subject with something removed, seeds of a control together."""
        rows = self.frame[
            (self.frame["subject"] == subject)
            & (self.frame["granularity"] == granularity)
            & (self.frame["removed"] > 0)
        ]
        ends = [
            paired_interval(n, total, squares)
            for n, total, squares in zip(
                rows["samples"], rows["drop_sum"], rows["drop_squares"], strict=True
            )
        ]
        rows = rows.assign(
            drop=[end.mean for end in ends], high=[end.high for end in ends],
            low=[end.low for end in ends], score=rows["score_sum"] / rows["samples"],
        )  # fmt: skip
        keys = ["criterion", "recovery", "sparsity"]
        return rows.groupby(keys, sort=False).agg(
            drop=("drop", "mean"), high=("high", "mean"), low=("low", "mean"),
            score=("score", "mean"), samples=("samples", "min"), seeds=("seed", "nunique"),
        ).reset_index()  # fmt: skip

    def curves(self, subject: str, granularity: str) -> dict[str, pd.DataFrame]:
        """Criterion → its points without recovery, by sparsity."""
        rows = self.rows(subject, granularity)
        rows = rows[rows["recovery"] == "none"]
        return {
            str(name): own.sort_values("sparsity")
            for name, own in rows.groupby("criterion", sort=True)
        }

    def safe(
        self, subject: str, granularity: str, limit: float
    ) -> tuple[float, str, dict[str, float]] | None:
        """The largest sparsity with all upper ends within the limit; its criterion and point."""
        best = None
        for name, own in self.curves(subject, granularity).items():
            within = (own["high"] <= limit + 1e-12).to_numpy()
            count = len(within) if within.all() else int(within.argmin())
            if count:
                point = own.iloc[count - 1].to_dict()
                if best is None or point["sparsity"] > best[0]:
                    best = (float(point["sparsity"]), name, point)
        return best
