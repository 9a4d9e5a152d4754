from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="needs the train extra: pip install '.[train]'")
pytest.importorskip("nbclient", reason="needs the notebook extra: pip install '.[notebook]'")

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat

pytestmark = pytest.mark.slow

NOTEBOOK = Path(__file__).parents[2] / "examples" / "train_colab.ipynb"


def test_it_has_ten_cells_and_shows_nothing_of_anybody() -> None:
    """No outputs are committed: they would hold photos of people and folders of a machine."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    nbformat.validate(notebook)
    assert len(notebook.cells) == 10
    for cell in notebook.cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None
    assert not re.search(r"/(home|root|Users|tmp|work)/", NOTEBOOK.read_text())


def test_it_runs_from_the_data_to_the_detector(tmp_path: Path) -> None:
    executed = tmp_path / "executed.ipynb"
    script = (
        "import sys, nbformat; from nbclient import NotebookClient\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "NotebookClient(notebook, timeout=300, kernel_name='python3').execute()\n"
        "nbformat.write(notebook, sys.argv[2])\n"
    )

    finished = subprocess.run(
        [sys.executable, "-c", script, str(NOTEBOOK), str(executed)],
        env=os.environ | {"KILOMARK_NOTEBOOK_TINY": "1", "KILOMARK_NOTEBOOK_WORK": str(tmp_path)},
        capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip

    assert finished.returncode == 0, finished.stderr
    said = _outputs(executed)
    assert "nothing is wrong with them" in said[4]
    assert "31 photos train, 9 validate" in said[5]
    assert re.search(r"128 photos seen: \d+\.\d\d px²", said[7])
    assert '"mse_px2"' in said[8]
    assert "8 photos -> " in said[9]
    assert said[9].count("<image>") == 1


def _outputs(path: Path) -> list[str]:
    """What each cell printed and displayed."""
    cells = nbformat.read(path, as_version=4).cells
    return [
        "".join(
            output.get("text", "") + ("<image>" if "image/png" in output.get("data", {}) else "")
            for output in cell.get("outputs", ())
        )
        for cell in cells
    ]
