"""How far each layer can be pruned within a limit, as a search found it."""

import math

import pandas as pd
import streamlit as st

from prunescope.dashboard.shared import loaders, take_away
from prunescope.dashboard.shared.explained import explained
from prunescope.store.folder import StudyFolder
from prunescope.store.largest_sparsities import LargestSparsity
from prunescope.study import Method
from prunescope.text.glossary import GLOSSARY
from prunescope.text.scores import ScoreWords, words_of


def show(opened: StudyFolder, expanded: bool = True) -> None:
    """Show the answers of the searches of a study; nothing where there are none.

    Args:
        opened: The study.
        expanded: Whether the tables are open at first.
    """
    answers = loaders.largest(opened)
    if not answers:
        return
    words = words_of(opened.manifest)
    for limit in sorted({answer.limit for answer in answers}):
        own = [answer for answer in answers if answer.limit == limit]
        with st.expander(
            f"Largest sparsity within {words.limit(limit)}, estimated", expanded=expanded,
            icon=":material/search:",
        ):  # fmt: skip
            table = largest_table(own, words)
            take_away.table(opened, table, "Largest sparsities", words.limit(limit))
            st.dataframe(
                table, hide_index=True, width="stretch",
                column_config=explained(table, {}, others=GLOSSARY["baseline, drop"]),
            )  # fmt: skip
            st.caption(
                "Found from a few samples of a few points, those near a decision first, without "
                f"measuring curves. **{words.loss_word.capitalize()}** is the estimated mean over "
                "the whole split, ± half of its 95 % interval"
                + (
                    "; **Certain** is the largest sparsity whose whole interval lies within the "
                    "limit."
                    if "Certain" in table
                    else ". To be certain, measure with *Certify it*."
                )
            )


def largest_table(answers: list[LargestSparsity], words: ScoreWords) -> pd.DataFrame:
    """Return one row per answer, the most sensitive first.

    Args:
        answers: Of one limit.
        words: Of the study's metric.

    Returns:
        Columns of text, ``Certain`` only where somebody asked for it.
    """
    rows = []
    for answer in sorted(answers, key=lambda a: a.sparsity):
        recovery = "" if answer.recovery == "none" else f" + {answer.recovery}"
        seed = f" #{answer.seed}" if answer.seed else ""
        rows.append(
            {
                "Layer": answer.subject,
                "Method": f"{Method(answer.criterion, answer.granularity)}{recovery}{seed}",
                "Largest sparsity": _percent(answer.sparsity),
                words.titled(words.loss_word.capitalize()): (
                    words.cell(answer.drop, answer.half_width) if answer.sparsity else ""
                ),
                "Next": "" if math.isnan(answer.following) else _percent(answer.following),
                "Samples": answer.samples,
                "Certain": "" if math.isnan(answer.certified) else _percent(answer.certified),
            }
        )
    table = pd.DataFrame(rows)
    return table if (table["Certain"] != "").any() else table.drop(columns="Certain")


def _percent(sparsity: float) -> str:
    return f"{100 * sparsity:g} %" if sparsity else "none"
