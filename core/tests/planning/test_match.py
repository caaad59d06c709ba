"""Does a recorded run answer here? Every reason why not, with its sentence."""

from __future__ import annotations

import msgspec
import pytest

from nbrewind.analysis import analyze, source_digest
from nbrewind.model import ABSENT, DEFAULT, Effect, Input, Run, Version, new_id
from nbrewind.planning.known import Doubt, PlanState, describe, state_of
from nbrewind.planning.match import Meeting, answer, other_versions
from nbrewind.planning.policies import DEFAULT_POLICIES, as_recorded
from nbrewind.planning.trace import bind_inputs, digest_of, kept_names, names_input, provenance, read_names, unproved

pytestmark = pytest.mark.py311


class World:
    """An outside of given digests."""

    def __init__(self, **digests: str) -> None:
        self.digests = {key.replace("__", ":"): digest for key, digest in digests.items()}
        self.asked = 0

    def digest(self, key: str) -> str:
        self.asked += 1
        return self.digests.get(key, ABSENT)


def version(key: str, digest: str, **fields) -> Version:
    return Version(id=new_id(), key=key, run="maker", digest=digest, **fields)


def state(**values: str) -> PlanState:
    return state_of({"var:" + name: version("var:" + name, digest) for name, digest in values.items()})


def recorded(source: str, before: PlanState, *more: Input, **fields) -> Run:
    analysis = analyze(source)
    inputs = bind_inputs(read_names(analysis, before.items), before.items)
    return Run(
        id=new_id(), notebook="n", session="s", cell="c", number=1, code=analysis.code, source=source_digest(source),
        started=0.0, inputs=(*inputs, *names_input(analysis, before.items), *more), **fields,
    )  # fmt: skip


def why(run: Run, source: str, here: PlanState, world: World | None = None, policies=DEFAULT_POLICIES):
    found = Meeting(analyze(source), source_digest(source), here, world or World(), policies).mismatch(run)
    return (found.cause, found.reason) if found else None


def test_a_run_answers_where_everything_that_it_read_is_the_same() -> None:
    assert why(recorded("print(x)", state(x="b3:1")), "print(x)", state(x="b3:1", other="b3:9")) is None


def test_comments_and_layout_do_not_matter() -> None:
    assert why(recorded("print(x)", state(x="b3:1")), "# shown\nprint( x )", state(x="b3:1")) is None


def test_other_code_does_not_answer() -> None:
    run = recorded("print(x)", state(x="b3:1"))
    assert why(run, "print(x + 1)", state(x="b3:1")) == ("source", "its code was edited since")


def test_what_was_printed_to_stderr_is_answered_by_the_exact_text_only() -> None:
    run = recorded("warn(x)", state(x="b3:1", warn="b3:2"), stderr=True)
    assert why(run, "warn(x)", state(x="b3:1", warn="b3:2")) is None
    cause, reason = why(run, "# a comment\nwarn(x)", state(x="b3:1", warn="b3:2"))
    assert cause == "source" and "quote lines" in reason


def test_a_failed_run_never_answers_and_its_error_is_named() -> None:
    run = recorded("print(x)", state(x="b3:1"), status="error", error="ValueError: no")
    assert why(run, "print(x)", state(x="b3:1")) == ("failed", "its last run ended with ValueError: no")


def test_a_run_that_is_not_proved_never_answers() -> None:
    run = recorded("print(x)", state(x="b3:1"), unknown=("it uses ctypes",))
    assert why(run, "print(x)", state(x="b3:1")) == ("unknown", "it uses ctypes")


def test_another_value_is_named() -> None:
    run = recorded("print(x)", state(x="b3:1"))
    assert why(run, "print(x)", state(x="b3:2")) == ("variable", "x has another value than when it ran")


def test_a_missing_name_is_named() -> None:
    assert why(recorded("print(x)", state(x="b3:1")), "print(x)", state()) == ("variable", "x does not exist here")


