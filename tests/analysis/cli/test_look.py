"""``sweep --mode look``: what the terminal, ``show`` and JSON say."""


def test_predictions_are_told_and_shown(prunescope, tiny, tmp_path):
    study = tmp_path / "s"
    asked = ("sweep", tiny.model, "--data", tiny.data, "--study", study, "--mode", "look")
    told = prunescope(*asked, "--sparsities", "0.1:0.9:0.1", "--json").json
    assert {point["subject"] for point in told["predictions"]} == {"conv", "mix", "head"}
    assert len(told["predictions"]) == 27
    assert told["anchors"] == 12
    shown = prunescope("show", study)
    assert "not measured" in shown.out
    assert "12 measured points" in shown.out
    stored = prunescope("show", study, "--json").json
    assert len(stored["predicted"]) == 27
    again = prunescope("sweep", "--study", study, "--mode", "look", "--limit", "10%")
    assert "passes of the dense network" in again.err
    assert "within" in again.out
    assert len(prunescope("show", study, "--json").json["predicted"]) == 27


def test_units_are_predicted_too(prunescope, tiny, tmp_path):
    asked = (
        "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s", "--mode", "look",
        "--methods", "l1@channel",
    )  # fmt: skip
    told = prunescope(*asked, "--json").json
    assert {point["subject"] for point in told["predictions"]} == {"conv", "mix"}
    said = prunescope(*asked).out
    assert "Units are predicted from the pruned answers to a few samples" in said


def test_recoveries_are_refused(prunescope, tiny, tmp_path):
    said = prunescope.refused(
        "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s", "--mode", "look",
        "--methods", "l1@channel", "--recovery", "ls",
    )  # fmt: skip
    assert "for mode look, but got" in said
