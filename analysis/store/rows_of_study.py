"""Which rows of a table belong to a study: of its fingerprint, by this engine's measurements."""

import pandas as pd

from prunescope.study import MEASUREMENT_VERSION, Manifest


def own_rows(frame: pd.DataFrame, manifest: Manifest) -> pd.DataFrame:
    """Return the rows of ``frame`` that were measured for ``manifest`` and may be shown for it."""
    own = (frame["fingerprint"] == manifest.fingerprint) & (frame["version"] == MEASUREMENT_VERSION)
    return frame[own].reset_index(drop=True)
