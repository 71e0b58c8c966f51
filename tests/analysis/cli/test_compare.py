"""``compare`` prints plans beside each other, for people and for programs."""


def test_compare_names_plans_and_where_they_differ(prunescope, residual_study):
    for share in ("0.8", "0.6"):
        prunescope(
            "plan", residual_study, "--target", f"macs={share}", "--save", "--name", f"m {share}",
            "--no-around",
        )  # fmt: skip
    found = prunescope("compare", residual_study, "--json").json
    assert [row["plan"] for row in found["plans"]] == ["m 0.6", "m 0.8"]
    first, second = found["plans"]
    assert first["macs"] < second["macs"]
    assert first["drop"] is None
    assert found["differences"]
    told = prunescope("compare", residual_study, "m 0.6")
    assert "m 0.6" in told.out
    assert "m 0.8" not in told.out
    assert "Closest: m 0.6" in prunescope.refused("compare", residual_study, "m 0.66")


def test_without_plans_it_says_how_to_make_one(prunescope, residual_study):
    assert "prunescope plan" in prunescope("compare", residual_study).out
