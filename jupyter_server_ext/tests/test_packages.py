"""Packages, as the front end asks for them: exported, looked at, checked, trusted, imported; and what is refused."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import shutil
import stat
import zipfile
from pathlib import Path

import pytest
from jupyter_server.auth.authorizer import Authorizer
from tornado.httpclient import HTTPClientError

from nbrewind.packages.form import BLOBS, MANIFEST, SEAL, sha256, to_json

KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SOURCES = (
    "import random",
    "large = random.Random(1).randbytes(200_000)",
    f"note = 'pushed with {KEY}'\nprint(note)",
    "print(open('in.csv').read())",
    "len(large)",
)


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """My folder of Jupyter's data, and the package that I made."""
    return tmp_path_factory.mktemp("mine")


@pytest.fixture
def notary(monkeypatch, mine, tmp_path):
    """A folder of Jupyter's data whose notary signs; call it to become somebody else."""

    def become(name):
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / name))

    monkeypatch.setenv("JUPYTER_DATA_DIR", str(mine))
    return become


@pytest.fixture
def note(book, jp_asyncio_loop, notary):
    """A notebook that has run, with a secret in it and a file that it reads."""
    made = book(*SOURCES)
    (made.file.parent / "in.csv").write_text("x\n1\n")

    async def run():
        await made.start()
        assert await made.run() == "ok"
        await made.saved()

    jp_asyncio_loop.run_until_complete(run())
    return made


@pytest.fixture
def job(api):
    """Start a job and wait for its end."""

    async def run(verb, **request):
        found = await api("POST", f"package/{verb}", request)
        while found["state"] == "running":
            await asyncio.sleep(0.05)
            found = await api("GET", f"package/jobs/{found['id']}")
        return found

    return run


@pytest.fixture
def package(note, job, jp_asyncio_loop, mine):
    """The notebook's package, made once: its API path."""
    made, target = mine / "made.zip", note.file.with_suffix(".nbrewind.zip")
    if made.exists():
        shutil.copy(made, target)
        return note.path.replace(".ipynb", ".nbrewind.zip")
    found = jp_asyncio_loop.run_until_complete(job("export", path=note.path))
    assert found["state"] == "done", found
    shutil.copy(target, made)
    return found["exported"]["path"]


