"""What the wheels hold, and what they don't."""

from __future__ import annotations

import zipfile
from pathlib import PurePosixPath

import pytest


@pytest.fixture(params=["nbrewind", "jupyterlab-nbrewind"])
def names(request, wheels):
    """The names in a wheel."""
    return zipfile.ZipFile(wheels[request.param]).namelist()


def inside(wheel):
    """The names in a wheel, without the folder that carries the version."""
    return {name.split(".data/", 1)[-1] for name in zipfile.ZipFile(wheel).namelist()}


def test_pure_python(wheels):
    assert all(wheel.name.endswith("-py3-none-any.whl") for wheel in wheels.values())


def test_core(wheels):
    assert {
        "nbrewind/py.typed",
        "nbrewind/_version.py",
        "nbrewind/model.py",
        "data/share/jupyter/kernels/nbrewind-audit/kernel.json",
        "data/share/jupyter/kernels/nbrewind-repeat/kernel.json",
    } <= inside(wheels["nbrewind"])


def test_server(wheels):
    names = inside(wheels["jupyterlab-nbrewind"])
    lab = "data/share/jupyter/labextensions/jupyterlab-nbrewind"
    assert {
        "nbrewind_server/py.typed",
        "nbrewind_server/openapi.yaml",
        "data/etc/jupyter/jupyter_server_config.d/nbrewind_server.json",
        f"{lab}/package.json",
        f"{lab}/install.json",
        f"{lab}/schemas/jupyterlab-nbrewind/sidebar.json",
        f"{lab}/static/style.js",
        f"{lab}/static/third-party-licenses.json",
    } <= names
    assert any(name.startswith(f"{lab}/static/remoteEntry.") for name in names)


def test_nothing_else(names):
    unwanted = [
        name
        for name in names
        if {"tests", "node_modules", "__pycache__"} & set(PurePosixPath(name).parts)
        or name.endswith((".map", "build_log.json", ".log"))
    ]
    assert not unwanted


def test_licence(names):
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