def test_a_name_that_was_absent_must_be_absent() -> None:
    run = recorded("try: x\nexcept NameError: print('none')", state())
    assert why(run, "try: x\nexcept NameError: print('none')", state()) is None
    assert why(run, "try: x\nexcept NameError: print('none')", state(x="b3:1")) == (
        "variable", "x exists here and did not when it ran",
    )  # fmt: skip


def test_a_builtin_shadowed_since_is_noticed() -> None:
    run = recorded("print(len('abc'))", state())
    assert why(run, "print(len('abc'))", state(len="b3:1")) == ("variable", "len exists here and did not when it ran")


def test_a_global_that_a_called_function_uses_is_an_input() -> None:
    helper = version("var:f", "b3:f", refs=("scale", "len"))
    before = state_of({"var:f": helper, "var:scale": version("var:scale", "b3:1")})
    after = state_of({"var:f": helper, "var:scale": version("var:scale", "b3:2")})
    assert why(recorded("f()", before), "f()", after) == ("variable", "scale has another value than when it ran")


def test_a_global_that_a_called_function_would_now_find_is_noticed() -> None:
    helper = version("var:f", "b3:f", refs=("scale",))
    run = recorded("f()", state_of({"var:f": helper}))
    here = state_of({"var:f": helper, "var:scale": version("var:scale", "b3:1")})
    assert why(run, "f()", here) == ("variable", "scale exists here and did not when it ran")


def test_a_function_that_looks_up_any_name_makes_all_names_inputs() -> None:
    helper = version("var:f", "b3:f", refs=("globals",))
    run = recorded("f()", state_of({"var:f": helper, "var:x": version("var:x", "b3:1")}))
    assert {entry.key for entry in run.inputs} == {"var:f", "var:x", "names:"}
    here = state_of({"var:f": helper, "var:x": version("var:x", "b3:1"), "var:y": version("var:y", "b3:1")})
    assert why(run, "f()", here) == (
        "unknown",
        "it may have looked which variables there are, and here there are others",
    )


def test_a_name_that_does_not_matter_may_come_into_being() -> None:
    assert why(recorded("print(x)", state(x="b3:1")), "print(x)", state(x="b3:1", y="b3:1")) is None


def test_a_changed_file_is_named_and_so_is_one_that_is_gone() -> None:
    run = recorded("print(1)", state(), Input(key="file:data.csv", digest="b3:1"))
    assert why(run, "print(1)", state(), World(file__data="x", **{"file__data.csv": "b3:1"})) is None
    assert why(run, "print(1)", state(), World(**{"file__data.csv": "b3:2"})) == (
        "input", "file data.csv changed since it ran",
    )  # fmt: skip
    assert why(run, "print(1)", state()) == ("input", "file data.csv is gone")


def test_a_file_that_a_cell_above_writes_counts_as_written() -> None:
    run = recorded("print(1)", state(), Input(key="file:a", digest="b3:1"))
    here = state_of({"file:a": version("file:a", "b3:1")})
    assert why(run, "print(1)", here, World(file__a="b3:other")) is None


@pytest.mark.parametrize(
    ("key", "now", "policies", "reason"),
    [
        ("package:pandas", "v:2.1.4", {}, None),
        ("package:pandas", "v:2.2.0", {}, "package pandas is 2.2.0 here and was 2.1.3"),
        ("package:pandas", ABSENT, {}, "package pandas is not installed here"),
        ("package:pandas", "v:2.1.4", {"packages": "exact"}, "package pandas is 2.1.4 here and was 2.1.3"),
        ("package:pandas", "v:3.0.0", {"packages": "ignore"}, None),
        ("python:", "v:2.7.18", {}, None),
        ("python:", "v:3.0.0", {}, "Python is 3.0.0 here and was 2.1.3"),
        ("python:", "v:2.1.4", {"python": "exact"}, "Python is 2.1.4 here and was 2.1.3"),
        ("python:", "v:3.0.0", {"python": "ignore"}, None),
    ],
)
def test_versions_are_compared_as_the_policies_say(key: str, now: str, policies, reason: str | None) -> None:
    run = recorded("print(1)", state(), Input(key=key, digest="v:2.1.3"))
    world = World(**{key.replace(":", "__"): now})
    found = why(run, "print(1)", state(), world, DEFAULT_POLICIES.with_(policies, "test"))
    assert found == (("input", reason) if reason else None)
    named = "Python" if key == "python:" else "package pandas"
    assert [words.startswith(f"{named} is ") for words in other_versions(run, world)] == [True], "and it is listed"


