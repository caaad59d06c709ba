"""Apps of Parsl, recorded and answered through its own hook for that. With a real DataFlowKernel."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tasks import calls

import nbrewind
from nbrewind.store import Store
from nbrewind.tasks import Memo, Policies
from nbrewind.tasks.journal import Journal
from nbrewind.tasks.listed import unpack

parsl = pytest.importorskip("parsl")
TESTS = Path(__file__).parents[1]


class Loaded:
    """Parsl in a session of its own."""

    def __init__(self, memo: Memo, executor: Any, folder: Path) -> None:
        memo.journal = Journal(memo)
        self.memo = memo
        memoizer = nbrewind.ParslMemoizer(memo=memo)
        config = parsl.Config(
            executors=[executor], memoizer=memoizer, run_dir=str(folder / "runinfo"), usage_tracking=0, retries=1
        )
        self.kernel = parsl.DataFlowKernel(config)

    def app(self, function: Callable[..., Any], kind: str = "python_app", **options: Any) -> Any:
        """Return an app."""
        where = {} if kind == "join_app" else {"executors": ["own"]}
        return getattr(parsl, kind)(function, data_flow_kernel=self.kernel, **where, **options)

    def close(self) -> None:
        """End it, once."""
        if not self.kernel.cleanup_called:
            self.kernel.cleanup()

    def end(self) -> list[tuple[str, str]]:
        """End the session; return by name what became of apps, in order."""
        self.close()
        self.entries = unpack(self.memo.journal.take())  # type: ignore[union-attr]
        return sorted((one.name, one.action) for one in self.entries)


SLOW = [pytest.mark.slow, pytest.mark.timeout(400)]


def _executor(kind: str) -> Any:
    """Return an executor: threads of this process, Parsl's own workers, or a manager and a worker of TaskVine."""
    if kind == "threads":
        return parsl.ThreadPoolExecutor(label="own", max_threads=2)
    from parsl.providers import LocalProvider

    worker = f"export PYTHONPATH={TESTS}:{TESTS.parent} PATH={Path(sys.executable).parent}:$PATH"
    provider = LocalProvider(init_blocks=1, max_blocks=1, worker_init=worker)
    if kind == "taskvine":
        pytest.importorskip("ndcctools.taskvine", reason="there is no TaskVine: scripts/taskvine.sh says why")
        from parsl.executors.taskvine import TaskVineExecutor, TaskVineManagerConfig

        with socket.socket() as found:
            found.bind(("", 0))
            config = TaskVineManagerConfig(port=found.getsockname()[1], address="127.0.0.1")
        return TaskVineExecutor(label="own", worker_launch_method="provider", manager_config=config, provider=provider)
    return parsl.HighThroughputExecutor(
        label="own",
        address="127.0.0.1",
        loopback_address="127.0.0.1",
        max_workers_per_node=1,
        encrypted=False,
        provider=provider,
    )


@pytest.fixture(params=["threads", pytest.param("processes", marks=SLOW), pytest.param("taskvine", marks=SLOW)])
def load(request: pytest.FixtureRequest, store: Store, tmp_path: Path) -> Iterator[Callable[..., Loaded]]:
    """Begin sessions."""
    made: list[Loaded] = []

    def one(**policies: Any) -> Loaded:
        made.append(Loaded(Memo(store, policies=Policies(**policies)), _executor(request.param), tmp_path))
        return made[-1]

    yield one
    for each in made:
        each.close()


def test_apps_are_answered_with_what_they_are_given_by_others(
    load: Callable[..., Loaded], monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in range(2):
        session = load()
        scale, pair = session.app(calls.scale), session.app(calls.pair)
        assert pair(scale(scale(2))).result() == [[18], [18]]
        action = "answered" if turn else "ran"
        assert session.end() == [("pair", action), ("scale", action), ("scale", action)]
    monkeypatch.setattr(calls, "SCALE", 3.0)
    session = load()
    session.app(calls.scale)(2).result()
    assert session.end() == [("scale", "ran")]
    assert session.entries[0].reason == "global `tasks.calls.SCALE` is 3.0 instead of 3"


@pytest.mark.parametrize("load", ["threads"], indirect=True)
def test_what_fails_prints_joins_or_writes_runs_each_time(load: Callable[..., Loaded], tmp_path: Path) -> None:
    for _ in range(2):
        session = load()
        with pytest.raises(ValueError, match="no 3"):
            session.app(calls.fail)(3).result()
        assert session.app(calls.say)(3).result() == 3
        scale = session.app(calls.scale, cache=True)

        def both(n: int, scale: Any = scale) -> Any:
            return scale(n)

        assert session.app(both, "join_app")(3).result() == 9

        def command(stdout: str) -> str:
            return "echo told"

        assert session.app(command, "bash_app")(stdout=str(tmp_path / "out")).result() == 0
        assert (tmp_path / "out").read_text() == "told\n"
        (tmp_path / "out").unlink()
        actions = dict(session.end())
        assert {actions.pop(name) for name in ("both", "say")} == {"ran"}
        assert actions.pop("fail") == "failed"
    assert actions["scale"] == "answered"
    assert "it starts other apps" in {one.reason for one in session.entries}


@pytest.mark.parametrize("load", ["threads"], indirect=True)
def test_policies(load: Callable[..., Loaded]) -> None:
    for policies, action in (({}, "ran"), ({}, "answered"), ({"categories": {"scale": "refresh"}}, "ran")):
        session = load(**policies)
        assert session.app(calls.scale)(7).result() == 21
        assert session.end() == [("scale", action)]
