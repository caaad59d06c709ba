"""``nbrewind kernels``."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path

import click

from nbrewind.cli.common import Usage, command_options, emit
from nbrewind.cli.show import say

NAMES = ("nbrewind-audit", "nbrewind-repeat")


@click.group()
def kernels() -> None:
    """The kernels that record from their start.

    Example: nbrewind kernels install --user
    """


@kernels.command()
@click.option("--user", is_flag=True, help="For this user, in every Jupyter.")
@click.option("--prefix", metavar="DIR", help="Into DIR/share/jupyter/kernels.")
@command_options
def install(user: bool, prefix: str | None, store_dir: str | None, as_json: bool) -> None:
    """Install the kernels Python 3 (audit) and Python 3 (repeat) of this environment where another Jupyter finds them.

    Installing nbrewind has put them into its own environment already, which is also the default here.

    Example: nbrewind kernels install --user
    """
    from jupyter_client.kernelspec import KernelSpecManager

    if user and prefix:
        raise Usage("--user and --prefix exclude each other")
    manager = KernelSpecManager()
    found = manager.find_kernel_specs()
    missing = [name for name in NAMES if name not in found]
    if missing:
        raise Usage(f"there is no kernel {missing[0]} to install: install nbrewind again, which brings it")
    places = {}
    for name in NAMES:
        with tempfile.TemporaryDirectory() as folder:
            copy = shutil.copytree(found[name], Path(folder) / name)
            spec = json.loads((copy / "kernel.json").read_text(encoding="utf-8"))
            spec["argv"][0] = sys.executable
            (copy / "kernel.json").write_text(json.dumps(spec, indent=2), encoding="utf-8")
            try:
                where = None if user else prefix or sys.prefix
                places[name] = manager.install_kernel_spec(str(copy), name, user=user, prefix=where)
            except OSError as error:
                raise Usage(f"can't install the kernel {name}: {error.strerror or error} ({error.filename})") from error
    if as_json:
        emit({"kernels": places})
        return
    for name, place in places.items():
        say(f"The kernel {name} is in {place}")
