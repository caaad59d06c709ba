"""Policies: where they come from, which one counts, and what is said of those that don't exist."""

from __future__ import annotations

import pytest

from nbrewind.planning.policies import CHOICES, DEFAULT_POLICIES, VARIABLE, Policies, PolicyError, parse, policies_of

pytestmark = pytest.mark.py311


def test_every_policy_has_a_default_among_its_values() -> None:
    assert list(CHOICES) == ["packages", "python", "clock", "network", "processes", "randomness", "missing", "tasks"]
    assert all(getattr(DEFAULT_POLICIES, name) in values for name, values in CHOICES.items())


def test_the_command_wins_over_the_notebook_and_the_notebook_over_the_environment(monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, "clock=run, network=run,packages=exact")
    notebook = {"nbrewind": {"policies": {"network": "as-recorded", "packages": "ignore"}}}
    found = policies_of(notebook, {"packages": "compatible"})
    assert found == Policies(clock="run", network="as-recorded", packages="compatible")
    assert policies_of({}) == Policies(clock="run", network="run", packages="exact")


def test_policies_for_tasks_as_a_whole_by_name_and_to_be_verified(monkeypatch) -> None:
    monkeypatch.setenv(VARIABLE, "tasks.fit=never,verify=1")
    found = policies_of({"nbrewind": {"policies": {"tasks": "refresh", "tasks.a.b": "reuse", "verify": 0.05}}})
    assert (found.tasks, found.categories, found.verify) == ("refresh", {"fit": "never", "a.b": "reuse"}, 0.05)
    assert DEFAULT_POLICIES.with_(found.given, "the same, sent as texts") == found
    assert (DEFAULT_POLICIES.tasks, DEFAULT_POLICIES.categories, DEFAULT_POLICIES.verify) == ("reuse", {}, 0.0)


@pytest.mark.parametrize(
    ("metadata", "given", "words"),
    [
        ({}, {"clok": "run"}, "--policy: there is no policy 'clok': use packages, python, clock, network"),
        ({}, {"clock": "now"}, "--policy: policy clock can't be 'now': use as-recorded or run"),
        (
            {"nbrewind": {"policies": {"clock": True}}},
            {},
            "metadata.nbrewind.policies of n.ipynb: policy clock can't be",
        ),
        ({"nbrewind": {"policies": ["run"]}}, {}, "metadata.nbrewind.policies of n.ipynb: write an object"),
        ({"nbrewind": {"policies": {"clock": ["run"]}}}, {}, "policy clock can't be ['run']"),
        ({}, {"tasks": "run"}, "policy tasks can't be 'run': use reuse or refresh or never"),
        ({}, {"tasks.fit": "run"}, "policy tasks.fit can't be 'run': use reuse or refresh or never"),
        ({}, {"tasks.": "never"}, "there is no policy 'tasks.'"),
        ({}, {"verify": "often"}, "policy verify can't be 'often': use a number from 0 to 1"),
        ({"nbrewind": {"policies": {"verify": True}}}, {}, "policy verify can't be True"),
        ({"nbrewind": {"policies": {"verify": 1.5}}}, {}, "policy verify can't be 1.5"),
    ],
)
def test_what_does_not_exist_is_refused(metadata, given, words: str) -> None:
    with pytest.raises(PolicyError) as error:
        policies_of(metadata, given, place="n.ipynb")
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_pair_needs_an_equals_sign() -> None:
    assert parse(" clock=run ,, packages = exact", "here") == {"clock": "run", "packages": "exact"}
    with pytest.raises(PolicyError, match="here: 'clock' is no policy: write NAME=VALUE"):
        parse("clock", "here")
