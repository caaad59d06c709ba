"""Values that a function can tell apart, and what they are made of."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import io
import itertools
import re
import struct
import types
import uuid
import zoneinfo
from pathlib import PurePosixPath

from nbrewind.tasks import Pending


def run(*args, **kwargs):
    return args, kwargs


class Plain:
    def __init__(self, **kwargs):
        self.__dict__.update(kwargs)


class Loud(Plain):
    """Its methods must not run."""

    def __eq__(self, other):
        raise AssertionError("compared")

    def __hash__(self):
        raise AssertionError("hashed")

    def __reduce__(self):
        raise AssertionError("reduced")

    def __getattribute__(self, name):
        raise AssertionError("asked")

    def __repr__(self):
        raise AssertionError("shown")


class LoudError(Loud, ValueError):
    pass


class LoudList(Loud, list):
    def __iter__(self):
        raise AssertionError("listed")


class LoudOrdered(Loud, collections.OrderedDict):
    pass


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Listed(list):
    pass


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


class Options(enum.Flag):
    A = 1
    B = 2


Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass
class Data:
    a: int
    b: list = dataclasses.field(default_factory=list)


def nan(payload: int) -> float:
    return struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000 + payload))[0]


UTC = datetime.timezone.utc
WHEN = datetime.datetime(2025, 10, 26, 2, 30)

DISTINCT = [
    None,
    ...,
    NotImplemented,
    True,
    1,
    1.0,
    1 + 0j,
    "1",
    b"1",
    bytearray(b"1"),
    0,
    0.0,
    -0.0,
    False,
    "",
    b"",
    2**70,
    -(2**70),
    nan(0),
    nan(1),
    float("inf"),
    complex(0.0, -0.0),
    complex(-0.0, 0.0),
    [1],
    (1,),
    {1},
    frozenset({1}),
    {1: None},
    [[1]],
    [(1,)],
    [],
    (),
    {},
    set(),
    frozenset(),
    [None],
    [1, 2],
    [2, 1],
    ["1"],
    [1.0],
    [True],
    [[], []],
    {"a": 1},
    {"a": True},
    {"b": 1},
    {"a": 1, "b": 2},
    {"b": 2, "a": 1},
    {1: 1},
    {True: 1},
    range(3),
    range(0, 3, 2),
    slice(3),
    slice(0, 3),
    datetime.date(2025, 1, 1),
    datetime.datetime(2025, 1, 1),
    datetime.datetime(2025, 1, 1, tzinfo=UTC),
    WHEN.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    WHEN.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"), fold=1),
    WHEN.replace(tzinfo=zoneinfo.ZoneInfo("Europe/Paris")),
    datetime.time(1),
    datetime.time(1, tzinfo=UTC),
    datetime.timedelta(1),
    datetime.timedelta(0, 1),
    UTC,
    datetime.timezone(datetime.timedelta(0), "other"),
    decimal.Decimal("1"),
    decimal.Decimal("1.0"),
    decimal.Decimal("NaN"),
    decimal.Decimal("-0"),
    fractions.Fraction(1, 2),
    uuid.UUID(int=1),
    re.compile("a"),
    re.compile("a", re.I),
    re.compile(b"a"),
    PurePosixPath("a"),
    Colour.RED,
    Colour.BLUE,
    Options.A,
    Options.A | Options.B,
    Colour,
    Plain,
    int,
    bool,
    list[int],
    int | None,
    types,
    len,
    Pair(1, 2),
    (1, 2),
    Data(1),
    Data(True),
    Data(1, [1]),
    Plain(),
    Plain(a=1),
    Plain(b=1),
    Plain(a=1.0),
    Slots(1),
    Slots(True),
    Listed(),
    Listed([1]),
    collections.OrderedDict(a=1),
    collections.Counter("a"),
    collections.deque([1]),
    collections.deque([1], 3),
    collections.defaultdict(int),
    collections.defaultdict(list),
    types.SimpleNamespace(a=1),
    types.MappingProxyType({"a": 1}),
    ValueError("a"),
    ValueError("b"),
    TypeError("a"),
    io.BytesIO(b"a"),
    io.StringIO("a"),
    Pending("task:a"),
    Pending("task:b"),
    functools.partial(run, 1),
    functools.partial(run, 2),
    run,
    Plain(a=1).__init__,
    Pair,
    Data,
    itertools,
    functools,
]
