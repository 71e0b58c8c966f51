"""A manifest from somebody else: its version is told by name, and its parts must fit."""

import json
from dataclasses import replace

import pytest

from prunescope.errors import DamagedFile, ForeignStudy
from prunescope.store.folder import StudyFolder
from prunescope.study.summaries import GroupSummary, MacTerm, MemberSummary
from tests.analysis.store.rows import manifest


def edited(folder, **changes):
    StudyFolder.create(folder, manifest())
    path = folder / "study.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return folder


@pytest.mark.parametrize(
    ("version", "step"),
    [(2, "Install the version of Prunescope that made it"), (0, "Sweep into a new folder")],
)
@pytest.mark.parametrize("layers", ["known", "unknown"])
def test_another_version_is_named(tmp_path, version, step, layers):
    more = {} if layers == "known" else {"layers": {"a": 1}}
    folder = edited(tmp_path / "s", schema=version, **more)
    with pytest.raises(ForeignStudy, match=rf"schema 1, but it has schema {version}, .*{step}\."):
        StudyFolder.open(folder)


MEMBER = MemberSummary("fc.weight", "fc", 0, "producer", 1)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"tensors": (), "mac_terms": (MacTerm(6, "fc.weight"),)}, "it lists no tensors"),
        ({"layers": manifest().layers * 2}, "the layer 'fc' stands twice"),
        ({"layers": (replace(manifest().layers[0], parameters=7),)}, r"has 7 weights in \(2, 3\)"),
        ({"parameters": -1}, "it counts -1 of something"),
        ({"macs": 10**30}, "at macs|it counts 1"),
        ({"mac_terms": (MacTerm(6, None, (("g", 1.0),)),)}, "of a group that it does not have"),
        ({"groups": (GroupSummary("g", "channel", 0, (MEMBER,)),)}, "the group 'g' has 0 units"),
        ({"groups": (GroupSummary("g", "channel", 2, (replace(MEMBER, dimension=9),)),)},
         r"the group 'g' has no dimension of 'fc\.weight'"),
        ({"fingerprint": ""}, "it has no fingerprint"),
    ],
)  # fmt: skip
def test_parts_that_do_not_fit_are_damage(tmp_path, change, match):
    StudyFolder.create(tmp_path / "s", replace(manifest(), **change))
    with pytest.raises(DamagedFile, match=match):
        StudyFolder.open(tmp_path / "s")


def test_a_group_that_stays_whole_needs_no_units_and_no_parameter(tmp_path):
    """As an output has it that is read through a reshape or a mean."""
    output = GroupSummary("g", "channel", 0, (replace(MEMBER, parameter=""),))
    stays = replace(manifest(), groups=(replace(output, reason="read"),))
    StudyFolder.create(tmp_path / "s", stays)
    assert StudyFolder.open(tmp_path / "s").manifest.groups[0].reason == "read"
    StudyFolder.create(tmp_path / "t", replace(manifest(), groups=(output,)))
    with pytest.raises(DamagedFile, match="the group 'g' has 0 units"):
        StudyFolder.open(tmp_path / "t")
