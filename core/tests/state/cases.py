# ruff: noqa: E501
"""Cases of rewinding: what the state must be after the last of some cells, once more after others have run.

``expected`` says what must happen: ``right``, or ``lost`` (reported with a reason, nothing changed).
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One case: *probe*, then *after* once *then* ran, are evaluated and compared with a session that never went on."""

    name: str
    before: list[str]
    away: list[str]
    probe: str
    then: str = "pass"
    after: str = "None"
    expected: str = "right"


NUMPY = "import numpy as np\n"
PANDAS = "import numpy as np, pandas as pd\n"

# fmt: off
CASES = [
    Case('atom', ['n = 3'], ['n = 4'], 'n'),
    Case('huge number', ['n = 3 ** 90000'], ['n -= 1'], 'hash(n)'),
    Case('long text', ["s = 'ab' * 90000"], ["s = s + 'c'"], 'len(s)'),
    Case('alias of later', ['p = [0]', "q = {'k': p}"], ["q['k'].append(1)"], "(p, q['k'] is p)", 'p.append(5)', 'q'),
    Case('alias made then cut', ['p = [0]; q = p'], ['q = p.copy(); q.append(1)'], '(p, q, p is q)'),
    Case('alias of equal content', ["L = [1]; o = {'i': [1]}"], ["o['i'] = L"], "o['i'] is L", 'L.append(2)', 'o'),
    Case('itself inside', ["r = {}; r['me'] = r"], ["r['x'] = 1"], "(len(r), r['me'] is r)"),
    Case('through a tuple', ['m = []; t = (1, (m,))'], ['t[1][0].append(1)'], 't[1][0] is m and m == []', 'm.append(2)', 't'),
    Case('namespace', ['x = 1; space = globals()'], ['space = 0; x = 2'], "(space is globals(), space['x'])", "space['x'] = 3", 'x'),
    Case('new name', ['a = 1'], ['b = 2'], "'b' in globals()"),
    Case('deleted name', ['a = [1]; b = 2'], ['del a, b'], '(a, b)'),
    Case('underscore name', ['_hidden = [1]'], ['_hidden.append(2)'], '_hidden'),
    Case('update of globals', ['a = [1]'], ['globals().update(a=[2])'], 'a'),
    Case('error half-way', ['a = [1]'], ['a.append(2); 1 / 0'], 'a'),
    # functions
    Case('globals', ['k = 2\ndef g(): return k'], ['k = 3', 'def g(): return -1'], 'g()', 'k = 9', 'g()'),
    Case('global writer', ['z = 1\ndef put():\n    global z\n    z = 7'], ['put = None'], 'z', 'put()', 'z'),
    Case('lambda', ['k = 4; h = lambda: k'], ['h = None'], 'h()', 'k = 5', 'h()'),
    Case('counter', ['def make():\n    n = 0\n    def up():\n        nonlocal n\n        n += 1\n        return n\n    return up\nup = make()'], ['up(); up()'], 'up.__closure__[0].cell_contents', 'r = up()', 'r'),
    Case('two functions, one cell', ['def make():\n    s = []\n    return s.append, (lambda: list(s))\nput, get = make()'], ['put(1)'], 'get()', 'put(4)', 'get()'),
    Case('mutable default', ['def f(x, seen=[]):\n    seen.append(x)\n    return seen'], ['f(1)'], 'f.__defaults__', 'r = f(3)', 'r'),
    Case('function attribute', ['def f(): f.n += 1\nf.n = 0'], ['f()'], 'f.n', 'f()', 'f.n'),
    Case('recursive', ['def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)'], ['fib = 1'], 'fib(10)'),
    Case('recursive closure', ['def w():\n    def d(n): return 0 if n == 0 else d(n - 1) + 1\n    return d\nd = w()'], ['d = 0'], 'd(5)'),
    Case('function in a list', ['def f(): return 1\nfs = [f]'], ['def f(): return 2'], '(fs[0](), fs[0] is f)'),
    Case('alias of a function', ['def f(): return 1\ng = f'], ['f.x = 1; f = 2'], "(g(), f is g, hasattr(g, 'x'))"),
    Case('partial', ['from functools import partial\np = partial(int, base=2)'], ['p = 1'], "p('101')"),
    Case('bound method', ['class A:\n    def __init__(s): s.v = 1\n    def get(s): return s.v\na = A(); m = a.get'], ['a.v = 2'], '(m(), m.__self__ is a)'),
    Case('bound append', ['L = []; put = L.append'], ['put(1)'], 'L', 'put(2)', 'L'),
    Case('wrapped', ['import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a): return f(*a) + 1\n    return inner\n@deco\ndef f(x): return x'], ['f = 0'], '(f(1), f.__name__, f.__wrapped__(1))'),
    Case('generator function', ['def gen(n):\n    yield from range(n)'], ['gen = 0'], 'list(gen(3))'),
    Case('async function', ['async def co(): return 3'], ['co = 0'], "__import__('asyncio').iscoroutinefunction(co)"),
    Case('annotations', ["def f(a: int, *, b: str = 'x') -> list[int]: return [a]"], ['f = 0'], "(f.__annotations__, f(1, b='q'))"),
    Case('lru_cache with results', ['import functools\n@functools.lru_cache\ndef f(x): return [x]\nf(1)'], ['f(2); f = 0'], 'f.cache_info().misses', expected='lost'),
    Case('lru_cache without results', ['import functools\n@functools.lru_cache\ndef f(x): return [x]'], ['f(2); f = 0'], 'f.cache_info().misses', expected='lost'),
    Case('function of the global generator', ['import random\nrandom.seed(1); draw = random.random; L = [draw]'], ['L.append(1); draw = 1'], 'draw.__self__ is random._inst', 'x = draw()', '(x, random.random())'),
    Case('object of a library', ["import string\nf = [string.Template.pattern, __import__('logging').getLogger('q.r')]"], ['f.append(1)'], "f[1] is __import__('logging').getLogger('q.r')"),
    # classes
    Case('generic', ["from typing import Generic, TypeVar\nT = TypeVar('T')\nclass S(Generic[T]):\n    def get(s) -> T: return 1\ns = S[int]()"], ['s = T = S = 0'], "(s.get(), S.__parameters__[0] is T, type(s) is S, S.get.__annotations__['return'] is T)"),
    Case('redefinition', ["class P:\n    def hi(s): return 'old'\np = P()"], ["class P:\n    def hi(s): return 'new'\nq = P()"], '(p.hi(), P().hi(), type(p) is P)'),
    Case('instance of the old class', ['class P: v = 1\np = P()', 'class P: v = 2'], ['p.z = 1; P.v = 3'], '(p.v, P.v, isinstance(p, P))'),
    Case('class state', ['class K:\n    reg = []\nk = K()'], ['k.reg.append(1)'], '(K.reg, k.reg is K.reg, type(k) is K)', 'K.reg.append(2)', 'k.reg'),
    Case('inheritance', ["class A:\n    def who(s): return 'A'\nclass B(A):\n    def who(s): return super().who() + 'B'\nb = B()"], ['b = 1; B = 2; A = 3'], '(b.who(), isinstance(b, A), B.__mro__[1] is A)'),
    Case('classes that need each other', ['class A: pass\nclass B: a = A\nA.b = B\nx = A()'], ['A.v = 1'], "(A.b is B, B.a is A, type(x) is A, hasattr(A, 'v'))"),
    Case('slots', ["class S:\n    __slots__ = ('a', 'b')\ns = S(); s.a = 1"], ['s.a = 2; s.b = 3'], "(s.a, hasattr(s, 'b'))"),
    Case('property', ["class T:\n    def __init__(s): s._v = 1\n    @property\n    def v(s): return s._v\n    @v.setter\n    def v(s, x): s._v = x\n    @staticmethod\n    def st(): return 's'\n    @classmethod\n    def cl(c): return c.__name__\nt = T()"], ['t.v = 5; T = 1'], '(t.v, t.st(), t.cl())', 't.v = 8', 't.v'),
    Case('dataclass', ['from dataclasses import dataclass, field\n@dataclass\nclass D:\n    a: int = 1\n    b: list = field(default_factory=list)\nd = D(3)'], ['d.b.append(1); D = 0'], '(d.a, d.b, d == D(3), repr(d))', 'e = D()', '(e.a, e.b)'),
    Case('frozen dataclass with slots', ['from dataclasses import dataclass\n@dataclass(frozen=True, slots=True)\nclass D:\n    a: int\nd = D(3)'], ['d = D(4)'], '(d.a, d == D(3), hash(d) == hash(D(3)))'),
    Case('named tuple', ["from collections import namedtuple\nPt = namedtuple('Pt', 'x y', defaults=[5])\np = Pt(1)"], ['p = Pt = 0'], '(p, p.y, isinstance(p, Pt), p._replace(x=2))'),
    Case('typed named tuple', ['from typing import NamedTuple\nclass Pt(NamedTuple):\n    x: int\n    y: int = 2\n    def s(self): return self.x + self.y\np = Pt(1)'], ['p = Pt = 0'], '(p, p.s(), type(p) is Pt)'),
    Case('enumeration', ['import enum\nclass E(enum.Enum):\n    A = 1\n    B = 2\n    def low(self): return self.name.lower()\ne = E.B'], ['e = E = 0'], '(e is E.B, e.low(), E(1).name, list(E)[0] is E.A)'),
    Case('enumeration with attributes', ['import enum\nclass E(enum.Enum):\n    A = (1, 2)\n    def __init__(self, a, b): self.total = a + b\ne = E.A'], ['e = E = 0'], '(e.total, e is E.A)'),
    Case('abstract', ['import abc\nclass A(abc.ABC):\n    @abc.abstractmethod\n    def f(s): ...\nclass B(A):\n    def f(s): return 1\nb = B()'], ['b = A = B = 0'], '(b.f(), isinstance(b, A), sorted(A.__abstractmethods__))'),
    Case('dict subclass', ["class M(dict):\n    def __setitem__(s, k, v): raise ValueError\nm = M(a=1); m.note = 'n'"], ["m.note = 'x'"], '(dict(m), m.note, type(m) is M)'),
    Case('list subclass', ["class M(list):\n    def append(s, v): raise ValueError\nm = M([1]); m.note = 'n'"], ["m.note = 'x'"], '(list(m), m.note)'),
    Case('int subclass', ['class M(int): pass\nm = M(4); m.note = [1]'], ['m.note.append(2)'], '(m + 1, m.note)'),
    Case('greedy getattr', ["class G:\n    def __init__(s): s.d = {'a': 1}\n    def __getattr__(s, n): return s.d[n]\ng = G()"], ["g.d['a'] = 2"], 'g.a'),
    Case('singleton', ['class S:\n    one = None\n    def __new__(cls):\n        if cls.one is None: cls.one = super().__new__(cls)\n        return cls.one\ns = S(); s.v = 1'], ['s.v = 2'], '(s.v, S() is s)'),
    Case('own reducer', ['class R:\n    def __init__(s): s.v = [1]\n    def __reduce__(s): return (R, ())\nr = R()'], ['r.v.append(2)'], 'r.v', expected='lost'),
    Case('reducer that raises', ['class R:\n    def __reduce__(s): raise SystemExit\nr = R(); a = [1]'], ['r = 0; a.append(1)'], 'a', expected='lost'),
    Case('getstate that drops', ['class R:\n    def __init__(s): s.v = 1\n    def __getstate__(s): return {}\nr = R()'], ['r.v = 2'], 'r.v', expected='lost'),
    Case('metaclass', ['class M(type):\n    made = []\n    def __init__(c, *a): M.made.append(c.__name__)\nclass A(metaclass=M): pass'], ['A.v = 1'], "hasattr(A, 'v')", expected='lost'),
    Case('registering base', ['class B:\n    subs = []\n    def __init_subclass__(c): B.subs.append(c)\nclass C(B): pass'], ['C.v = 1'], '(len(B.subs), B.subs[0] is C)', expected='lost'),
    Case('sentinel', ["NO = object(); d = {'a': NO}"], ["d['b'] = 1"], "(d['a'] is NO, len(d))"),
    Case('exception', ['try: 1 / 0\nexcept Exception as e: err = e'], ['err = None'], '(type(err).__name__, err.args)'),
    Case('own exception', ["class Oops(Exception):\n    def __init__(s, a, b): super().__init__(f'{a}{b}'); s.a = a\ne = Oops(1, 2)"], ['e = 0'], '(e.args, e.a)'),
    # the standard library
    Case('collections', ["from collections import *\nd = deque([1], 3); c = Counter('aab'); o = OrderedDict(b=1, a=2); f = defaultdict(list)"], ["d.append(2); c['z'] = 1; o['c'] = 1; f['x'].append(1)"], '(list(d), d.maxlen, c, list(o), f, f.default_factory)'),
    Case('sets', ["s = {1, 2}; fs = frozenset([(1, 'a')])"], ['s.add(3)'], '(s, fs)'),
    Case('bytearray', ["b = bytearray(b'ab'); m = [b]"], ['b.append(1)'], '(b, m[0] is b)', 'b.append(2)', 'm'),
    Case('dates and numbers', ["import datetime, decimal, fractions, uuid, pathlib, re\nv = [datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc), decimal.Decimal('1.2'), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.Path('a/b'), re.compile('a+', re.I)]"], ['v.clear()'], 'v'),
    Case('random generator', ['import random\nr = random.Random(3)'], ['r.random()'], '1', 'x = r.random()', 'x'),
    Case('iterator', ['L = [1, 2, 3]; it = iter(L); next(it)'], ['next(it)'], 'L', 'r = next(it); L.append(9)', '(r, list(it))'),
    Case('zip and map', ["z = zip([1, 2, 3], 'abc'); m = map(abs, [-1, -2]); next(z)"], ['next(z); next(m)'], '1', 'r = (next(z), next(m))', 'r'),
    Case('dict iterator', ['d = {1: 2, 3: 4}; it = iter(d); next(it)'], ['next(it)'], '1', 'r = next(it)', 'r', expected='lost'),
    Case('generator that has ended', ['def gen(a, /, b, *c, d=1, **e):\n    def inner(): return a, b\n    yield n\nn = 1; g = gen(1, 2, 3, d=4, f=5); L = [*g]'], ['g = 0'], '(g.__qualname__, g.gi_frame, g.gi_code.co_firstlineno, g.gi_code.co_name)', 'r = list(g)', 'r'),
    Case('generator expression that has ended', ['x = [1]; g = (i for i in x); L = list(g)'], ['g = 0'], '(g.__name__, g.gi_frame)', 'r = list(g)', 'r'),
    Case('generator', ['g = (i for i in range(5)); next(g)'], ['next(g)'], '1', 'r = next(g)', 'r', expected='lost'),
    Case('lock', ['import threading\nk = threading.Lock()'], ['k.acquire()'], 'k.locked()', 'k.acquire()', 'k.locked()'),
    Case('held lock', ['import threading\nk = threading.Lock(); _ = k.acquire()'], ['k.release()'], 'k.locked()', 'k.release()', 'k.locked()'),
    Case('locks that are shared', ['import threading\nk = threading.RLock(); c = threading.Condition(k); o = [k]'], ['o.append(1)'], '(c._lock is k, o[0] is k)', 'with c: r = 1', 'r'),
    Case('re-entrant lock that is held', ['import threading\nk = threading.RLock(); _ = k.acquire()'], ['k.release()'], '1', expected='lost'),
    Case('event and semaphores', ['import threading\ne = threading.Event(); s = threading.Semaphore(2); b = threading.BoundedSemaphore(1)'], ['e.set(); _ = s.acquire(); _ = b.acquire()'], '(e.is_set(), s._value, b._value)', 'e.set(); s.release()', '(e.is_set(), s._value)'),
    Case('queue', ['import queue\nq = queue.Queue(); q.put([1])'], ['q.put(2)'], '(q.qsize(), q.unfinished_tasks)', 'r = q.get(timeout=5)', 'r'),
    Case('weak reference', ['import weakref\nclass O: pass\no = O(); w = weakref.ref(o)'], ['o = None'], 'w() is o and o is not None'),
    Case('dead weak reference', ['import weakref\nclass O: pass\nw = weakref.ref(O())'], ['w = 1'], 'w()'),
    Case('weak dictionary', ['import weakref\nclass O: pass\no = O(); w = weakref.WeakValueDictionary(a=o)'], ['o = None'], '1', expected='lost'),
    Case('string stream', ["import io\nf = io.StringIO('a\\nb\\n'); f.readline()"], ['f.readline()'], 'f.tell()', 'r = f.readline()', 'r'),
    Case('module', ['import json as j'], ['j = None'], 'j.dumps([1])'),
    Case('array module', ["import array\na = array.array('i', [1, 2])"], ['a[0] = 5'], 'a.tolist()'),
    Case('ctypes array', ['import ctypes\na = (ctypes.c_int * 3)(1, 2, 3)'], ['a[0] = 9'], 'list(a)'),
    Case('mapping proxy', ["import types\nd = {'a': 1}; p = types.MappingProxyType(d)"], ["d['b'] = 2"], '(dict(p), d)', "d['c'] = 3", 'dict(p)'),
    Case('context variable', ["import contextvars\nc = contextvars.ContextVar('c', default=0)"], ['c.set(1)'], '(c.get(), c.name)', 'c.set([2])', 'c.get()'),
    Case('context variable without default', ["import contextvars\nc = contextvars.ContextVar('c'); d = contextvars.ContextVar('d'); d.set([1])"], ['c.set(1)'], '(c.get(None), d.get())', 'd.get().append(2)', 'd.get()'),
    Case('file that is read', ["open('t.txt', 'w').write('l1\\nl2\\nl3\\n'); f = open('t.txt'); r = f.readline()"], ['f.readline()'], '(f.tell(), f.name, f.mode, f.encoding)', 'r = f.readline()', 'r'),
    Case('binary file that is read', ["open('t.bin', 'wb').write(bytes(range(99))); f = open('t.bin', 'rb'); r = f.read(9); g = open('t.bin', 'rb', buffering=0); r = g.read(3)"], ['f.read(9); g.read(9)'], '(f.tell(), g.tell(), f.mode)', 'r = (f.read(2), g.read(2))', 'r'),
    Case('file and its buffer', ["open('t.txt', 'w').write('l1'); f = open('t.txt'); b = f.buffer"], ['f.read()'], 'f.buffer is b', 'r = f.read()', 'r'),
    Case('file that is closed', ["with open('t.txt', 'w') as f: f.write('l1')"], ['f = 1'], '(f.name, f.mode, f.closed, f.encoding, f.errors)'),
    Case('binary files that are closed', ["with open('t.txt', 'wb') as f, open('t.txt', 'rb') as g, open('t.txt', 'ab+') as h: pass"], ['f = g = h = 1'], '[(x.name, x.mode, x.closed) for x in (f, g, h)]'),
    Case('file in a list', ["with open('t.txt', 'w') as f: f.write('l1')\nL = [f]"], ['L.append(1)'], 'L[0] is f and f.closed'),
    Case('file that is written', ["f = open('t.txt', 'w')"], ['f.write("x")'], '1', expected='lost'),
    Case('file with returns', ["open('t.bin', 'wb').write(b'a\\r\\nb'); f = open('t.bin')"], ['f.read()'], '1', expected='lost'),
    Case('file that was changed since', ["open('t.txt', 'w').write('l1'); f = open('t.txt')"], ["open('t.txt', 'w').write('other'); f.read()"], '1', expected='lost'),
    Case('thread', ['import threading\nL = []; t = threading.Thread(target=L.append, args=(1,))'], ['L.append(5)'], 'L', expected='lost'),
    # numpy
    Case('array in place', [NUMPY + 'a = np.arange(5)'], ['a += 1'], 'a.tolist()'),
    Case('view', [NUMPY + 'a = np.zeros(4)', 'v = a[1:]'], ['a[2] = 5'], '(a.tolist(), v.tolist(), np.shares_memory(a, v))', 'a[3] = 8', 'v.tolist()'),
    Case('view without its base', [NUMPY + 'v = np.arange(6.).reshape(2, 3)[:, ::-1]'], ['v[0, 0] = 9'], '(v.tolist(), v.strides)'),
    Case('two views', [NUMPY + 'b = np.arange(8); v = b[::2]; w = b[4:]; del b'], ['v[3] = 50'], '(v.tolist(), w.tolist())', 'w[2] = 7', 'v.tolist()'),
    Case('transposed', [NUMPY + 'a = np.arange(6).reshape(2, 3); t = a.T'], ['t[0, 0] = 9'], '(a.tolist(), t.flags.f_contiguous)', 'a[1, 1] = 70', 't.tolist()'),
    Case('fortran', [NUMPY + 'a = np.asfortranarray([[1, 2], [3, 4]])'], ['a[0, 1] = 9'], '(a.tolist(), a.flags.f_contiguous, a.strides)'),
    Case('axes in another order', [NUMPY + "a = np.copy(np.arange(24).reshape(2, 3, 4).transpose(1, 2, 0), order='K')"], ['a[0] = 0'], '(a.tolist(), a.strides)'),
    Case('read-only', [NUMPY + 'a = np.arange(3); a.flags.writeable = False'], ['a.flags.writeable = True; a[0] = 5'], '(a.tolist(), a.flags.writeable)'),
    Case('objects', [NUMPY + 'L = [1]; a = np.array([L, None], dtype=object)'], ['L.append(2)'], '(a[0] is L, a.tolist())', 'L.append(3)', 'a.tolist()'),
    Case('view of objects', [NUMPY + 'a = np.array([[1], 2, 3], dtype=object); v = a[1:]'], ['v[0] = 9'], 'a.tolist()', "a[2] = 'x'", 'v.tolist()'),
    Case('records', [NUMPY + "a = np.zeros(3, [('x', 'i4'), ('y', 'f8')]); v = a['y']"], ["a['x'] = 1; v[0] = 2"], '(a.tolist(), v.tolist())', "a['y'] = 3", 'v.tolist()'),
    Case('dates', [NUMPY + "a = np.array(['2020-01-01'], 'M8[D]'); b = np.array(['ab', 'c'])"], ["a += 1; b[0] = 'z'"], '(a, b)'),
    Case('scalars and empty', [NUMPY + 'a = np.float32(3); b = np.zeros((0, 3)); c = np.array(5)'], ['a = b = 0; c[...] = 7'], '(a, type(a), b.shape, c.item())'),
    Case('masked', [NUMPY + 'a = np.ma.array([1, 2, 3], mask=[0, 1, 0])'], ['a[0] = 9'], '(a.tolist(), a.mask.tolist())'),
    Case('subclass with attributes', [NUMPY + "class Q(np.ndarray): pass\na = np.arange(3).view(Q); a.unit = 'm'"], ["a.unit = 's'"], '(a.unit, a.tolist(), type(a) is Q)'),
    Case('from a bytearray', [NUMPY + "b = bytearray(8); a = np.frombuffer(b, 'u1')"], ['b[0] = 1'], 'a.tolist()', 'b[1] = 5', 'a.tolist()'),
    Case('generator of numpy', [NUMPY + 'g = np.random.default_rng(0)'], ['g.random(3)'], '1', 'r = g.random()', 'r'),
    Case('resizable', [NUMPY + 'a = np.arange(3)'], ['a[0] = 7'], 'a.tolist()', 'a.resize(5, refcheck=False)', 'a.tolist()'),
    Case('mapped from a file', [NUMPY + "import tempfile\nm = np.memmap(tempfile.mktemp(), 'f4', 'w+', shape=(4,))"], ['m[0] = 9'], 'm.tolist()', expected='lost'),
    # pandas
    Case('new column', [PANDAS + "df = pd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"], ["df['c'] = 1"], '(df.columns.tolist(), df.to_dict())', "df.loc[5] = [7, 'q']", 'df.to_dict()'),
    Case('cell of a frame', [PANDAS + "df = pd.DataFrame({'a': [1, 2]})"], ['df.iloc[0, 0] = 100'], 'df.a.tolist()'),
    Case('attributes of a frame', [PANDAS + "df = pd.DataFrame({'a': [1]}); df.attrs['u'] = 'm'"], ["df.attrs['u'] = 's'"], 'df.attrs'),
    Case('copy on write', [PANDAS + "a = pd.DataFrame({'x': [1, 2]}); b = a[:]; box = [a, b]"], ['a.iloc[0, 0] = 9'], '(a.x.tolist(), b.x.tolist(), box[0] is a)', 'a.iloc[0, 0] = 5', '(a.x.tolist(), b.x.tolist())'),
    Case('copy on write, extension', [PANDAS + "a = pd.Series([1, None], dtype='Int64'); b = a[:]; box = [a, b]"], ['a.iloc[0] = 9'], '(a.tolist(), b.tolist())', 'a.iloc[0] = 5', '(a.tolist(), b.tolist())'),
    Case('series of an index', [PANDAS + 'i = pd.Index([1, 2, 3]); s = pd.Series(i); box = [i, s]'], ['s.iloc[0] = 9'], '(i.tolist(), s.tolist())', 's.iloc[0] = 5', '(i.tolist(), s.tolist())'),
    Case('index of a series', [PANDAS + 'i = pd.Index([1, 2, 3]); s = pd.Series(i); box = [s, i]'], ['s.iloc[0] = 9; box.append(1)'], '(i.tolist(), s.tolist())', 's.iloc[0] = 5', '(i.tolist(), s.tolist())'),
    Case('array of a frame', [PANDAS + "df = pd.DataFrame({'x': [1, 2]}); v = df['x'].to_numpy()"], ['df.iloc[0, 0] = 9'], 'v.tolist()', 'df.iloc[0, 0] = 5', 'v.tolist()'),
    Case('objects in a frame', [PANDAS + 'L = [1]; s = pd.Series([L, 2], dtype=object)'], ['s[0].append(5)'], '(s[0] is L, L)', 'L.append(3)', 's[0]'),
    Case('index', [PANDAS + "df = pd.DataFrame({'a': [1]}, index=['r']); i = df.index"], ["i.name = 'n'"], '(df.index.name, df.index is i)', "i.name = 'm'", 'df.index.name'),
    Case('kinds of columns', [PANDAS + "df = pd.DataFrame({'t': pd.to_datetime(['2020-01-01', None]), 'z': pd.to_datetime(['2020-01-01', None]).tz_localize('UTC'), 'c': pd.Categorical(['a', 'b']), 'i': pd.array([1, None]), 'b': pd.array([True, None]), 's': ['x', None], 'p': pd.period_range('2020', periods=2)})"], ["df.loc[0, 'c'] = 'b'; df.loc[0, 's'] = 'w'"], '(df.to_dict(), df.dtypes.tolist())'),
    Case('multi-index', [PANDAS + "df = pd.DataFrame({'v': [1, 2]}, index=pd.MultiIndex.from_tuples([('a', 1), ('b', 2)], names=['p', 'q']))"], ["df.loc[('a', 1), 'v'] = 9"], '(df.to_dict(), df.index.names)'),
    Case('grouping', [PANDAS + "df = pd.DataFrame({'a': [1, 1], 'b': [1, 2]}); g = df.groupby('a')"], ["df.loc[0, 'b'] = 9"], 'g.b.sum().tolist()'),
    # libraries
    Case('fitted model', ['from sklearn.linear_model import LinearRegression\nX = [[0.], [1.], [2.]]; y = [0., 2., 4.]\nm = LinearRegression()'], ['m.fit(X, y)'], "hasattr(m, 'coef_')", 'm.fit(X, y)', 'round(m.predict([[3.]])[0], 6)'),
    Case('forest', ['from sklearn.ensemble import RandomForestClassifier\nm = RandomForestClassifier(3, random_state=0).fit([[0], [1]], [0, 1])'], ['m.fit([[0], [1]], [1, 0])'], 'm.predict([[0], [1]]).tolist()'),
    Case('sparse', ['import scipy.sparse as sp\ns = sp.csr_matrix([[1, 0], [0, 2]])'], ['s.data[0] = 9'], 's.toarray().tolist()'),
    Case('arrow', ["import pyarrow as pa\nt = pa.table({'a': [1, 2], 's': ['x', None]})"], ['t = t.slice(1)'], 't.to_pydict()'),
    Case('figure', ["import matplotlib; matplotlib.use('agg')\nimport matplotlib.pyplot as plt\nfig, ax = plt.subplots(); l = ax.plot([1, 2])"], ["ax.set_title('T')"], '(ax.get_title(), ax.figure is fig, l[0].axes is ax)', "ax.set_xlabel('q')", 'fig.axes[0].get_xlabel()'),
    # interpreter state
    Case('random', ['import random\nrandom.seed(1)'], ['random.random()'], '1', 'r = random.random()', 'r'),
    Case("numpy's generator", [NUMPY + 'np.random.seed(0)'], ['np.random.rand(3)'], '1', 'r = np.random.rand()', 'r'),
    Case('folder', ['import os, tempfile; home = os.getcwd()'], ['os.chdir(tempfile.gettempdir())'], 'os.getcwd() == home'),
    Case('environment', ["import os; os.environ['NBR_A'] = '1'"], ["os.environ['NBR_A'] = '2'; os.environ['NBR_B'] = '3'"], "(os.environ['NBR_A'], 'NBR_B' in os.environ)"),
    Case('print options', [NUMPY + 'np.set_printoptions(precision=3)'], ['np.set_printoptions(precision=8)'], "np.get_printoptions()['precision']"),
    Case('settings', ["import matplotlib as mpl\nmpl.rcParams['lines.linewidth'] = 1.0"], ["mpl.rcParams['lines.linewidth'] = 5.0"], "mpl.rcParams['lines.linewidth']"),
    Case("pandas' options", [PANDAS + "pd.set_option('display.max_rows', 11)"], ["pd.set_option('display.max_rows', 12)"], "pd.get_option('display.max_rows')"),
    Case('log level', ["import logging\nlogging.getLogger('nbr.q').setLevel(10)"], ["logging.getLogger('nbr.q').setLevel(40)"], "logging.getLogger('nbr.q').level"),
    Case('decimals', ['import decimal\ndecimal.getcontext().prec = 7'], ['decimal.getcontext().prec = 5'], 'str(decimal.Decimal(1) / 3)'),
    Case('warnings', ["import warnings\nwarnings.simplefilter('error', UserWarning)"], ['warnings.resetwarnings()'], 'warnings.filters[0][0]'),
]
# fmt: on
