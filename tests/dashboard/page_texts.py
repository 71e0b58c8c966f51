"""What a page says, gathered whole, and what is left of it once expected sentences are taken out.

A number that is left over is one that nobody recomputed from the store.
"""

import re
from collections.abc import Iterator
from typing import Final

import pandas as pd
from streamlit.testing.v1 import AppTest

from prunescope.store.folder import StudyFolder
from prunescope.study.soundness import concerns
from prunescope.text import units

KINDS: Final = (
    "markdown", "caption", "info", "warning", "error", "subheader", "header", "title"
)  # fmt: skip


def plain(text: str) -> str:
    """Without Markdown's marks."""
    return re.sub("[\\\\`*\u2060]|:material/[a-z_]+:", "", text)


def said(at: AppTest) -> Iterator[str]:
    """Everything that the page says in words, expanders' titles too; the share link aside."""
    for kind in KINDS:
        for element in at.get(kind):
            yield plain(element.value)
    for expander in at.expander:
        yield plain(expander.label)


def left_over(texts: Iterator[str], expected: list[str]) -> list[str]:
    """The texts that still hold a digit once every expected sentence is taken out."""
    known = sorted((plain(sentence) for sentence in expected), key=len, reverse=True)
    rest = []
    for text in texts:
        for sentence in known:
            text = text.replace(sentence, "")
        if re.search(r"\d", text):
            rest.append(text)
    return rest


def everywhere(study: StudyFolder) -> list[str]:
    """What stands above every page."""
    manifest = study.manifest
    assert manifest.baseline is not None
    return [
        f"{manifest.reference.model} on {manifest.reference.data} · dense "
        f"{manifest.reference.metric} "
        f"{100 * manifest.baseline.score:.2f} % · {units.count(manifest.parameters)} parameters · "
        f"{units.count(manifest.macs)} MACs",
        *(check.sentence for check in concerns(manifest.soundness)),
    ]


def columns(at: AppTest, *names: str) -> pd.DataFrame:
    (found,) = [each.value for each in at.dataframe if set(names) <= set(each.value.columns)]
    return found


def metrics(at: AppTest) -> dict[str, tuple[str, str]]:
    """The big figures: label → value and change."""
    return {plain(each.label): (str(each.value), str(each.delta or "")) for each in at.metric}
