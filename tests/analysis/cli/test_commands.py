"""inspect, sweep, show and verify, as people and scripts use them."""

import json
import math

import pytest

from prunescope.cli.terminal import print_json
from prunescope.store.folder import StudyFolder
from prunescope.study.plan import Choice, Plan
from prunescope.text.numbers import exact
from prunescope.text.units import bytes_


def sweep(prunescope, tiny, folder, *more):
    return prunescope("sweep", tiny.model, "--data", tiny.data, "--study", folder, *more)


def test_inspect_prints_a_table(prunescope, tiny_file):
    result = prunescope("inspect", f"{tiny_file}:build", "--shape", "1,6,6")
    assert result.code == 0
    for word in ("conv", "mix", "head", "conv2d", "linear", "6×4×3×3", "MACs", "337 parameters"):
        assert word in result.out
    assert result.err == ""
    # one channel of conv: its 10 parameters, and 6 filters of 9 that read it
    assert "conv 4 channels 64 " in " ".join(result.out.split())
    assert "made by conv (0); read by mix (1)" in result.out
    assert "Not prunable, because it is read as the network's output: head." in result.out


def test_inspect_as_json_has_the_same_numbers(prunescope, tiny_file):
    found = prunescope(
        "inspect", f"{tiny_file}:build", "--data", f"{tiny_file}:splits", "--json"
    ).json
    assert found["macs"] == 36 * 36 + 4 * 6 * 36 + 24 * 3
    assert found["parameters"] == 40 + 222 + 75
    assert [layer["name"] for layer in found["layers"]] == ["conv", "mix", "head"]
    assert found["problem"] is None
    one, half = found["groups"][0], found["halves"]["conv"]
    assert (one["name"], one["unit_parameters"], one["unit_bytes"]) == ("conv", 64, 256)
    assert (half["parameters"], half["bytes"], half["macs"]) == (128, 512, 2 * (9 * 36 + 6 * 9 * 4))
    assert found["everywhere"]["parameters"] < sum(
        h["parameters"] for h in found["halves"].values()
    )


def test_a_sweep_and_its_curves(prunescope, tiny, tmp_path):
    first = sweep(prunescope, tiny, tmp_path / "s", "--sparsities", "0.3:0.9:0.3", "--json")
    told = {"seconds", "processor", "forecast", "macs_bound", "paces"}
    assert {name: first.json[name] for name in first.json if name not in told} == {
        "wanted": 9, "measured": 9, "missing": 0, "refused": [], "damaged": [], "left_out": [],
        "partial": 0, "samples": 9 * 60, "macs": 9 * 60 * (36 * 36 + 4 * 6 * 36 + 24 * 3),
        "executed": first.json["executed"], "bound": first.json["bound"], "begun": 0,
        "computed_on": "cpu fp32", "precision": None, "exchange": None,
    }  # fmt: skip
    assert first.err == ""
    assert first.json["executed"] <= first.json["macs_bound"]
    assert 0 < first.json["executed"] < 1.1 * first.json["bound"] < 2 * first.json["macs"]
    again = sweep(prunescope, tiny, tmp_path / "s", "--sparsities", "0.3:0.9:0.3")
    assert "0 points measured, 9 known before, 0 left." in again.err
    more = prunescope("sweep", "--study", tmp_path / "s", "--sparsities", "0.3,0.5")
    assert "3 points measured, 3 known before, 0 left." in more.err

    shown = prunescope("show", tmp_path / "s", "--json").json
    assert [curve["subject"] for curve in shown["curves"]] == ["conv", "mix", "head"]
    for curve in shown["curves"]:
        assert [point["sparsity"] for point in curve["points"]][-4:] == [0.3, 0.5, 0.6, 0.9]
        for point in curve["points"]:
            assert point["low"] <= point["drop"] <= point["high"]
            assert point["drop"] == pytest.approx(shown["baseline"] - point["score"])
    table = prunescope("show", tmp_path / "s")
    assert table.code == 0
    assert "conv" in table.out
    assert "0.9" in table.out


