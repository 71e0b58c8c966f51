"""What a killed run left is finished, and nothing outside the export's folder is touched."""

from pathlib import Path

from prunescope.export.install import finish_install


def test_a_folder_that_somebody_sent_removes_nothing_outside_it(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine")
    folder = tmp_path / "export"
    ready = folder / ".ready"
    ready.mkdir(parents=True)
    (folder / "old.onnx").write_text("old")
    (ready / ".stale").write_text(f"../mine.txt\n{mine}\nold.onnx\n")
    (ready / "new.onnx").write_text("new")
    finish_install(folder)
    assert mine.exists()
    assert sorted(each.name for each in folder.iterdir() if not each.name.startswith(".")) == [
        "new.onnx"
    ]
    assert not ready.exists()
