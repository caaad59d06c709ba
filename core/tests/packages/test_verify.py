"""Who has made a package, and whether a new run of it gives what it shows."""

from __future__ import annotations

import base64
import io
import shutil
import subprocess

import nbformat
import pytest
from cli_tools import Place
from package_tools import files, pack, resealed

from nbrewind.driver.side_by_side import MARK

PICTURE = """
from IPython.display import display
from PIL import Image
display(Image.new("RGB", (20, 10), (255, 0, 0)), include=["image/png", "text/plain"])
"""


def _picture(colour: tuple[int, int, int]) -> str:
    file = io.BytesIO()
    pytest.importorskip("PIL.Image").new("RGB", (20, 10), colour).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def test_it_is_run_again_beside_and_compared(received: Place, stranger) -> None:
    answer = received("verify", "a.zip", "--repeat", "--json", **stranger)
    assert answer.code == 0 and answer.json["differences"] == [] and answer.json["trust"] == "untrusted", answer
    assert sorted(path.name for path in received.folder.iterdir()) == ["a.zip"], "nothing is left, and nothing recorded"


def test_what_comes_out_otherwise_is_told(received: Place, stranger) -> None:
    found = files(received.folder / "a.zip")
    notebook = nbformat.reads(found["workflow/a.ipynb"].decode(), as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells["use"].outputs[0].text = "[0, 1, 2]\n"
    cells["last"].source = PICTURE
    shown = {"image/png": _picture((0, 0, 255)), "text/plain": "<PIL.Image.Image image mode=RGB size=20x10>"}
    cells["last"].outputs = [nbformat.v4.new_output("display_data", data=shown)]
    found["workflow/a.ipynb"] = nbformat.writes(notebook).encode()
    pack(received.folder / "b.zip", resealed(found))
    answer = received("verify", "b.zip", "--repeat", "--json", **stranger)
    use, last = answer.json["differences"]
    assert answer.code == 1 and (use["cell"], last["cell"]) == ("use", "last"), answer
    assert "2 cells came out otherwise" in answer.line()
    assert not (received.folder / "b").exists()
    assert "picture" not in use and last["what"].startswith("picture: 200 of 200 pixels"), last
    assert last["picture"] == "b-differences/cell-10.png"
    with pytest.importorskip("PIL.Image").open(received.folder / last["picture"]) as drawn:
        assert drawn.size == (3 * 20 + 4 * 10, 10 + 20 + 10)
        assert [drawn.getpixel((at, 25)) for at in (15, 45, 75)] == [(0, 0, 255), (255, 0, 0), MARK]


def test_a_cell_declares_by_how_much_its_numbers_may_differ(received: Place, stranger) -> None:
    found = files(received.folder / "a.zip")
    notebook = nbformat.reads(found["workflow/a.ipynb"].decode(), as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    cells["use"].outputs[0].text = "[0, 6, 12.01]\n"
    cells["use"].metadata["nbrewind"]["tolerance"] = {"rtol": 0.01}
    cells["last"].outputs[-1].data["text/plain"] = "300000.5"
    cells["last"].metadata["nbrewind"]["tolerance"] = {"rtol": 1e-9}
    found["workflow/a.ipynb"] = nbformat.writes(notebook).encode()
    pack(received.folder / "b.zip", resealed(found))
    answer = received("verify", "b.zip", "--repeat", "--json", **stranger)
    verdicts = {one["cell"]: (one["verdict"], one["what"]) for one in answer.json["cells"]}
    assert answer.code == 1 and [one["cell"] for one in answer.json["differences"]] == ["last"], answer
    assert verdicts["use"] == ("close", "stdout: 1 number differs, at most 12 for 12.01 (0.00083 of it)")
    assert verdicts["last"][0] == "differs" and "300000, recorded was 300000.5" in verdicts["last"][1]
    assert {verdict for name, (verdict, _) in verdicts.items() if name not in ("use", "last")} == {"same"}
    shown = received("verify", "b.zip", "--repeat", **stranger).out.splitlines()
    assert shown[0].split() == ["cell", "run", "again", "code"] and len(shown) == 1 + len(verdicts) + 2
    assert "within tolerance" in "".join(shown)

    cells["use"].metadata["nbrewind"]["tolerance"] = {"rtol": -1}
    found["workflow/a.ipynb"] = nbformat.writes(notebook).encode()
    pack(received.folder / "c.zip", resealed(found))
    answer = received("verify", "c.zip", "--repeat", **stranger)
    assert answer.code == 2 and "cell 5: metadata.nbrewind.tolerance: Expected `float` >= 0.0" in answer.line()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="there is no ssh-keygen")
def test_a_signature_with_an_ssh_key(sent: Place, received: Place, stranger) -> None:
    key = received.folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(key)], check=True)
    target = str(received.folder / "s.zip")
    assert sent("export", "a.ipynb", "-o", target, "--sign", str(key)).code == 0
    shown = subprocess.run(["ssh-keygen", "-l", "-f", str(key)], check=True, capture_output=True, text=True).stdout
    signed = {one["kind"]: one for one in received("inspect", "s.zip", "--json", **stranger).json["signatures"]}
    assert signed["ssh"]["valid"] and signed["ssh"]["who"].split()[1] == shown.split()[1]
    assert not signed["notary"]["valid"]
    assert received("inspect", "s.zip", "--json", **stranger).json["trust"] == "untrusted", (
        "a key alone decides nothing"
    )
    found = files(received.folder / "s.zip")
    other = resealed({**found, "software/requirements.txt": b"evil\n"})
    other["nbrewind/signatures/ssh"] = found["nbrewind/signatures/ssh"]
    pack(received.folder / "t.zip", other)
    signed = {one["kind"]: one for one in received("inspect", "t.zip", "--json", **stranger).json["signatures"]}
    assert not signed["ssh"]["valid"]
    assert sent("export", "a.ipynb", "-o", target, "--sign", "nowhere").code == 2


def test_trust_after_the_import_brings_the_records(received: Place, stranger) -> None:
    assert received("import", "a.zip", "work", **stranger).code == 0
    before = received("repeat", "work/a.ipynb", "--dry-run", "--json", **stranger)
    assert {step["action"] for step in before.json["steps"]} == {"run"}
    answer = received("trust", "a.zip", "--json", **stranger)
    assert answer.code == 0 and answer.json["runs"] == 9 and len(answer.json["notebooks"]) == 1, answer
    after = received("repeat", "work/a.ipynb", "--dry-run", "--json", **stranger)
    assert {step["cell"] for step in after.json["steps"] if step["action"] == "run"} == {"imports", "function"}