def test_a_study_alone_has_its_own_data_and_metric(prunescope, tiny, tmp_path):
    study, rest = tmp_path / "s", ("--methods", "magnitude", "--sparsities", "0.5")
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", study, *rest)
    for option, value in (("--metric", "top-5"), ("--weights", "w.pt")):
        said = prunescope.refused("sweep", "--study", study, option, value, *rest)
        assert f"Expected the study's own {option} (" in said
        assert value in said
    assert prunescope.refused("sweep", "--study", study, "--random", *rest)
    assert "other.npz" in prunescope.refused(
        "sweep", "--study", study, "--data", "other.npz", *rest
    )


def test_data_may_lie_elsewhere_and_must_be_the_same(prunescope, tiny, tiny_file, tmp_path):
    study, rest = tmp_path / "s", ("--methods", "magnitude", "--sparsities", "0.5")
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", study, *rest)
    moved = tmp_path / "moved.py"
    moved.write_text(tiny_file.read_text().replace("manual_seed(7)", "manual_seed(8)"))
    said = prunescope.refused("sweep", "--study", study, "--data", f"{moved}:splits", *rest)
    assert "but its data differ" in said
    moved.write_text(tiny_file.read_text())
    tiny_file.unlink()
    assert prunescope("sweep", "--study", study, "--data", f"{moved}:splits", *rest).code == 0
    assert StudyFolder.open(study).manifest.reference.data == f"{moved}:splits"
    assert prunescope("sweep", "--study", study, *rest).code == 0


def test_its_own_metric_may_be_named(prunescope, tiny, tmp_path):
    study, rest = tmp_path / "s", ("--methods", "magnitude", "--sparsities", "0.5")
    prunescope("sweep", tiny.model, "--data", tiny.data, "--study", study, *rest)
    assert prunescope("sweep", "--study", study, "--metric", "top-1", *rest).code == 0


def test_a_sweep_says_what_it_costs_and_keeps_to_mode_and_budget(prunescope, tiny, tmp_path):
    decided = sweep(prunescope, tiny, tmp_path / "s", "--mode", "decide", "--limit", "0.9")
    assert "27 points on up to 60 samples" in decided.err
    assert "grows by at most 63.7 kB" in decided.err
    none = sweep(prunescope, tiny, tmp_path / "t", "--budget", "0.000001s", "--json").json
    assert (none["measured"], none["missing"]) == (0, 27)
    for wrong in (("--budget", "soon"), ("--mode", "quick"), ("--tolerance", "5")):
        assert "Expected" in sweep(prunescope, tiny, tmp_path / "u", *wrong).err
    assert not (tmp_path / "u").exists()


def test_units_that_stay_come_in_multiples_and_groups_that_cannot_are_named(
    prunescope, tiny, tmp_path
):
    rounded = ("--methods", "l1@channel", "--sparsities", "0.25:0.75:0.25", "--round", "4")
    result = sweep(prunescope, tiny, tmp_path / "s", *rounded)
    assert "1 point measured" in result.err  # of mix 4 of 6 stay, whatever is asked
    assert "No point: conv has 4 channels, too few to remove any and keep a multiple of 4." in (
        result.err
    )
    (row,) = StudyFolder.open(tmp_path / "s").measured().to_dict("records")
    assert (row["subject"], row["removed"], row["total"]) == ("mix", 2, 6)
    assert row["sparsity"] == round(2 / 6, 4)
    again = sweep(prunescope, tiny, tmp_path / "s", *rounded, "--json").json
    assert (again["wanted"], again["measured"], len(again["left_out"])) == (1, 0, 1)