@pytest.mark.parametrize(
    ("kind", "name", "words"),
    [
        ("clock", "clock", "the clock"),
        ("network", "network", "the network (a:80)"),
        ("process", "processes", "another program (a:80)"),
        ("randomness", "randomness", "unseeded randomness"),
    ],
)
def test_what_was_used_of_the_world_answers_as_the_policies_say(kind, name: str, words: str) -> None:
    run = recorded("print(1)", state(), effects=(Effect(kind=kind, subject="a:80"),))
    assert why(run, "print(1)", state()) is None
    assert as_recorded(run) == f"used {words} as recorded"
    policies = DEFAULT_POLICIES.with_({name: "run"}, "test")
    assert why(run, "print(1)", state(), policies=policies) == (
        "unknown", f"it used {words}, and the policy is {name}=run",
    )  # fmt: skip
    assert why(recorded("print(1)", state()), "print(1)", state(), policies=policies) is None


def test_a_setting_changed_since_matters_to_those_that_use_its_package() -> None:
    users = recorded("print(1)", state(), Input(key="package:pandas", digest="v:2.1"))
    here = state_of({"ambient:pandas.options": version("ambient:pandas.options", "b3:1")})
    world = World(package__pandas="v:2.1")
    assert why(users, "print(1)", here, world) == (
        "variable", "setting pandas.options was changed and was not when it ran",
    )  # fmt: skip
    assert why(recorded("print(1)", state()), "print(1)", here) is None


def test_a_setting_must_be_as_it_was() -> None:
    run = recorded("print(1)", state(), Input(key="ambient:cwd", digest="b3:1"))
    assert why(run, "print(1)", state()) == ("input", "setting cwd changed since it ran")
    default = recorded("print(1)", state(), Input(key="ambient:rng.python", digest=DEFAULT))
    assert why(default, "print(1)", state()) is None


def test_a_name_in_doubt_is_answered_by_nothing_and_the_cell_to_blame_is_named() -> None:
    run, here = recorded("print(x)", state(x="b3:1")), state(x="b3:1")
    here.doubt(["var:x"], Doubt("c2", "cell 2"))
    assert why(run, "print(x)", here) == ("upstream", "reads x, which cell 2 changes")
    here.doubt(["var:x"], Doubt("c2", "cell 2", expected=False))
    assert why(run, "print(x)", here) == ("unknown", "reads x, which cell 2 may change")
    here.apply([version("var:x", "b3:1")], [])
    assert why(run, "print(x)", here) is None


def test_a_doubt_on_what_a_doubtful_function_may_use_counts() -> None:
    here = state(f="b3:f", x="b3:1")
    here.doubt(["var:f"], Doubt("c1", "cell 1"), frozenset({"x"}))
    found = Meeting(analyze("g()"), "", here, World())
    assert found.doubted == {}
    assert Meeting(analyze("f()"), "", here, World()).doubted is not None


def test_after_an_opaque_cell_every_name_is_in_doubt_until_it_is_bound_again() -> None:
    here = state(x="b3:1")
    here.doubt_all(["var:"], Doubt("c1", "cell 1", expected=False))
    run = recorded("try: y\nexcept NameError: pass", state())
    assert why(run, "try: y\nexcept NameError: pass", here) == ("unknown", "reads NameError, which cell 1 may change")
    here.apply([version("var:x", "b3:1")], [])
    assert here.doubt_on("var:x") is None
    assert here.doubt_on("var:y") is not None
    assert here.doubt_on("package:pandas") is None


def test_what_was_kept_matters_to_what_a_run_leaves_and_not_to_what_it_shows() -> None:
    run = recorded("for i in []: pass", state(), Input(key="var:i", digest="b3:1", kept=True))
    meeting = Meeting(analyze("for i in []: pass"), "", state(i="b3:2"), World())
    assert meeting.mismatch(run) is not None
    assert meeting.mismatch(run, shown=True) is None


