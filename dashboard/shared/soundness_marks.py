"""What every page says of a study whose checks did not all pass, and the list on the page Study."""

import streamlit as st

from prunescope.study import Manifest
from prunescope.study.soundness import REFUSABLE, Check, concerns, summary
from prunescope.text import plain

_ICONS = {"passed": ":material/check:", "marked": ":material/warning:",
          "refused": ":material/error:"}  # fmt: skip


def mark(manifest: Manifest) -> None:
    """Say on a page what failed before the study was made; nothing where all is well."""
    found = concerns(manifest.soundness)
    refused = [check for check in found if check.name in REFUSABLE]
    marked = [check for check in found if check.name not in REFUSABLE]
    if refused:
        st.error(
            f"**No number of this study can be relied on.** {_sentences(refused)}",
            icon=_ICONS["refused"],
        )
    if marked:
        st.warning(_sentences(marked), icon=_ICONS["marked"])


def every_check(manifest: Manifest) -> None:
    """List all checks, those that passed too."""
    if not manifest.soundness:
        return
    with st.expander(summary(manifest.soundness), icon=":material/fact_check:"):
        st.markdown(
            "\n".join(
                f"- {_ICONS[check.state]} {plain.text(check.sentence)}"
                for check in manifest.soundness
            )
        )


def _sentences(checks: list[Check]) -> str:
    return " ".join(plain.text(check.sentence) for check in checks)
