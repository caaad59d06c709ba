"""Both wheels, in clean environments that have no Node."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from .conftest import ROOT, Environment, copy_project, run

KERNELSPECS = {"nbrewind-audit": "Python 3 (audit)", "nbrewind-repeat": "Python 3 (repeat)"}
START = """
import sys
from jupyter_client.manager import KernelManager

# Sockets of files, relative to this folder: no other test can take their ports.
manager = KernelManager(kernel_name=sys.argv[1], transport="ipc", ip="kernel")
manager.start_kernel()
client = manager.blocking_client()
client.start_channels()
try:
    client.wait_for_ready(timeout=60)
    reply = client.execute_interactive(
        "import os, sys", timeout=60, output_hook=print,
        user_expressions={
            "mode": "os.environ['NBREWIND_MODE']",
            "python": "sys.executable",
            "loaded": "'nbrewind' in sys.modules",
        },
    )
    for answer in reply["content"]["user_expressions"].values():
        print("answer:", answer["data"]["text/plain"])
finally:
    client.stop_channels()
    manager.shutdown_kernel()
"""


@pytest.fixture(params=["kernel_environment", "server_environment"])
def environment(request):
    """Each of the environments that have the kernel part."""
    return request.getfixturevalue(request.param)


def test_command(environment):
    assert "repeat" in environment.run("nbrewind", "--help")


def test_kernelspecs(environment):
    listed = json.loads(environment.run("jupyter", "kernelspec", "list", "--json"))["kernelspecs"]
    assert {
        name: spec["spec"]["display_name"] for name, spec in listed.items() if name.startswith("nbrewind-")
    } == KERNELSPECS


@pytest.mark.parametrize("mode", ["audit", "repeat"])
def test_kernel_starts(kernel_environment, mode):
    """In the environment's own Python, with recording loaded."""
    printed = kernel_environment.run("python", "-c", START, f"nbrewind-{mode}")
    answers = [line.removeprefix("answer: ") for line in printed.splitlines() if line.startswith("answer: ")]
    assert answers == [f"'{mode}'", repr(str(kernel_environment.bin / "python")), "True"], printed


def test_kernel_part_is_light(kernel_environment):
    """No server, no front end."""
    installed = run("uv", "pip", "list", "--python", kernel_environment.bin / "python", "--format", "json")
    names = {package["name"] for package in json.loads(installed[installed.index("[") :].splitlines()[0])}
    assert "nbrewind" in names
    assert not {"jupyter-server", "jupyterlab", "jupyterlab-nbrewind", "notebook"} & names


def test_server_extension(server_environment):
    listed = server_environment.run("jupyter", "server", "extension", "list")
    assert re.search(r"nbrewind_server.*enabled", listed)
    assert re.search(r"nbrewind_server \S+ .*OK", listed), listed


def test_lab_extension(server_environment):
    listed = server_environment.run("jupyter", "labextension", "list")
    assert re.search(r"jupyterlab-nbrewind v\S+ .*enabled.*OK", listed), listed


def test_one_environment_for_both(server_environment, wheels):
    """`pip install jupyterlab-nbrewind` brought the kernel part of the same version."""
    code = "import nbrewind_server, nbrewind._version as core; print(nbrewind_server.__version__, core.__version__)"
    printed = server_environment.run("python", "-c", code)
    server, core = printed.split()
    assert server == core
    assert f"-{core}-" in wheels["nbrewind"].name


@pytest.mark.slow
def test_from_a_fresh_clone(tmp_path):
    """`pip install` of a clone builds the front end itself; this needs the npm registry or its cache."""
    clone = tmp_path / "clone"
    clone.mkdir()
    copy_project(clone)
    run("uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", clone)
    run("uv", "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", clone / "core")
    environment = Environment(tmp_path / "environment")
    environment.install("jupyterlab>=4.2,<5", *Path(tmp_path / "dist").glob("*.whl"))
    assert re.search(r"jupyterlab-nbrewind v\S+ .*OK", environment.run("jupyter", "labextension", "list"))
    assert clone != ROOT
