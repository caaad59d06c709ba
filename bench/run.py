"""All benchmarks, one after the other. Nothing is asserted: the figures are read, and put into closing notes.

Run with ``make bench``, or ``python bench/run.py NAME...`` for some of them.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main() -> None:
    """Run the benchmarks named, by default all."""
    scripts = {path.stem: path for path in sorted(FOLDER.glob("*.py")) if path.name != "run.py"}
    for name in sys.argv[1:] or scripts:
        if name not in scripts:
            sys.exit(f"there is no benchmark {name}; there are {', '.join(scripts)}")
        print(f"== {name}", flush=True)
        subprocess.run([sys.executable, str(scripts[name])], check=True)


if __name__ == "__main__":
    main()
