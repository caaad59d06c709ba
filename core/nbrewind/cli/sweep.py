"""``nbrewind sweep``."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from typing import Any

import click

from nbrewind.cli.common import POLICY, Usage, command_options, emit, load_notebook, open_store, read_policies
from nbrewind.cli.engines import PROFILE, SWEEP_ENGINE, chosen_engine
from nbrewind.cli.reports import place_of_step
from nbrewind.cli.run import KERNEL, end, step_of
from nbrewind.cli.show import Row, count, duration, note, progress_bar, rows, say
from nbrewind.driver.notebook_file import cell_index, check_writable, parameter_value, write_notebook
from nbrewind.driver.sweep import Variant, variants
from nbrewind.driver.sweep import sweep as run_sweep
from nbrewind.planning.notebook import code_cells

WORDS = 200
"""Characters of an output in the table."""


@click.command()
@click.argument("notebook")
@click.option(
    "-p", "--parameter", "parameters", nargs=2, multiple=True, required=True, metavar="NAME V1,V2,…",
    help="A parameter with its values, separated by commas; quote one that holds a comma.",
)  # fmt: skip
@click.option("--jobs", type=click.IntRange(1, 64), metavar="N", help="Variants at the same time (default: 1).")
@SWEEP_ENGINE
@PROFILE
@click.option("--show", metavar="CELL", help="Show this cell's output: an id or a number (default: the last output).")
@click.option("-o", "--output", metavar="DIR", help="Write the executed notebooks to DIR, one per variant.")
@KERNEL
@POLICY
@command_options
def sweep(
    notebook: str,
    parameters: tuple[tuple[str, str], ...],
    jobs: int | None,
    engine_name: str | None,
    profile: str | None,
    show: str | None,
    output: str | None,
    kernel: str,
    policies: tuple[str, ...],
    store_dir: str | None,
    as_json: bool,
) -> None:
    """Run NOTEBOOK once for each combination of parameters, computing only once what they share.

    Every variant gets a kernel of its own. The notebook needs a cell tagged parameters, as with papermill.

    Example: nbrewind sweep analysis.ipynb -p YEAR 2012,2013,2014 -p METHOD ols,ridge --jobs 2
    """
    content, path = load_notebook(notebook)
    chosen = read_policies(content, notebook, policies)
    if len({name for name, _ in parameters}) < len(parameters):
        raise Usage("-p: each parameter once; its values are separated by commas")
    found = variants(content, {name: [parameter_value(value) for value in _split(text)] for name, text in parameters})
    shown = content.cells[cell_index(content, show)].id if show else ""
    targets = _targets(output, path, found)
    engine = chosen_engine(engine_name, None if profile else jobs, profile) if engine_name or profile else None
    jobs = jobs or (engine.slots if engine is not None else 1)
    with open_store(store_dir) as store, progress_bar("Sweeping", len(found)) as begin:
        work = run_sweep(
            found, path, store, jobs=jobs, kernel=kernel, policies=chosen, engine=engine,
            begins=lambda one: begin(_Named(one)),
        )  # fmt: skip
        asyncio.run(work)
    for variant, target in zip(found, targets, strict=False):
        write_notebook(variant.notebook, target)
    if as_json:
        name = engine.name if engine is not None else ""
        emit(
            {
                "variants": [_variant(one, shown, name) for one in found],
                "seconds": sum(one.result.seconds for one in found),
            }
        )
    else:
        _print(found, shown, output)
    failed = [one for one in found if one.result.failed]
    if failed:
        first = f"{_words(failed[0])}: {failed[0].result.failed}"
        end(f"{count(len(failed), 'variant')} of {len(found)} failed; the first: {first}")


class _Named:
    """A variant, as a progress bar names what it counts."""

    def __init__(self, variant: Variant) -> None:
        self.label, self.title = f"variant {variant.number}", _words(variant)


def _split(text: str) -> list[str]:
    return next(csv.reader([text], skipinitialspace=True), [])


def _targets(output: str | None, path: Path, found: list[Variant]) -> list[Path]:
    if not output:
        return []
    folder = Path(output)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Usage(f"{output}: {error.strerror or error}") from error
    width = len(str(len(found)))
    targets = [folder / f"{path.stem}-{one.number:0{width}}.ipynb" for one in found]
    for target in targets:
        check_writable(target)
    return targets


def _words(variant: Variant) -> str:
    return ", ".join(f"{name}={value}" for name, value in variant.parameters.items())


def _output(variant: Variant, shown: str) -> str:
    """Return the text that a cell shows, or the last one that shows any."""
    for cell in reversed(variant.notebook.cells):
        if cell.cell_type == "code" and shown in ("", cell.id):
            texts = [each.get("text") or each.get("data", {}).get("text/plain", "") for each in cell.outputs]
            text = "".join(texts).strip()
            if text or shown:
                return text
    return ""


def _variant(variant: Variant, shown: str, engine: str) -> dict[str, Any]:
    return {
        "parameters": dict(variant.parameters),
        "steps": [step_of(step) | place_of_step(step, variant.result, engine) for step in variant.result.steps],
        "shared": variant.count("load", "skip"),
        "output": _output(variant, shown),
        "seconds": variant.result.seconds,
        "failed": variant.result.failed,
        "notes": variant.result.notes,
    }


def _print(found: list[Variant], shown: str, output: str | None) -> None:
    lines = []
    for one in found:
        columns = (*map(str, one.parameters.values()), duration(one.result.seconds), str(one.count("run")))
        columns = (*columns, str(one.count("load", "skip")))
        text = _output(one, shown)[-WORDS:].splitlines()
        lines.append(Row(columns, text[-1] if text else "", one.result.failed))
    names = tuple(found[0].parameters)
    rows((*names, "time", "ran", "shared", "output"), lines, right=tuple(range(len(names), len(names) + 3)))
    say()
    for remark in dict.fromkeys(remark for one in found for remark in one.result.notes):
        note(remark)
    cells = len([cell for cell in code_cells(found[0].notebook.cells) if cell.active]) * len(found)
    ran = sum(one.count("run") for one in found)
    say(
        f"{count(len(found), 'variant')} in {duration(sum(one.result.seconds for one in found))} of kernels' time; "
        f"{ran} of {count(cells, 'cell')} ran, besides imports and definitions"
    )
    if output:
        say(f"The executed notebooks are in {output}")
