"""Builds both distributions from what belongs to the project, and installs them into environments of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


class Command:
    """Runs programs, and shows what they printed when they fail."""

    def __call__(self, *command, cwd=ROOT, env=None, check=True):
        """Run to the end; return standard output and error together."""
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if check and done.returncode:
            pytest.fail(f"{' '.join(map(str, command))}\n{done.stdout}", pytrace=False)
        return done.stdout if check else done


run = Command()


class Environment:
    """A Python environment with only what the test installs."""

    def __init__(self, folder):
        """Make it, with the Python that runs the tests."""
        self.folder = folder
        self.bin = folder / "bin"
        run("uv", "venv", "--quiet", "--python", sys.executable, folder)

    def install(self, *what):
        """Install wheels and requirements; from uv's cache if that has everything, else from the index."""
        command = ["uv", "pip", "install", "--quiet", "--python", self.bin / "python", *what]
        if run(*command, "--offline", check=False).returncode:
            run(*command)

    def run(self, *command, **more):
        """Run one of the environment's programs where there is no other: no Node, above all."""
        env = {
            "HOME": str(self.folder),
            "LANG": os.environ.get("LANG", "C.UTF-8"),
            "PATH": str(self.bin),
            "NBREWIND_STORE": str(self.folder / "store"),
        }
        return run(self.bin / command[0], *command[1:], env=env, cwd=self.folder, **more)


def copy_project(target):
    """Copy what is checked in or would be, as a fresh clone with the present changes has it."""
    names = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0")
    for name in filter(None, names):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A copy of the project with the front end built as for a release."""
    target = tmp_path_factory.mktemp("project")
    copy_project(target)
    (target / "node_modules").symlink_to(ROOT / "node_modules")
    run("jlpm", "build:prod", cwd=target)
    return target


@pytest.fixture(scope="session")
def built(project, tmp_path_factory):
    """Both distributions: each source distribution, and the wheel that was built from it."""
    output = tmp_path_factory.mktemp("dist")
    for source in (project / "core", project):
        run(sys.executable, "-m", "build", "--no-isolation", "--outdir", output, source, cwd=project)
    return output


@pytest.fixture(scope="session")
def wheels(built):
    """Path of the wheel, by distribution."""
    return {name: next(built.glob(f"{name.replace('-', '_')}-*.whl")) for name in ("nbrewind", "jupyterlab-nbrewind")}


@pytest.fixture(scope="session")
def kernel_environment(wheels, tmp_path_factory):
    """Where only kernels run: `nbrewind` alone."""
    environment = Environment(tmp_path_factory.mktemp("kernel"))
    environment.install(wheels["nbrewind"])
    return environment


@pytest.fixture(scope="session")
def server_environment(wheels, tmp_path_factory):
    """Where the server runs: JupyterLab and `jupyterlab-nbrewind`, which asks for `nbrewind`."""
    environment = Environment(tmp_path_factory.mktemp("server"))
    environment.install("jupyterlab>=4.2,<5", wheels["jupyterlab-nbrewind"], "--find-links", wheels["nbrewind"].parent)
    return environment
