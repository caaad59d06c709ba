"""Doors of tasks in a kernel that records."""

from __future__ import annotations


def test_all_doors_of_a_kernel_use_its_store_and_nothing_is_loaded_before(kernel, store_path):
    kernel.run("x = 1", cell="c0")
    assert kernel.value("[name for name in __import__('sys').modules if name.startswith('nbrewind.tasks')]") == []
    kernel.run("import nbrewind.tasks as tasks\nmemo = tasks.current_memo()\nplace = memo.place.cell", cell="c1")
    assert kernel.value("str(memo.store.directory)") == str(store_path)
    kernel.run("place = memo.place.cell", cell="c2")
    assert kernel.value("place") == "c2"
    hidden = "[type(each).__name__ for each in __import__('sys').meta_path if 'nbrewind' in type(each).__module__]"
    assert kernel.value(hidden) == ["_Watcher"]  # for TaskVine, which was not imported
    kernel.run("__import__('nbrewind.kernel.agent', fromlist=['detach']).detach()", silent=True)
    assert kernel.value(hidden) == []
