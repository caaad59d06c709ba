# ruff: noqa: E501
"""Cells over shared objects: made, linked, changed in place through any alias, taken away.

A statement is a text with places in it. ``{any}`` is anything that is there, ``{list}`` a list, and so on (`plain.kind`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

from .plain import Place

T = TypeVar("T")
Choose = Callable[[list[T]], T]

PRELUDE = """import random, os, re, decimal, types, weakref, array, functools, itertools, enum, dataclasses
from collections import deque, defaultdict, OrderedDict, Counter, namedtuple
import numpy as np, pandas as pd
random.seed(1); np.random.seed(1)
class Node:
    made = []
    count = 0
    def __init__(self, v=None):
        self.v = v
        Node.count += 1
    def get(self):
        return self.v
    def put(self, v):
        self.v = v
class Leaf(Node):
    pass
class Slots:
    __slots__ = ("a", "b")
    def __init__(self, a):
        self.a = a
@dataclasses.dataclass
class Data:
    a: object
    b: list = dataclasses.field(default_factory=list)
class Color(enum.Enum):
    RED = 1
    BLUE = 2
class Oops(Exception):
    seen = []
    def __init__(self, v):
        super().__init__(v)
        self.v = v
class Deep:
    def __init__(self, v):
        self.inner = Node(v)
        self.again = self.inner
        self.me = self
    def grow(self, v):
        self.inner.v = [v, self]
class Box:
    def __init__(self, items):
        self.items = items
        self.add = items.append
    def __getattr__(self, name):
        raise AttributeError(name)
    def __eq__(self, other):
        return True
    __hash__ = None
class Grid:
    def __init__(self, a):
        self.a = a
        self.view = a[1:]
        self.both = {"a": a, "t": a.T}
def nested(box):
    def outer():
        def inner(v=box):
            return outer, v, box
        return inner
    return outer
def gen_list(made=[]):
    made.append([made])
    return made[-1]
class Rows(list):
    pass
Pair = namedtuple("Pair", "x y")
def keep(v, seen=[]):
    seen.append(v)
    return seen
def counter(box):
    n = 0
    def up(v=None):
        nonlocal n
        n += 1
        box.append(v)
        return n
    return up
def objects(*items):
    made = np.empty(len(items), object)
    for i, item in enumerate(items):
        made[i] = item
    return made
def puts(v):
    global a
    a = v
def steps(v):
    for i in range(3):
        v.append(i)
        yield i
