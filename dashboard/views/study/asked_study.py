"""What stands in the form of a new study, and the sweep that it asks for. No Streamlit."""

import re
from dataclasses import dataclass
from pathlib import Path

from prunescope.commands import Sweep
from prunescope.dashboard.views.study.offered_models import Offer
from prunescope.store.uploads import keep_weights
from prunescope.study import parse_methods, parse_sparsities


@dataclass(frozen=True)
class AskedStudy:
    """What stands in the form.

    Attributes:
        model: As offered or typed.
        weights: As offered; None for the model's own.
        upload: Name and bytes of a file that the viewer brought.
        data: As offered.
        metric: As offered.
        name: Of the study; empty for the model's.
        methods: With commas.
        sparsities: A list or range.
        keep: Whether the study keeps the data.
        outputs: With commas; empty for all.
    """

    model: str | None
    weights: str | None
    upload: tuple[str, bytes] | None
    data: str
    metric: str
    name: str
    methods: str
    sparsities: str
    keep: bool
    outputs: str

    @property
    def label(self) -> str:
        """The study's name, by itself that of the model."""
        own = re.sub(r"[^\w.-]+", "-", (self.model or "").strip().rpartition(":")[2])
        return self.name.strip() or own.strip("-.")

    def request(self, offered: Offer, studies: Path) -> Sweep:
        """Return the sweep that is asked for; all that it names is on the list, or it is refused.

        The file that was brought is kept in ``studies``.
        """
        model = offered.model((self.model or "").strip())
        parse_methods(self.methods)
        sparsities = self.sparsities.replace(" ", "")
        parse_sparsities(sparsities)
        weights = offered.weight(self.weights) if self.weights else None
        data, metric = offered.datum(self.data), offered.metric(self.metric)
        if self.upload is not None:
            weights = str(keep_weights(studies, *self.upload))
        return Sweep(
            model,
            data=data,
            metric=metric,
            methods=tuple(self.methods.replace(" ", "").split(",")),
            sparsities=sparsities,
            weights=weights,
            keep_data="512MB" if self.keep else None,
            outputs=tuple(name.strip() for name in self.outputs.split(",") if name.strip()),
        )