def test_the_first_run_that_holds_answers_and_otherwise_the_first_reason_is_given() -> None:
    runs = [recorded("print(x)", state(x=f"b3:{number}")) for number in range(5)]
    here, analysis = state(x="b3:3"), analyze("print(x)")
    assert answer(runs, analysis, "", here, World()) is runs[3]
    found = answer(runs, analysis, "", state(x="b3:7"), World())
    assert found is not None and found.reason == "x has another value than when it ran"
    assert answer([], analysis, "", here, World()) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("var:df", "df"),
        ("file:data.csv", "file data.csv"),
        ("dir:", "folder ."),
        ("env:HOME", "environment variable HOME"),
        ("ambient:cwd", "setting cwd"),
        ("names:", "the set of variables"),
        ("python:", "Python"),
    ],
)
def test_keys_are_described_in_words(key: str, words: str) -> None:
    assert describe(key) == words


def test_a_file_that_a_cell_removes_is_not_there_for_those_below() -> None:
    class Lying:
        def digest(self, key: str) -> str:
            return "b3:9"

    here = state(x="b3:1")
    here.apply([], ["file:a.txt"])
    run = recorded("print(x)", state(x="b3:1"), Input(key="file:a.txt", digest="b3:9"))
    assert why(run, "print(x)", here, Lying()) == ("input", "file a.txt is gone")
    here.apply([version("file:a.txt", "b3:9")], [])
    assert why(run, "print(x)", here, Lying()) is None


def test_names_bound_for_certain_are_not_kept() -> None:
    items = state(x="b3:1", y="b3:1").items
    assert kept_names(analyze("x = 1\nif z: y = 1"), items, ()) == {"y"}
    assert kept_names(analyze("x = 1\nif z: y = 1"), items, {"y"}) == set()


def test_a_name_that_changed_with_its_group_was_in_that_group() -> None:
    items = {
        "var:x": version("var:x", "b3:1", members=("x", "y")),
        "var:y": version("var:y", "b3:1", members=("x", "y")),
    }
    assert kept_names(analyze("x = 1"), items, {"x", "y"}) == {"y"}


def test_a_name_bound_and_deleted_again_was_absent() -> None:
    assert kept_names(analyze("for i in a: pass\ndel i"), {}, ()) == {"i"}


def test_provenance_is_the_code_and_its_inputs() -> None:
    inputs = (Input(key="var:x", digest="b3:1"), Input(key="var:y", digest="b3:2"))
    assert provenance("code:1", inputs, "var:z") == provenance("code:1", inputs[::-1], "var:z")
    assert provenance("code:1", inputs, "var:z") != provenance("code:2", inputs, "var:z")
    assert provenance("code:1", inputs, "var:z") != provenance("code:1", inputs, "var:w")
    unknown = (Input(key="var:x", digest="once:1"),)
    assert provenance("code:1", unknown, "var:z") != provenance("code:1", unknown, "var:z")


def test_texts_of_a_digest_can_not_run_into_each_other() -> None:
    assert digest_of("ab", "c") != digest_of("a", "bc")


@pytest.mark.parametrize(
    ("source", "packages", "reason"),
    [
        ("print(x)", {"pandas"}, ""),
        ("print(_)", set(), "IPython's history"),
        ("x.y()", {"mymodule"}, "the local module mymodule"),
        ("x.y()", {"ctypes"}, "it uses ctypes"),
        ("x.y()", {"neverheard"}, "nothing is known"),
        ("atexit.register(f)", set(), "it calls atexit.register"),
    ],
)
def test_what_can_not_be_proved_is_said(source: str, packages: set[str], reason: str) -> None:
    analysis = analyze(source)
    found = unproved(analysis, set(analysis.reads), packages, local={"mymodule"})
    assert bool(found) == bool(reason)
    assert reason in "".join(found)


def test_records_survive_a_copy_with_their_kept_inputs() -> None:
    entry = Input(key="var:x", digest="b3:1", kept=True)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(entry), type=Input) == entry