def files(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(path, found):
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in found.items():
            archive.writestr(name, data)


async def test_nothing_is_recorded(book, job, store_dir):
    note = book("a = 1")
    for verb in ("preview", "export"):
        found = await job(verb, path=note.path)
        assert (found["state"], found["why"]) == ("failed", "unknown")
        assert found["reason"] == "nothing is recorded of this notebook yet"
    assert not store_dir.exists()
    assert os.listdir(note.file.parent) == ["note.ipynb"]


async def test_what_an_export_would_write(note, job):
    found = (await job("preview", path=note.path))["preview"]
    assert found["target"] == "folder/note.nbrewind.zip"
    assert found["embedded"] == "folder/note-reproducible.ipynb"
    kinds = {one["kind"]: one for one in found["kinds"]}
    assert kinds["contents"]["bytes"] > 200_000
    assert kinds["data"]["files"] == 2 and kinds["notebook"]["files"] == 1
    assert found["runs"] == 5 and found["left_out_count"] == len(found["left_out"])
    assert "value of note" in [one["where"] for one in found["secrets"]]
    assert KEY not in json.dumps(found)

    slim = (await job("preview", path=note.path, contents="slim"))["preview"]
    assert "large" in [one["what"] for one in slim["left_out"]]
    assert not [name for name in os.listdir(note.file.parent) if name.endswith(".zip")]


async def test_an_export_is_written_beside_the_notebook(note, job, refused, api, told):
    found = await job("export", path=note.path)
    assert found["state"] == "done"
    exported = found["exported"]
    assert exported["path"] == "folder/note.nbrewind.zip"
    file = note.file.with_name("note.nbrewind.zip")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert file.stat().st_size == exported["packed"]
    assert all(KEY.encode() not in data for data in files(file).values())
    events = await told.wait("urn:nbrewind:package", 2)
    assert (events[-1]["path"], events[-1]["job"]) == (note.path, found["id"])

    request = {"path": note.path, "target": exported["path"]}
    assert "already" in await refused(api("POST", "package/export", request), 400, "request")
    again = await job("export", path=note.path)
    assert again["exported"]["path"] == "folder/note-2.nbrewind.zip"
    assert file.read_bytes() == note.file.with_name("note-2.nbrewind.zip").read_bytes()

    assert (await api("POST", f"package/jobs/{found['id']}", {"action": "cancel"}))["state"] == "done"
    await refused(api("GET", "package/jobs/0123456789ab"), 404, "unknown")


async def test_an_export_with_files_for_containers(note, job):
    plain = (await job("preview", path=note.path))["preview"]
    file = note.file.with_name("note.nbrewind.zip")
    assert (await job("export", path=note.path, container=True))["state"] == "done"
    found = {name: len(data) for name, data in files(file).items() if name.startswith("compute/")}
    assert {"compute/Containerfile", "compute/apptainer.def"} < found.keys()
    assert plain["container"] == sum(found.values()) - found["compute/compute.yml"]


async def test_an_export_into_a_notebook(note, job, api, refused):
    exported = (await job("export", path=note.path, contents="full", embed=True))["exported"]
    assert exported["path"] == "folder/note-reproducible.ipynb" and exported["contents"] == "slim"
    file = note.file.with_name("note-reproducible.ipynb")
    assert exported["packed"] == file.stat().st_size
    assert "".join(json.loads(file.read_text())["cells"][0]["source"]) == SOURCES[0]
    looked = await api("GET", "package", path=exported["path"])
    assert looked["trust"] == "own" and looked["notebook"] == "note.ipynb"
    for request, words in (
        ({"target": "folder/a.zip"}, "must end in .ipynb"),
        ({"container": True}, "into a package, not into a notebook"),
    ):
        asked = api("POST", "package/export", {"path": note.path, "embed": True, **request})
        assert words in await refused(asked, 400, "request")


async def test_an_export_that_is_cancelled_leaves_nothing(note, api):
    found = await api("POST", "package/export", {"path": note.path})
    ended = await api("POST", f"package/jobs/{found['id']}", {"action": "cancel"})
    assert ended["state"] == "cancelled"
    assert sorted(os.listdir(note.file.parent)) == ["in.csv", "note.ipynb"]


@pytest.mark.parametrize(
    "target", ["../out.zip", "/../../out.zip", "folder/../../out.zip", ".hidden/out.zip", "no/out.zip"]
)
async def test_exports_go_where_the_contents_are(note, api, refused, target):
    await refused(api("POST", "package/export", {"path": note.path, "target": target}), 404, "unknown")


async def test_an_export_is_a_zip(note, api, refused):
    request = {"path": note.path, "target": "folder/in.csv"}
    assert "must end in .zip" in await refused(api("POST", "package/export", request), 400, "request")


@pytest.mark.parametrize("path", ["../a.zip", "no.zip", "folder", ".hidden.zip", "/etc/passwd"])
async def test_packages_lie_where_the_contents_are(note, api, refused, jp_root_dir, path):
    (jp_root_dir / ".hidden.zip").write_bytes(b"PK")
    await refused(api("GET", "package", path=path), 404, "unknown")
    for verb in ("verify", "trust", "import"):
        await refused(api("POST", f"package/{verb}", {"path": path, "id": "0" * 64}), 404, "unknown")


async def test_what_is_in_a_package(package, api, notary):
    found = await api("GET", "package", path=package)
    assert found["trust"] == "own" and found["imported"] == ""
    assert [one["kind"] for one in found["signatures"]] == ["notary"]
    assert found["notebook"] == "note.ipynb"
    assert found["data"] == [{"path": "in.csv", "bytes": 4, "inside": True, "url": ""}]
    cells = found["cells"]
    assert [cell["answers"] for cell in cells] == [False, True, False, True, True]
    assert "imports" in cells[0]["reason"] and "secret" in cells[2]["reason"]
    assert cells[3]["outputs"][0]["text"] == "x\n1\n\n" and cells[3]["files"] == ["in.csv"]
    assert cells[4]["reads"] == ["large"]

    notary("somebody else")
    found = await api("GET", "package", path=package)
    assert (found["trust"], found["signatures"][0]["valid"]) == ("untrusted", False)


async def test_nothing_answers_before_trust(package, note, api, job, notary, book, jp_root_dir, store_dir):
    await note.stop()
    (store_dir).rename(store_dir.with_name("of the sender"))
    notary("somebody else")
    found = await api("GET", "package", path=package)
    assert not store_dir.exists()
    first = (await job("import", path=package, id=found["id"]))["imported"]
    assert (first["notebook"], first["trust"], first["answers"]) == ("folder/note/note.ipynb", "untrusted", False)
    place = jp_root_dir / "folder" / "note"
    assert sorted(os.listdir(place)) == ["in.csv", "note.ipynb"]
    assert {stat.S_IMODE((place / name).stat().st_mode) for name in os.listdir(place)} == {0o600}
    assert (await api("GET", "history", path=first["notebook"]))["checkpoints"] == []

    trusted = await job("trust", path=package, id=found["id"])
    assert trusted["trusted"]["notebooks"] == ["folder/note/note.ipynb"]
    assert len((await api("GET", "history", path=first["notebook"]))["checkpoints"]) == 5
    found = await api("GET", "package", path=package)
    assert (found["trust"], found["imported"]) == ("trusted", first["notebook"])
    # What was written before stays as it is, also when it was edited since.
    (place / "note.ipynb").write_text((place / "note.ipynb").read_text().replace("len(large)", "len(large) + 1"))
    again = (await job("import", path=package, id=found["id"]))["imported"]
    assert (again["notebook"], again["files"], again["answers"]) == (first["notebook"], 0, True)


async def test_a_folder_that_is_taken_stays_as_it_is(package, api, job, note):
    taken = note.file.with_name("note")
    taken.mkdir()
    (taken / "note.ipynb").write_text("mine")
    found = await api("GET", "package", path=package)
    made = (await job("import", path=package, id=found["id"]))["imported"]
    assert made["notebook"] == "folder/note-2/note.ipynb" and made["answers"]
    assert (taken / "note.ipynb").read_text() == "mine"


async def test_another_package_than_the_one_that_was_looked_at(package, job):
    for verb in ("trust", "import"):
        found = await job(verb, path=package, id="0" * 64)
        assert (found["state"], found["why"]) == ("failed", "moved")
        assert "open it again" in found["reason"]


async def test_a_forged_package(package, api, job, refused, notary, note, store_dir, tmp_path):
    """Its contents are others, with a pickle that would leave a trace: that is said, and nothing is written."""
    notary("somebody else")
    whole = files(note.file.with_name("note.nbrewind.zip"))
    canary = tmp_path / "fired"
    evil = pickle.dumps(_Canary(str(canary)))
    name = max((one for one in whole if one.startswith(BLOBS)), key=lambda one: len(whole[one]))
    forged = {**whole, name: evil.ljust(len(whole[name]), b".")}
    pack(note.file.with_name("forged.nbrewind.zip"), forged)
    before = sorted(os.listdir(note.file.parent))
    found = await api("GET", "package", path="folder/forged.nbrewind.zip")
    for verb in ("verify", "trust", "import"):
        ended = await job(verb, path="folder/forged.nbrewind.zip", id=found["id"])
        assert (ended["state"], ended["why"]) == ("failed", "package"), ended
        assert ended["reason"].startswith("folder/forged.nbrewind.zip is no package that can be used"), ended
        assert "does not have the digest of its name" in ended["reason"]
    assert (await api("GET", "package", path="folder/forged.nbrewind.zip"))["trust"] == "untrusted"
    assert sorted(os.listdir(note.file.parent)) == before and not canary.exists()


class _Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


@pytest.mark.parametrize("kind", ["text", "another seal", "cut"])
async def test_what_is_no_package(package, api, refused, note, kind):
    whole = files(note.file.with_name("note.nbrewind.zip"))
    place = note.file.with_name("bad.nbrewind.zip")
    if kind == "text":
        place.write_text("no zip")
    elif kind == "cut":
        place.write_bytes(note.file.with_name("note.nbrewind.zip").read_bytes()[:-100])
    else:
        manifest = {**json.loads(whole[MANIFEST]), "notebook": "workflow/other.ipynb"}
        pack(place, {**whole, MANIFEST: to_json(manifest)})
        assert sha256(to_json(manifest)) not in whole[SEAL].decode()
    message = await refused(api("GET", "package", path="folder/bad.nbrewind.zip"), 422, "package")
    assert message.startswith("folder/bad.nbrewind.zip is no package") and "\n" not in message


async def test_hidden_data_is_not_written(package, api, job, note, jp_serverapp, notary):
    """What the contents API would not show must not come by a package."""
    found = await job("verify", path=package)
    assert found["verified"]["id"]
    note.cells["cell-3"] = "print(open('.hidden').read())"
    (note.file.parent / ".hidden").write_text("x")
    await note.run("cell-3")
    await note.saved()
    exported = (await job("export", path=note.path, target="folder/hidden.zip"))["exported"]
    id_ = (await api("GET", "package", path=exported["path"]))["id"]
    ended = await job("import", path=exported["path"], id=id_)
    assert ended["state"] == "failed" and "writes no hidden files" in ended["reason"]
    assert not note.file.with_name("hidden").exists()


class Only(Authorizer):
    """Permits all but some resources."""

    refused: frozenset[tuple[str, str]] = frozenset()

    def is_authorized(self, handler, user, action, resource):
        """Refuse some."""
        return (action, resource) not in self.refused


@pytest.mark.parametrize(
    ("verb", "needs"),
    [
        ("preview", ("read", "contents")),
        ("export", ("write", "contents")),
        ("verify", ("read", "contents")),
        ("trust", ("execute", "kernels")),
        ("import", ("write", "contents")),
    ],
)
async def test_other_permissions(package, api, jp_serverapp, verb, needs, monkeypatch):
    monkeypatch.setattr(Only, "refused", frozenset({needs}))
    jp_serverapp.web_app.settings["authorizer"] = Only(parent=jp_serverapp)
    with pytest.raises(HTTPClientError) as error:
        await api("POST", f"package/{verb}", {"path": package})
    assert error.value.code == 403


async def test_keys_that_sign(note, job, monkeypatch, tmp_path, api):
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    for name, phrase in (("id_open", ""), ("id_locked", "a long phrase")):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", phrase, "-C", "", "-f", str(home / ".ssh" / name)]
        await (await asyncio.create_subprocess_exec(*command)).wait()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    [key] = (await job("preview", path=note.path))["preview"]["keys"]
    assert key["name"] == "id_open" and key["fingerprint"].startswith("SHA256:")
    exported = (await job("export", path=note.path, key="id_open"))["exported"]
    signers = (await api("GET", "package", path=exported["path"]))["signatures"]
    assert [one["kind"] for one in signers] == ["notary", "ssh"]
    assert key["fingerprint"] in signers[1]["who"] and signers[1]["valid"]
    ended = await job("export", path=note.path, key="id_locked")
    assert "no SSH key id_locked" in ended["reason"]
    assert Path(note.file.parent, "note-2.nbrewind.zip").exists() is False
