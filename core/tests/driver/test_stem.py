"""Kernels forked from one process are ordinary kernels, and end with it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

PROGRAM = textwrap.dedent("""
    import json, os, signal, sys
    from nbrewind.driver.engines.stem import Stem

    async def use(place, stem):
        seen = {}
        cells = [
            Work(id="imports", index=0, source="import random, sys, os", state={}, small=True),
            Work(id="draw", index=1, source="drawn = random.random()", state={}, names=("random",)),
        ]
        with Store.open(place / "store") as store:
            kernels = [AheadKernel(place / "work.ipynb", store, "python3", stem) for _ in range(2)]
            async with kernels[0] as one, kernels[1] as two:
                seen["pids"] = [each._manager.provisioner.pid for each in kernels]
                found = await asyncio.gather(one.run(cells), two.run(cells))
                seen["why"] = [each.why for each in found]
                seen["drawn"] = [store.run(each.run).writes[0].digest for each in found]
                code = "repr((os.getcwd(), os.getppid(), sys.argv[1], '' in sys.path, sorted(sys.modules)))"
                seen["meets"] = await evaluate(one._client, code, setup="import os, sys")
                seen["file"] = one._manager.connection_file
                os.kill(seen["pids"][1], signal.SIGKILL)
                try:
                    await two.run(cells)
                except KernelError as error:
                    seen["died"] = str(error)
                print(json.dumps(seen), flush=True)
                if len(sys.argv) > 2:
                    await asyncio.sleep(600)

    with Stem() as stem:
        import asyncio
        from pathlib import Path
        from nbrewind.driver.engines.ahead_kernel import AheadKernel, KernelError, Work
        from nbrewind.driver.session import evaluate
        from nbrewind.store import Store

        asyncio.run(use(Path(sys.argv[1]), stem))
    """)


def start(place: Path, *words: str) -> subprocess.Popen[str]:
    (place / "program.py").write_text(PROGRAM)
    command = [sys.executable, str(place / "program.py"), str(place), *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def are_gone(pids: list[int], seconds: float = 30) -> bool:
    end = time.monotonic() + seconds
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < end:
        time.sleep(0.1)
    return not any(Path(f"/proc/{pid}").exists() for pid in pids)


def test_a_forked_kernel_is_an_ordinary_one(tmp_path: Path) -> None:
    program = start(tmp_path)
    seen = json.loads(program.communicate()[0].splitlines()[-1])
    assert seen["why"] == ["", ""] and len({*seen["drawn"]}) == 2
    folder, parent, option, has_folder, modules = eval(seen["meets"])
    assert folder == str(tmp_path) and parent != program.pid and option == "-f" and has_folder
    assert not [name for name in modules if name.startswith(("nbclient", "nbrewind.planning.plan", "numpy"))]
    assert "the kernel died" in seen["died"]
    assert are_gone(seen["pids"]) and not Path(seen["file"]).exists()


def test_kernels_end_with_whoever_asked_for_them(tmp_path: Path) -> None:
    program = start(tmp_path, "and stay")
    assert program.stdout is not None
    seen = json.loads(program.stdout.readline())
    os.kill(program.pid, signal.SIGKILL)
    program.communicate()
    assert are_gone(seen["pids"])
