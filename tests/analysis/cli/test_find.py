"""``sweep --mode find`` and ``certify``: what the terminal, ``show`` and JSON say."""

import json


def test_found_sparsities_are_told_and_shown(prunescope, tiny, tmp_path):
    study = tmp_path / "s"
    asked = ("--study", study, "--sparsities", "0.1:0.9:0.1", "--methods", "magnitude,l1@channel")
    told = prunescope(
        "sweep", tiny.model, "--data", tiny.data, *asked, "--mode", "certify", "--limit", "10%",
        "--json",
    )  # fmt: skip
    answers = told.json["answers"]
    assert {answer["subject"] for answer in answers} == {"conv", "mix", "head"}
    assert all(answer["samples"] == answer["population"] == 60 for answer in answers)
    assert all(answer["certified"] == answer["sparsity"] for answer in answers)
    shown = prunescope("show", study)
    assert "Largest sparsity within" in shown.out
    assert "certain" in shown.out
    assert "No curves yet" not in shown.out
    assert prunescope("show", study, "--json").json["largest"] == answers
    again = prunescope("sweep", *asked, "--mode", "find", "--limit", "0.2")
    assert "points looked at" in again.err
    limits = {one["limit"] for one in prunescope("show", study, "--json").json["largest"]}
    assert len(limits) == 2
    assert json.dumps(answers)  # without NaN, which JSON has not


def test_what_a_search_cannot_heed_is_refused(prunescope, tiny, tmp_path):
    asked = ("sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s", "--mode", "find")
    for more in (("--tolerance", "0.01"), ("--familywise",), ("--no-monotone",)):
        assert "a limit alone for mode find" in prunescope.refused(*asked, *more)
    assert not (tmp_path / "s").exists()
    assert "whole curves for mode find" in prunescope.refused(*asked, "--shard", "1/2")


def test_a_later_search_of_another_grid_counts(prunescope, tiny, tmp_path):
    study = tmp_path / "s"

    def largest(*asked):
        prunescope("sweep", tiny.model, "--data", tiny.data, "--study", study, *asked)
        return {a["subject"]: a for a in prunescope("show", study, "--json").json["largest"]}

    limit = ("--limit", "1.0")  # nothing is past it
    first = largest("--mode", "certify", "--sparsities", "0.3,0.5", *limit)
    assert {answer["sparsity"] for answer in first.values()} == {0.5}
    then = largest("--mode", "find", "--sparsities", "0.3,0.4", *limit)
    assert {answer["sparsity"] for answer in then.values()} == {0.4}
    assert {answer["certified"] for answer in then.values()} == {0.5}  # what was certain stays so


def test_a_set_metric_is_one_sentence(prunescope, tiny, tmp_path):
    said = prunescope.refused(
        "sweep", tiny.model, "--data", tiny.data, "--study", tmp_path / "s",
        "--metric", "balanced-accuracy", "--mode", "find",
    )  # fmt: skip
    assert "a metric of single samples" in said
    assert "mode exact" in said
