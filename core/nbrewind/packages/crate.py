"""The provenance of a package as an RO-Crate 1.1 with the profiles Process, Workflow and Provenance Run Crate.

The notebook is the workflow, its cells are the steps, and each recorded run is an action. Identifiers and times are
those of the records, so the same content gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timezone
from typing import Any

from nbrewind.model import Run
from nbrewind.packages.cells import label
from nbrewind.packages.form import BLOBS, DataFile, Manifest, to_json
from nbrewind.planning.notebook import title

PROFILES = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"),
)
NO_LICENSE = "Not stated: ask who gave you this package."
_COMPLETED, _FAILED = "CompletedActionStatus", "FailedActionStatus"


def crate(
    manifest: Manifest, cells: Mapping[str, Run], sources: Mapping[str, str], files: Iterable[tuple[str, int]]
) -> bytes:
    """Return the text of ``ro-crate-metadata.json``.

    Args:
        manifest: of the package.
        cells: the run that stands for each cell, by the cell's id, in the notebook's order.
        sources: the text of each cell, by id.
        files: names and sizes of the package's files, without contents.
    """
    from rocrate.model import ContextEntity
    from rocrate.model.file import File
    from rocrate.rocrate import ROCrate

    made = ROCrate(gen_preview=False, version="1.1")

    def add(identifier: str, **properties: Any) -> Any:
        return made.add(ContextEntity(made, identifier, properties=properties))

    when = max((run.started + run.seconds for run in cells.values()), default=0.0)
    made.name = manifest.notebook.rpartition("/")[2]
    made.description = "A recorded notebook with what it takes to repeat it"
    made.root_dataset["datePublished"] = _time(when)
    made.root_dataset["license"] = NO_LICENSE
    made.root_dataset["conformsTo"] = [
        add(identifier, **{"@type": "CreativeWork", "name": name, "version": version})
        for identifier, name, version in PROFILES
    ]
    held = {
        name: made.add(File(made, None, name, properties={"contentSize": str(size)}))
        for name, size in files
        if name != manifest.notebook and not name.startswith(BLOBS)
    }
    language = add(
        "#python",
        **{
            "@type": "ComputerLanguage",
            "name": "Python",
            "version": manifest.python,
            "url": {"@id": "https://www.python.org/"},
        },
    )
    engine = add(
        "#nbrewind", **{"@type": "SoftwareApplication", "name": "NBRewind", "softwareVersion": str(manifest.schema)}
    )
    software = [
        add(
            f"#software/{one.name}",
            **{"@type": "SoftwareApplication", "name": one.name, "softwareVersion": one.version},
        )
        for one in manifest.software
    ]
    steps, tools, actions, controls = [], [], [], []
    known = {one.path: one for one in manifest.data}
    for number, (cell, run) in enumerate(cells.items(), 1):
        name = label(manifest.cells, cell)
        tool = add(f"#cell/{cell}", **{"@type": "SoftwareApplication", "name": title(sources.get(cell, ""))})
        step = add(f"#step/{cell}", **{"@type": "HowToStep", "position": str(number), "workExample": tool})
        action = add(f"#run/{run.id}", **_action(run, tool, f"Run of {name}"))
        action["object"] = [held[one.inside] for one in _read(run, known) if one.inside in held]
        controls.append(
            add(
                f"#control/{run.id}",
                **{"@type": "ControlAction", "name": f"Control of {name}", "instrument": step, "object": action},
            )
        )
        tools.append(tool)
        steps.append(step)
        actions.append(action)
    workflow = made.add(
        File(
            made,
            None,
            manifest.notebook,
            properties={
                "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
                "name": manifest.notebook.rpartition("/")[2],
                "encodingFormat": "application/x-ipynb+json",
            },
        )
    )
    workflow["programmingLanguage"] = language
    workflow["hasPart"] = tools
    workflow["step"] = steps
    workflow["softwareRequirements"] = software
    made.mainEntity = workflow
    began = min((run.started for run in cells.values()), default=0.0)
    whole = add(
        f"#execution/{manifest.head}",
        **{
            "@type": "CreateAction",
            "name": "Execution of the notebook",
            "instrument": workflow,
            "startTime": _time(began),
            "endTime": _time(when),
            "object": [held[one.inside] for one in manifest.data if one.inside in held],
            "actionStatus": _status(cells.values()),
        },
    )
    add(
        f"#organize/{manifest.head}",
        **{
            "@type": "OrganizeAction",
            "name": "Run of the cells",
            "instrument": engine,
            "object": controls,
            "result": whole,
        },
    )
    made.root_dataset["mentions"] = [whole, *actions]
    return to_json(made.metadata.generate())


def _action(run: Run, tool: Any, name: str) -> dict[str, Any]:
    found = {
        "@type": "CreateAction",
        "name": name,
        "instrument": tool,
        "startTime": _time(run.started),
        "endTime": _time(run.started + run.seconds),
        "actionStatus": _status([run]),
    }
    return found | ({"error": run.error} if run.error else {})


def _status(runs: Iterable[Run]) -> str:
    ok = all(run.status == "ok" for run in runs)
    return f"http://schema.org/{_COMPLETED if ok else _FAILED}"


def _read(run: Run, known: Mapping[str, DataFile]) -> list[DataFile]:
    paths = sorted({entry.key[5:] for entry in run.inputs if entry.key.startswith("file:")})
    return [known[path] for path in paths if path in known]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")