def test_random_is_measured_with_three_seeds_and_shown_as_one(prunescope, tiny, tmp_path):
    sweep(prunescope, tiny, tmp_path / "s", "--methods", "random", "--sparsities", "0.5")
    rows = StudyFolder.open(tmp_path / "s").measured()
    assert sorted(rows[rows["subject"] == "mix"]["seed"]) == [0, 1, 2]
    table = prunescope("show", tmp_path / "s").out
    assert table.count("random, mean of 3") == 3  # one line for each of the three layers
    mean = 100 * rows[rows["subject"] == "mix"]["drop_sum"].mean() / 60
    assert f"{mean:.1f}±" in next(line for line in table.splitlines() if " mix " in line)


def test_verify_measures_a_plan(prunescope, tiny, tmp_path):
    sweep(prunescope, tiny, tmp_path / "s", "--sparsities", "0.5")
    study = StudyFolder.open(tmp_path / "s")
    plan = Plan("half", study.manifest.fingerprint, {"mix": Choice("magnitude", 0.5)})
    path = study.save_plan(plan)
    row = prunescope("verify", tmp_path / "s", "half", "--json").json
    measured = study.measured().set_index("subject").loc["mix"]
    assert row["removed"] == measured["removed"] == 108
    assert row["drop_sum"] == measured["drop_sum"]
    assert row["samples"] == 60
    printed = prunescope("verify", tmp_path / "s", path, "--split", "test")
    assert "on 30 test samples" in printed.out
    assert "108 weights removed" in printed.out
    assert "study.json" in prunescope.refused("verify", tmp_path, "half")
    assert "Closest: half" in prunescope.refused("verify", tmp_path / "s", "hlaf")
    assert "Closest: test" in prunescope.refused(
        "verify", tmp_path / "s", "half", "--split", "tset"
    )
    study.save_plan(Plan("theirs", "other", {"mix": Choice("magnitude", 0.5)}))
    refused = prunescope.refused("verify", tmp_path / "s", "theirs")
    assert "'theirs' to be made for this study's weights and data" in refused


def test_usage_errors_exit_with_2(prunescope, tmp_path):
    for arguments in (("sweep",), ("inspect",), ("sweeep",), ("sweep", "--stuby", tmp_path)):
        result = prunescope(*arguments)
        assert result.code == 2, arguments
        assert "Traceback" not in result.err


def test_an_unexpected_error_keeps_its_traceback_in_a_file(
    prunescope, monkeypatch, tmp_path, capsys
):
    def fail(*args):
        raise ZeroDivisionError("oops [1, 2]")

    monkeypatch.setattr("prunescope.bench.inspection.inspect_model", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    result = prunescope("inspect", "sample:mlp")
    assert result.code == 1
    assert "ZeroDivisionError: oops [1, 2]" in result.err
    assert "Traceback" not in result.err
    (log,) = tmp_path.glob("prunescope-*.log")
    assert "Traceback" in log.read_text()


@pytest.mark.parametrize("text", ["a [0, 1] b", "[bold]x[/bold]", "tensor([1.])", r"C:\[x]", "[/]"])
def test_errors_are_printed_as_they_are(prunescope, monkeypatch, text):
    from prunescope.errors import BadValue

    def fail(*args):
        raise BadValue(f"Expected {text}")

    monkeypatch.setattr("prunescope.bench.inspection.inspect_model", fail)
    assert prunescope("inspect", "sample:mlp").err.strip() == f"prunescope: Expected {text}"


def test_json_knows_no_nan(capsys):
    print_json({"a": math.nan, "b": [math.inf, 1.5], "c": {"d": (-math.inf,)}, "long": "x" * 500})
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found == {"a": None, "b": [None, 1.5], "c": {"d": [None]}, "long": "x" * 500}


def test_numbers_read_well():
    assert exact(1234567) == "1,234,567"
    assert [bytes_(n) for n in (0, 999, 1000, 1_500_000, 2_000_000_000)] == [
        "0 B", "999 B", "1 kB", "1.5 MB", "2 GB",
    ]  # fmt: skip


def test_interrupting_exits_with_130(prunescope, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr("prunescope.bench.inspection.inspect_model", interrupt)
    result = prunescope("inspect", "sample:mlp")
    assert result.code == 130
    assert "the same command goes on from there" in result.err
