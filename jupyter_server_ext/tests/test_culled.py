"""A kernel that the server culled because it was idle: a new one gets its last state back, and nothing runs again."""

from __future__ import annotations

import asyncio

import pytest


@pytest.fixture
def jp_server_config(jp_server_config):
    """Cull idle kernels at once, also those that somebody is connected to."""
    culling = {"cull_idle_timeout": 2, "cull_interval": 1, "cull_connected": True}
    return jp_server_config | {"MappingKernelManager": culling}


async def test_restore_last_state_after_culling(book, api, jp_serverapp):
    note = book("a = [1]\nb = a", "a.append(2)", "print(a)")
    await note.start()
    await note.run()
    head = (await note.state())["head"]
    for _ in range(300):
        if note.kernel not in jp_serverapp.kernel_manager:
            break
        await asyncio.sleep(0.1)
    assert note.kernel not in jp_serverapp.kernel_manager, "the server has culled it"
    note.client.stop_channels()

    await note.start()
    state = await note.state()
    assert (state["last"], [cell["in_kernel"] for cell in state["cells"]]) == (head, ["no"] * 3)
    request = {"path": note.path, "kernel": note.kernel, "target": head, "head": state["head"]}
    answer = await api("POST", "rewind", request)
    assert answer["report"]["done"] and answer["report"]["recomputed"] == []
    assert await note.value("(a, a is b)") == "([1, 2], True)"
    assert await note.freshness() == ["fresh"] * 3
