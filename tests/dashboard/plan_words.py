"""What the page *Plan* should say of a plan: from the engine's prediction and the raw rows.

Nothing of the page's own code is used, and of the engine's sentences none.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from prunescope.curves.curve import Curves, curves
from prunescope.latency.machine import machine
from prunescope.latency.plan_memory import peak_memory
from prunescope.latency.table.predict_time import plan_units, tables
from prunescope.planning.prediction.predict import predict
from prunescope.planning.prediction.prediction import Prediction
from prunescope.statistics.paired import paired_interval
from prunescope.store.folder import StudyFolder
from prunescope.store.json_documents import from_json
from prunescope.study.method import UNITS
from prunescope.study.network_size import shrunk
from prunescope.study.plan import Plan
from prunescope.text import units
from prunescope.text.scores import PERCENT_WORDS

drop_words = PERCENT_WORDS.drop


@dataclass(frozen=True)
class PlanTruth:
    """A study and a plan in it, with everything that the page is held to.

    Attributes:
        study: The study.
        plan: The draft.
    """

    study: StudyFolder
    plan: Plan

    @property
    def curves(self) -> Curves:
        """All measured curves."""
        return curves(self.study.measured(), self.study.manifest)

    def predicted(self, plan: Plan | None = None) -> Prediction:
        """What the engine predicts, from all that the study holds."""
        return predict(
            self.study.manifest, plan or self.plan, self.curves, self.study.verified(),
            self.study.logits,
        )  # fmt: skip

    @property
    def row(self) -> dict[Any, Any] | None:
        """What was measured of just this plan."""
        rows = self.study.verified()
        rows = rows[(rows["digest"] == self.plan.digest) & (rows["split"] == "validation")]
        return rows.iloc[0].to_dict() if len(rows) else None

    @property
    def others(self) -> list[dict[Any, Any]]:
        """The verified plans that count: with the same recovery, and without itself."""
        rows = self.study.verified().to_dict("records")
        return [
            row
            for row in rows
            if row["digest"] != self.plan.digest
            and from_json(Plan, row["plan"], "it").recovery == self.plan.recovery
        ]

    def sentences(self) -> list[str]:
        """Everything that is said of the plan itself."""
        found = self.predicted()
        return [
            *self._drop(found), *self._figures(found), *self._vouched(found), *self._gaps(found),
            *self._measured(), *self._sizes(), *self._rest(),
        ]  # fmt: skip

    def _drop(self, found: Prediction) -> list[str]:
        assert found.drop is not None
        other = "other " if self.row else ""
        count = len(self.others)
        if count:
            plural = "s" if count > 1 else ""
            source = f"from {count} {other}verified plan{plural} of this study"
        else:
            source = f"from 27 other networks, before any {other}plan of this study is verified"
        if self.plan.solved:
            source += "; 1.7 times as far above it, as it was picked by its prediction"
        if found.interval is None:
            least = f"{other}plans of this study are verified"
            known = f"how far off is not known before 3 {least}"
            return [f"Drop {drop_words(found.drop)} ({known})."]
        low, high = found.interval.low, found.interval.high
        if found.missing:
            return [f"Drop {drop_words(low)} or more in nine plans of ten, {source}."]
        return [
            f"Drop {drop_words(found.drop)} ({drop_words(low).removesuffix(' pt')} to "
            f"{drop_words(high)} in nine plans of ten, {source})."
        ]

    def _figures(self, found: Prediction) -> list[str]:
        more, less = ("or more", "or less") if found.missing else ("", "")
        said = []
        if math.isfinite(found.entropy):
            around = found.entropy_interval
            ends = f"({around.low:+.3f} to {around.high:+.3f})" if around else more
            said.append(f"Cross-entropy {found.entropy:+.3f} nats {ends}".rstrip())
        if math.isfinite(found.divergence):
            around = found.divergence_interval
            ends = f"({around.low:.3f} to {around.high:.3f})" if around else more
            said.append(f"KL {found.divergence:.3f} nats {ends}".rstrip())
        if found.recalls:
            worst = min(found.recalls, key=lambda recall: recall.pruned)
            names, around = self.study.manifest.classes, found.worst_interval
            name = names[worst.label] if worst.label < len(names) else worst.label
            ends = f" ({100 * around.low:.1f} % to {100 * around.high:.1f} %)" if around else ""
            ends = f" {less}" if less else ends
            said.append(
                f"worst class {name}: {100 * worst.pruned:.1f} % recalled{ends}, dense "
                f"{100 * worst.dense:.1f} %"
            )
        return [" · ".join(said)]

    def _vouched(self, found: Prediction) -> list[str]:
        if not self.others:
            return []
        errors = []
        for row in self.others:  # each as the engine predicts it now, from the others alone
            plan = from_json(Plan, row["plan"], "it")
            without = self.study.verified()
            without = without[~without["digest"].isin([plan.digest, self.plan.digest])]
            guess = predict(
                self.study.manifest, plan, self.curves, without, self.study.logits
            )  # fmt: skip
            assert guess.drop is not None
            errors.append(abs(guess.drop - row["drop_sum"] / row["samples"]))
        other = "other " if self.row else ""
        plural = "s" if len(errors) > 1 else ""
        few = " So few leave the interval wide." if len(errors) < 5 else ""
        return [
            f"By {found.predictor}. Back-tested: off by "
            f"{100 * sum(errors) / len(errors):.2f} pt on average over {len(errors)} {other}"
            f"measured plan{plural}, at worst {100 * max(errors):.2f} pt.{few}"
        ]

    def _gaps(self, found: Prediction) -> list[str]:
        said = []
        for gap in found.missing:
            rows = self.study.measured()
            choice = self.plan.choices[gap.subject]
            own = rows[
                (rows["subject"] == gap.subject)
                & (rows["criterion"] == choice.criterion)
                & (rows["granularity"] == choice.granularity)
                & (rows["recovery"] == self.plan.recovery)
            ]
            said.append(f"{gap.subject}: measured only up to {own['sparsity'].max():g}")
        return said

    def _measured(self) -> list[str]:
        if self.row is None:
            return []
        samples = int(self.row["samples"])
        drop = paired_interval(samples, self.row["drop_sum"], self.row["drop_squares"])
        low = drop_words(drop.low).removesuffix(" pt")
        return [f"Drop {low} to {drop_words(drop.high)}, 95 % paired interval, {samples} samples."]

    def layer(self, name: str) -> list[str]:
        """What is said of one layer or group that the plan prunes; reasons are the solver's."""
        manifest, choice = self.study.manifest, self.plan.choices[name]
        rows = self.study.measured()
        rows = rows[
            (rows["subject"] == name)
            & (rows["criterion"] == choice.criterion)
            & (rows["granularity"] == choice.granularity)
            & (rows["recovery"] == self.plan.recovery)
            & (rows["removed"] > 0)
        ].sort_values("sparsity")
        drops = [
            paired_interval(row["samples"], row["drop_sum"], row["drop_squares"])
            for row in rows.to_dict("records")
        ]
        if choice.granularity in UNITS:
            units_ = manifest.group(name).units
            gone = min(round(choice.sparsity * units_), units_ - 1)
            left, dense = shrunk(manifest, {name: gone}), shrunk(manifest, {})
            parameters, macs = dense.parameters - left.parameters, dense.macs - left.macs
            first = (
                f"{gone} of {units_} {choice.granularity}s leave from "
                f"{len(manifest.group(name).layers)} layers, by {choice.method}. Alone that frees "
                f"{units.count(parameters)} parameters ({100 * parameters / dense.parameters:.1f} "
                f"%) and {units.macs(macs)} ({100 * macs / dense.macs:.1f} %)."
            )
            real = gone / units_
        else:
            total, real = manifest.layer(name).parameters, choice.sparsity
            first = (
                f"{round(real * total):,} of {total:,} weights become zero, by {choice.method}. "
                "Zeros stay in the tensor: the download is smaller, a dense runtime no faster."
            )
        places = [0.0, *rows["sparsity"]]
        mean, low, high = (
            float(np.interp(real, places, [0.0, *(getattr(drop, end) for drop in drops)]))
            for end in ("mean", "low", "high")
        )
        exact = any(abs(place - real) < 1e-4 for place in places)
        more = " or more" if real > places[-1] + 1e-4 else ""
        return [
            first,
            f"Alone it costs {drop_words(mean)}{more} ({drop_words(low).removesuffix(' pt')} to "
            f"{drop_words(high)}, 95 %), {'measured' if exact else 'between measured points'}.",
            f"{name} in this plan",
        ]

    def gone(self) -> int:
        """Parameters that are zero or leave, of a plan of one granularity, by plain counting."""
        manifest = self.study.manifest
        active = self.plan.active()
        if any(choice.granularity in UNITS for choice in active.values()):
            left = shrunk(manifest, plan_units(manifest, self.plan))
            return manifest.parameters - left.parameters
        return sum(
            round(choice.sparsity * manifest.layer(name).parameters)
            for name, choice in active.items()
        )

    def _sizes(self) -> list[str]:
        share = self.gone() / self.study.manifest.parameters
        return [f"{100 * share:.1f} % of all parameters are zero or gone."]

    def _rest(self) -> list[str]:
        manifest = self.study.manifest
        now = peak_memory(manifest, plan_units(manifest, self.plan))
        before = peak_memory(manifest, {})
        return [
            f"Peak memory of one sample: {units.bytes_(now.total)} of {units.bytes_(before.total)} "
            "(weights and activations).",
            *([f"({machine()})"] if tables(self.study.folder, manifest) else []),
        ]
