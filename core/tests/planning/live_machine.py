"""A machine on which somebody works while plans run: what `kernel.steps` and `driver.live` do, without a kernel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from planning_machine import RNG, Machine, copied

from nbrewind.model import Version, new_id, once
from nbrewind.planning.course import Pilot, Place
from nbrewind.planning.notebook import SourceCell
from nbrewind.planning.policies import DEFAULT_POLICIES
from nbrewind.planning.targets import Alive, Target, ending, goals_of, settle

NOTHING = SourceCell("", 0, "")
MAX_RUNS = 3


class Failed(Exception):
    """The plan ended early."""


class LiveMachine(Machine):
    """Executes plans in the namespace that is there."""

    def bring(self, cells: Sequence[SourceCell], target: Target) -> dict[str, str]:
        """Bring a target up to date. Returns what the cells on the way show."""
        goals = goals_of(target, cells, self.records, self, DEFAULT_POLICIES)
        if not goals:
            return {}
        forced = {target.cell} if target.kind == "affected" else set()
        pilot = Pilot(cells, self.records, self, session="s", forced=forced)
        counts: dict[str, int] = {}
        while True:
            course, found = settle(pilot, goals, Alive(self.state, self._live()))
            first = next((place for place in course.places if place.cell.id in found), None)
            if first is None:
                lost = self._bind(ending(course, goals))
                if not lost:
                    break
                items: Mapping[str, Version] = course.items
            else:
                items = first.items
                lost = self._step(pilot, first, counts)
            if lost:
                makers = {course.makers.get(items["var:" + name].run, "") for name in lost} - {""}
                makers = {cell for cell in makers if cell in pilot.made or cell not in pilot.alive}
                if not makers:
                    raise Failed(f"lost {lost}")
                for cell in makers:
                    pilot.made.pop(cell, None)
                pilot.alive |= makers
        return {
            place.cell.id: self.outputs[place.answered.id]
            for place in course.places
            if place.answered and (place.cell.id in goals or place.settled)
        }

    def _step(self, pilot: Pilot, place: Place, counts: dict[str, int]) -> set[str]:
        cell = place.cell
        counts[cell.id] = counts.get(cell.id, 0) + 1
        if counts[cell.id] > MAX_RUNS:
            raise Failed(f"{cell.id} does not settle")
        known = variables(place.items)
        kept = {name for name, version in known.items() if self.has(version)}
        wanted = belonging(place.names, known) - kept
        lost = {name for name in wanted if not known[name].loadable}
        if lost:
            return lost
        for key, version in place.items.items():
            if key.startswith("file:"):
                self.disk[key[5:]] = self.contents[version.id]
        before, virtual, rng = dict(self.state), set(self.virtual), self.rng.getstate()
        aside = {name: self.namespace.pop(name) for name in self._live() if name not in kept}
        loaded = self.loaded({name: known[name] for name in wanted})
        self.namespace.update(loaded)
        self.state = dict(place.items)
        self.virtual = set(known) - kept - wanted
        held = place.items.get(RNG)
        if held is not None:
            self.rng.setstate(self.contents[held.id])
        elif RNG in before:
            self.rng.setstate(self.first)
        self.run(cell)
        run = self.runs[-1]
        written = {version.key[4:] for version in run.writes if version.key.startswith("var:")}
        written |= {key[4:] for key in run.removed}
        for name in loaded:
            if name not in written:
                del self.namespace[name]
        self.namespace.update({name: value for name, value in aside.items() if name not in written})
        self.state = {key: version for key, version in before.items() if key not in run.removed}
        self.state.update({version.key: version for version in run.writes})
        self.virtual = virtual - written
        if RNG not in {version.key for version in run.writes}:
            self.rng.setstate(rng)
        self.apart()
        if run.status != "ok":
            raise Failed(self.outputs[run.id])
        pilot.made[cell.id] = run
        return set()

    def _bind(self, versions: Sequence[Version]) -> set[str]:
        known = variables({version.key: version for version in versions})
        wanted = {name: version for name, version in known.items() if not self.has(version)}
        lost = {name for name, version in wanted.items() if not version.loadable}
        if lost:
            return lost
        for version in versions:
            if version.key == RNG:
                self.rng.setstate(self.contents[version.id])
                self.state[RNG] = version
        self.namespace.update(self.loaded(wanted))
        self.state.update({"var:" + name: version for name, version in wanted.items()})
        self.virtual -= set(wanted)
        self.apart()
        return set()

    def has(self, version: Version) -> bool:
        """Whether a version is live."""
        held = self.state.get(version.key)
        if held is None or version.key[4:] not in self._live():
            return False
        exact = held.loadable and held.digest == version.digest and held.members == version.members
        return held.id == version.id or exact

    def loaded(self, versions: Mapping[str, Version]) -> dict[str, object]:
        """Return the values of versions; members of a group share their objects."""
        done: dict[tuple[str, ...], dict[str, object]] = {}
        for version in versions.values():
            if version.members not in done:
                memo: dict[int, object] = {}
                content = self.contents[version.id].items()
                done[version.members] = {name: copied(value, memo, self.namespace) for name, value in content}
        return {name: done[version.members][name] for name, version in versions.items()}

    def apart(self) -> None:
        """Record values that were set apart from others."""
        groups, removed = self._changes(set(), NOTHING)
        run = new_id()
        for group in groups:
            hidden = self._hidden(group)
            for version in self._versions(group, run, NOTHING, []):
                self.state[version.key] = _struct(version, digest=once()) if hidden else version
        for key in removed:
            del self.state[key]

    def check(self) -> None:
        """What the state says is what the namespace has."""
        groups, removed = self._changes(set(), NOTHING)
        assert (groups, removed) == ([], [])
        live = set(self._live())
        assert {key[4:] for key in self.state if key.startswith("var:")} - self.virtual == live


def _struct(version: Version, **changes) -> Version:
    import msgspec

    return msgspec.structs.replace(version, **changes)


def variables(state: Mapping[str, Version]) -> dict[str, Version]:
    return {key[4:]: version for key, version in state.items() if key.startswith("var:")}


def belonging(names, known: Mapping[str, Version]) -> set[str]:
    found: set[str] = set()
    todo = [name for name in names if name in known]
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += [other for other in known[name].members if other in known]
    return found