"""

NAMES = list("abcdefgh")

VALUES = [
    "{any}", "{any}", "{any}", "[{any}, {any}]", "[1, 2]", "{'k': {any}, 1: {any}}", "{'n': 1}", "({any}, {any})", "{1, 'two', (3,)}",
    "frozenset([1, 2])", "'text'", "3.5", "10**30", "None",
    "np.arange(6.)", "np.zeros((2, 3), int)", "np.arange(6).reshape(2, 3)", "objects({any}, {any}, None)",
    "{array}[1:]", "{array}[::-1]", "{array}.reshape(-1)", "{array}.T", "{array}.view()", "{array}[...]", "{objects}[1:]",
    "{array}.copy()", "np.frombuffer({bytearray}, 'u1')", "memoryview({bytearray})", "np.zeros(3, [('x', 'i4'), ('y', 'f8')])",
    "np.asfortranarray(np.arange(6).reshape(2, 3))", "np.ma.array([1, 2, 3], mask=[0, 1, 0])", "np.float32(2)",
    "deque([{any}, 1], 4)", "bytearray(b'abc')", "array.array('i', [1, 2])", "iter({list})", "enumerate({list})",
    "zip({list}, {list})", "map(str, {list})", "(i for i in {list})", "steps({list})", "itertools.count(3)", "itertools.chain({list}, {list})", "iter({dict})",
    "itertools.cycle({list})", "(n.v for n in [{Node}])", "[steps({list})]", "Node(steps({list}))", "Data(iter({dict}), {list})", "(keep(i) for i in {list})",
    "Node({any})", "Node({any})", "Leaf([{any}])", "Slots({any})", "Data({any})", "Data(1, {list})", "Color.RED", "Rows([{any}])", "Pair({any}, {any})",
    "functools.partial(keep, {any})", "functools.partial(keep, seen={list})", "counter({list})", "counter([])", "lambda v={any}: v", "lambda: a", "keep", "Node",
    "{Node}.get", "{Node}.put", "{Leaf}.put", "{list}.append", "{dict}.setdefault", "weakref.ref({Node})", "weakref.ref({Data})", "types.SimpleNamespace(v={any})", "types.MappingProxyType({dict})",
    "defaultdict(list, k={any})", "OrderedDict(k={any})", "Counter('aab')", "{dict}.keys()",
    "random.Random(3)", "np.random.default_rng(1)", "pd.DataFrame({'p': [1, 2, 3], 'q': [{any}, 'x', None]})", "pd.DataFrame({'p': [1., 2.], 'q': ['x', 'y']})",
    "{DataFrame}['p']", "{DataFrame}[:]", "{DataFrame}.to_numpy()", "{DataFrame}.index", "pd.Series({array})", "pd.Series([1, 2, 3])", "{Series}.to_numpy()", "pd.Categorical(['a', 'b'])",
    "{dict}.items()", "re.search('b', 'abc')", "ValueError({any}, [1])", "Oops({any})", "Deep({any})", "itertools.repeat({any}, 3)", "Box([{any}])", "Grid(np.arange(4))", "np.broadcast_to({array}, (2, 6))", "{array}[:, 0]", "{array}.ravel()", "{array}.astype('f4')", "np.lib.stride_tricks.sliding_window_view({array}, 1)", "{objects}.reshape(1, -1)", "{DataFrame}[{DataFrame}['p'] > 1]", "{DataFrame}.T", "{DataFrame}.copy(deep=False)", "pd.concat([{DataFrame}, {DataFrame}])", "{DataFrame}.groupby('p')", "pd.Index([1, 2])", "nested({list})", "gen_list()", "[{list}, {list}]", "{dict}.copy()", "{list}[:]", "set({list})", "{Node}.__dict__", "vars({Data})", "{Deep}.inner", "{Deep}.inner.get", "{Box}.items", "{Grid}.a[1:]",
    "type('Made', (Node,), {'made': {any}})", "type({any})", "property({function})", "slice(1, {any})", "ValueError({any})"
]  # fmt: skip
"""What a name is bound to."""

CHANGES = [
    "{list}.append({any})", "{list}.append({any})", "{list}[0] = {any}", "{list}.pop()", "{list}.reverse()", "{list}.extend([1, {any}])", "{list} *= 2", "{list}.clear()", "del {list}[:1]",
    "{Rows}.append({any})", "{Rows}.note = {any}",
    "{dict}['k'] = {any}", "{dict}['m'] = {any}", "{dict}.pop('k', None)", "{dict}.update(n={any})", "{dict}.clear()", "{dict}[1] = {any}", "{defaultdict}['z'].append({any})",
    "{set}.add(7)", "{set}.discard(1)", "{set} |= set([9])",
    "{array} += 1", "{array}.flat[0] = 9", "{array}[...] = 0", "{array}[::2] = 4", "{array}.flags.writeable = False", "{array}.sort()", "{array}['x'] = 5", "{array}[-1:] *= 2", "{array}.resize(3, refcheck=False)",
    "{objects}.flat[0] = {any}", "{objects}.flat[1] = {any}",
    "{deque}.append({any})", "{deque}.popleft()", "{deque}.rotate(1)", "{bytearray}[0] ^= 1", "{bytearray}.extend(b'z')", "{memoryview}[0] = 7", "{memoryview}.release()",
    "{Node}.v = {any}", "{Node}.other = {any}", "{Node}.put({any})", "{Node}.made.append({any})", "Node.made.append({any})", "Node.made = [{any}]", "del {Node}.v", "{Node}.__class__ = Leaf", "Node.extra = {any}", "Leaf.made = {any}",
    "{Leaf}.v = {any}", "{Leaf}.v.append({any})", "{Slots}.a = {any}", "{Slots}.b = {any}", "{Data}.a = {any}", "{Data}.b.append({any})", "{SimpleNamespace}.v = {any}", "{SimpleNamespace}.w = {any}",
    "Color.RED.note = {any}", "{class}.tag = {any}", "{function}.note = {any}", "{function}({any})", "{function}()", "keep({any})", "keep.__defaults__[0].clear()", "puts({any})", "{partial}({any})",
    "{function}.__defaults__ = ({any},)", "{function}.__kwdefaults__ = None",
    "next({iterator}, None)", "next({count})", "next({generator}, None)", "next({generator})", "next({Node}.v)", "next({list}[0])", "[*{iterator}]", "{generator}.close()", "{Random}.random()", "{Generator}.random()",
    "{DataFrame}['r'] = 1", "{DataFrame}['q'] = {any}", "{DataFrame}.iloc[0, 0] = 5", "{DataFrame}.loc[9] = [1, 2]", "{DataFrame}.attrs['k'] = {any}", "{DataFrame}.index.name = 'n'", "{Series}.iloc[0] = 7", "{Series}.name = 'n'", "{DataFrame}.drop(columns='q', inplace=True)",
    "random.random()", "random.seed(5)", "np.random.rand()", "os.environ['RW_ONE'] = '1'", "os.environ.pop('RW_ONE', None)", "os.environ['RW_TWO'] = 'x'", "decimal.getcontext().prec = 7", "np.set_printoptions(precision=4)",
    "class Node(Node):\n    def get(self):\n        return 'new'", "class Node:\n    made = [{any}]\n    def __init__(self, v=None):\n        self.v = v", "def keep(v, seen=[{any}]):\n    seen.append(0)\n    return seen",
    "def local(x={any}):\n    return x, a", "for i in range(2): {list}.append(i)", "try: {list}.append({any})\nfinally: i = 1", "with np.errstate(all='ignore'): {array} += 1", "{list}[0].append({any})", "exec('{list}.append(1)')", "globals().update(b={any})", "globals()['c'] = {any}",
    "{Deep}.inner.put({any})", "{Deep}.inner = {Node}", "{Deep}.grow({any})", "{Box}.items.append({any})", "{Box}.add({any})", "{Grid}.a[0] = 7", "{Grid}.a = {array}", "Oops.seen.append({any})", "{Oops}.args = ({any},)", "try: raise Oops({any})\nexcept Oops as e: h = e", "try:\n    try: 1 / 0\n    except ZeroDivisionError as z: raise Oops(1) from z\nexcept Oops as e: g = e", "nested({list})({any})", "{DataFrame}.columns = ['x', 'y'][:1] * {DataFrame}.shape[1]", "{DataFrame}.loc[0, 'p'] = 3", "{DataFrame}['p'] += 1", "{DataFrame}.index = {DataFrame}.index[::-1]", "{list}.sort(key=str)", "{list}.insert(0, {any})", "{list}.remove({list}[0])", "{dict}.setdefault('s', []).append({any})", "{list}[:] = [{any}]", "{list} += {list}", "[x.append(1) for x in [{list}]]", "(lambda v: v.append({any}))({list})", "{Node}.__dict__['w'] = {any}", "setattr({Node}, 's', {any})", "Node.get = lambda self: {any}", "del Node.extra", "Leaf.put = Node.put", "Color.BLUE.link = {any}", "{Slots}.a.append({any})", "del {Slots}.a", "{deque}.extend([{any}, {any}])", "{deque}.clear()", "{set}.clear()",
    "{any}.v = {any}", "{any}.append({any})", "{any}['k'] = {any}", "{any}[0] = {any}", "{any}()",
]  # fmt: skip
"""What is changed in place, whoever holds it."""

FAILURES = ["1 / 0", "undefined_name", "raise ValueError({any})", "assert False", "x = = 2"]

PLACE = re.compile(r"\{(\w+)\}")


def filled(text: str, places: list[Place], choose: Choose) -> str:
    """Return a statement with places filled in; empty where there is none of a kind."""

    def fill(found: re.Match[str]) -> str:
        wanted = found[1]
        if wanted == "any":
            fit = [place for place in places if place.kind not in ("module", "other")]
        else:
            fit = [place for place in places if place.kind == wanted]
        if not fit:
            raise LookupError(wanted)
        return choose(fit).expression

    try:
        return PLACE.sub(fill, text)
    except LookupError:
        return ""


def statement(places: list[Place], choose: Choose) -> str:
    """Return one statement."""
    what = choose(["bind", "bind", "change", "change", "change", "change", "bind two", "delete", "swap"])
    if what == "change":
        return filled(choose(CHANGES), places, choose)
    if what == "delete":
        return f"del {choose(NAMES)}"
    if what == "swap":
        return f"{choose(NAMES)}, {choose(NAMES)} = {choose(NAMES)}, {choose(NAMES)}"
    value = filled(choose(VALUES), places, choose)
    if not value:
        return ""
    if what == "bind two":
        return f"{choose(NAMES)} = {choose(NAMES)} = {value}"
    return f"{choose(NAMES)} = {value}"


def cell(places: list[Place], choose: Choose) -> str:
    """Return a cell of a few statements, which may fail."""
    lines = [statement(places, choose) for _ in range(choose([1, 1, 1, 2, 2, 3]))]
    if choose([False] * 9 + [True]):
        lines.append(filled(choose(FAILURES), places, choose))
    return "\n".join(line for line in lines if line) or "pass"
