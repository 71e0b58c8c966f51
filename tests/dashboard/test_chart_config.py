"""A saved picture says study, subject and day."""

from datetime import date

from prunescope.dashboard.shared.chart_config import chart_config, file_name
from prunescope.store.folder import StudyFolder


def test_a_picture_is_called_after_what_it_shows(study: StudyFolder) -> None:
    today = date.today().isoformat()
    assert file_name(study, "conv2", "drop") == f"digits-conv2-drop-{today}"
    options = chart_config(study, "conv2", "drop")["toImageButtonOptions"]
    assert options == {"filename": f"digits-conv2-drop-{today}", "scale": 2}


def test_no_name_leaves_its_folder(study: StudyFolder) -> None:
    name = file_name(study, "../../a b/c:d\n", "x" * 500)
    assert not set(name) & set("/\\: \n")
    assert len(name) < 255
