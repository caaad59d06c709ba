"""What the extension adds in JupyterLab: two servers, with and without it, measured in turn in a headless browser.

Run with ``python bench/ui.py [--rounds N] [--notebooks N] [--json]``. Prints, per measurement, the medians with and
without the extension, and the median of the paired differences with its 95 % confidence interval (bootstrap); then what
only the extension does: its panel on 1,000 cells, and the size of what it adds to a page.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import nbformat

ROOT = Path(__file__).parents[1]
CHROMIUMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
UNITS = {"open": "open a notebook of 300 cells", "run": "run a cell", "type": "type a character"}
CONFIG = "from jupyterlab.galata import configure_jupyter_server\nconfigure_jupyter_server(c)\n"


def notebook(cells: int) -> str:
    """Return a notebook in which each cell reads what the one before made."""
    made = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    made.cells = [nbformat.v4.new_code_cell("x0 = 1", id="c0")]
    for number in range(1, cells):
        made.cells.append(nbformat.v4.new_code_cell(f"x{number} = x{number - 1} + 1", id=f"c{number}"))
    return nbformat.writes(made)


class Server:
    """A JupyterLab of its own, with or without the extension."""

    def __init__(self, folder: Path, *, extension: bool) -> None:
        """Start it, on a free port, with everything that it writes below ``folder``."""
        root = folder / "root"
        root.mkdir(parents=True)
        for name, cells in (("big", 300), ("huge", 1000), ("small", 10)):
            (root / f"{name}.ipynb").write_text(notebook(cells))
        (folder / "config.py").write_text(CONFIG)
        if not extension:
            settings = folder / "config" / "labconfig"
            settings.mkdir(parents=True)
            off = {"disabledExtensions": {"jupyterlab-nbrewind": True}}
            (settings / "page_config.json").write_text(json.dumps(off))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://localhost:{port}"
        places = {"IPYTHONDIR": "ipython", "JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data"}
        places |= {"JUPYTER_RUNTIME_DIR": "runtime", "NBREWIND_STORE": "store"}
        environment = os.environ | {name: str(folder / place) for name, place in places.items()}
        jpserver = [] if extension else ["--ServerApp.jpserver_extensions={'nbrewind_server': False}"]
        options = [f"--config={folder / 'config.py'}", f"--ServerApp.port={port}", f"--ServerApp.root_dir={root}"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--allow-root", "--Application.log_level=ERROR", *options, *jpserver],
            env=environment,
            cwd=folder,
        )
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{self.url}/lab", timeout=5).close()
                return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError("JupyterLab did not start")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.wait(20)


def interval(differences: list[float]) -> tuple[float, float]:
    """Return the 95 % confidence interval of the median, by bootstrap."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(differences, k=len(differences))) for _ in range(2000))
    return medians[50], medians[1949]


def bundle() -> int:
    """Return the bytes, compressed, of the scripts and styles that the extension adds to a page."""
    static = ROOT / "jupyter_server_ext" / "nbrewind_server" / "labextension" / "static"
    files = [path for path in static.iterdir() if path.suffix in (".js", ".css")]
    return sum(len(gzip.compress(path.read_bytes(), 9)) for path in files)


def measure(rounds: int, notebooks: int) -> dict[str, Any]:
    """Run everything and return the samples."""
    chromium = os.environ.get("CHROMIUM_PATH") or next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if not chromium:
        sys.exit("there is no Chromium: install chromium-headless-shell or chromium, or set CHROMIUM_PATH")
    with tempfile.TemporaryDirectory() as place:
        servers = {name: Server(Path(place) / name, extension=name == "on") for name in ("on", "off")}
        try:
            urls = {name: server.url for name, server in servers.items()}
            files = {"big": "big.ipynb", "huge": "huge.ipynb", "small": "small.ipynb"}
            config = {"chromium": chromium, "servers": urls, "rounds": rounds, "notebooks": notebooks, **files}
            command = ["node", str(ROOT / "bench" / "ui" / "measure.mjs"), json.dumps(config)]
            answer = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
        finally:
            for server in servers.values():
                server.stop()
    return {**json.loads(answer.stdout), "bundle": bundle()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--notebooks", type=int, default=50)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    # What users get: a development build is twice as large.
    subprocess.run(["jlpm", "build:prod"], cwd=ROOT, stdout=subprocess.DEVNULL, check=True)
    found = measure(given.rounds, given.notebooks)
    if given.json:
        print(json.dumps(found))
        return
    print(f"{'':<32}{'with':>10}{'without':>10}{'adds':>10}   95 % interval")
    for name, title in UNITS.items():
        pairs = found[name]
        differences = [on - off for on, off in pairs]
        low, high = interval(differences)
        on, off = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
        adds = statistics.median(differences)
        print(f"{title + ', ms':<32}{on:>10.1f}{off:>10.1f}{adds:>10.1f}   {low:.1f} to {high:.1f}")
    on, off = found["growth"][0]
    title = f"memory, {given.notebooks} notebooks, MB"
    print(f"{title:<32}{on / 1e6:>10.1f}{off / 1e6:>10.1f}{(on - off) / 1e6:>10.1f}")
    for key, title in (("update", "longest task of an update, ms"), ("task", "longest task of a run, ms")):
        on, off = (statistics.median(pair[side][key] for pair in found["panel"]) for side in (0, 1))
        print(f"{title:<32}{on:>10.1f}{off:>10.1f}{on - off:>10.1f}   at 1,000 cells, panel open")
    paint = statistics.median(on["paint"] for on, _ in found["panel"])
    print(f"{'panel, first paint, 1,000 cells, ms':<42}{paint:>10.1f}")
    print(f"{'size of scripts and styles, gzip, kB':<42}{found['bundle'] / 1000:>10.1f}")


if __name__ == "__main__":
    main()
