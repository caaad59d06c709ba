"""Doors of tasks in a kernel that records."""

from __future__ import annotations

import json


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


def test_the_notebooks_policies_reach_its_tasks(kernel, notebook_path):
    def say(policies, mode):
        content = {"cells": [], "metadata": {"nbrewind": {"policies": policies}}, "nbformat": 4, "nbformat_minor": 5}
        notebook_path.write_text(json.dumps(content))
        kernel.run(f"%nbrewind {mode}")
        return kernel.value(
            "(lambda p: (p.use, p.categories, p.marks, p.verify, p.packages, p.answers))(memo.policies)"
        )

    always = {"clock": "run", "network": "run", "randomness": "run"}
    kernel.run("import nbrewind.tasks as tasks\nmemo = tasks.current_memo()")
    assert say({}, "audit") == ("reuse", {}, always, 0.0, "compatible", True)
    assert say({}, "repeat") == ("reuse", {}, {}, 0.0, "compatible", True)
    given = {"tasks": "refresh", "tasks.fit": "never", "verify": 0.1, "packages": "exact", "network": "as-recorded"}
    told = ("refresh", {"fit": "never"}, {"network": "as-recorded"}, 0.1, "exact", True)
    assert say(given, "repeat") == told
    assert say(given, "audit") == (*told[:2], {**always, "network": "as-recorded"}, *told[3:])
    assert say({"tasks": "sometimes"}, "audit")[-1] is False, "what is not understood lets nothing answer"
    assert "No record answers in this kernel" in kernel.text(kernel.run("%nbrewind status")[1])
    assert kernel.verb("tasks", way="repeat", policies={"tasks.fit": "refresh"}) == {}
    assert kernel.value("(memo.policies.categories, memo.policies.answers)") == ({"fit": "refresh"}, True)
