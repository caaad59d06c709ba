"""Statements of the generated notebooks: one in a line, ``|`` stands for the end of a line in it.

A capital letter and a digit stand for a name of a kind (``L1`` and ``L2``: two lists, perhaps the same one), ``K1`` for
a small number. Not every statement fits what another cell has bound to its names: most are guarded.
"""

IMPORTS = "import copy, functools, itertools, json, math, os, random, sys\nimport numpy as np\nimport pandas as pd"
START = """\
a, b, c = 1, 2, 3
s, t = 'x', 'y'
xs = [1, 2]
ys = [xs, 3]
zs = xs
d = {'k': xs, 'n': 1}
e = {'k': [0]}
def f(): return a
def g(): return xs
def h(x=0): xs.append(x); return len(xs)
class Base:
    count = 0
    def __init__(self, x=1): self.x, self.y = x, xs
class Other(Base):
    def show(self): return b
o = Base()
p = Other(2)
it = iter(xs)
jt = (x for x in ys)
v = np.arange(4)
w = v[1:]
df = pd.DataFrame({'x': [1, 2, 3], 'y': [3., 2., 1.]})
dg = df"""

NUMBERS = """
N1 = K1
N1 = N2 + K1
N1 += K1
N1 -= N2
N1, N2 = N2, N1
N1 = N2
S1 = str(N1)
S1 = S2 + 'x'
S1 = f'{N1}-{S2}'
if N1 > K1: N2 = K2
if N1: N2 = K1|else: N3 = K2
N1 = K1 if N2 else N3
N1 = len(L1)
N1 = abs(hash(N2)) % 7
for N1 in range(K1): N2 += N1
while N1 < K1: N1 += 1
print(N1 if N2 > K1 else S1)
if (N1 := K1) > 1: print(N1)
try: N1 = K1 / N2|except ZeroDivisionError as S1: N1 = 0
try: N1 = int(S1)|except ValueError: N1 = -1|finally: N2 = K1
N1 = _
with open(os.devnull) as S1: N1 = K1
match N1:|    case 1: S1 = 'one'|    case N2: S1 = 'more'
N1: int = K1
assert N1 < 99
"""
CONTAINERS = """
L1 = [K1, N1]
L1 = L2
L1 = list(L2)
L1 = L2[:]
L1 = [L2, L3]
L1 = L2 + [K1]
L1 = [x for x in L2 if x != N1]
L1 = copy.deepcopy(L2)
L1 = copy.copy(L2)
L1, L2 = L2, L1
L1 = L2 = [K1]
L1, *L2 = [[K1], K2, K3]
L1 = D1['k']
L1 = sorted(D1)
L1 = [*L2, *L3]
L1.append(N1)
L1.append(L2)
L1.extend([K1, K2])
L1.insert(0, K1)
L1.pop()
L1.reverse()
L1.clear()
L1.remove(K1)
L1.sort(key=str)
L1[0] = N1
L1[0].append(K1)
L1[1:] = [K1]
L1 += [K1]
L1 *= 2
list.append(L1, K1)
del L1[0]
for N1 in L1: print(N1)
for x in L1: x.append(K1)
D1 = {'k': L1, 'n': N1}
D1 = {S1: N1}
D1 = D2
D1 = dict(D2)
D1 = {**D2, 'n': K1}
D1 = {key: L1 for key in 'kj'}
D1['k'] = L1
D1['n'] = N1
D1[S1] = N1
D1['k'].append(N1)
D1['self'] = D1
D1.update(D2)
D1.update(n=K1)
D1.pop('k', None)
D1.setdefault('k', []).append(K1)
D1.clear()
D1 = dict(D1, j=K1)
del D1['k']
N1 = D1['n']
N1 = (L1, K1)
N1 = tuple(L1)
S1 = {K1, K2, N1}
S1.add(K1)
L1 = sorted(map(str, S1))
(L1 if N1 > K1 else L2).append(K2)
[L1, L2][N1 % 2].append(K1)
print(L1 is L2, L1 == L2)
print(D1 is D2, list(D1))
print(D1.get('k'), D1.get('n'))
print(L1[-1] is L2[-1])
print(len(L1), sum(map(bool, L1)))
print(any(x is L1 for x in L2))
print(*L1, sep='-')
"""
FUNCTIONS = """
def F1(): return N1
def F1(): return L1
def F1(): return F2()
def F1(): return [F2(), F3()]
def F1(x=L1): x.append(K1); return x
def F1(x=N1): return x + N2
def F1(): L1.append(N1)
def F1(): D1['n'] = N1; return D1
def F1(): return D1['n']
def F1(): return len(L1) + K1
def F1():|    global N1|    N1 = N2 + 1|    return N1
def F1():|    global L1|    L1 = [K1]
def F1():|    global N1|    del N1
def F1(*args, **options): return len(args), N1
def F1():|    try: return N1|    except NameError: return 'none'
def F1(x=K1):|    def inner(): return x + N1|    return inner
def F1(x=K1):|    kept = [x]|    def inner(): kept.append(N1); return kept|    return inner
def F1():|    import json|    json.mine = N1
def F1():|    m = math|    return m.floor(N1 + 0.5)
def F1(): return random.randrange(9)
def F1(): return eval('N1')
def F1(): globals()['N1'] = K1
def F1(): print(L1); return print
def F1(x=None): return (x or L1)[-1]
def F1(x=C1): return x.count
def F1():|    for x in L1: yield x
def make(n=K1):|    def step():|        nonlocal n|        n += 1|        return n|    return step|F1 = make()
def twice(call):|    def inner(*args): return [call(*args), call(*args)]|    return inner|@twice|def F1(): return L1
F1 = lambda: N1
F1 = lambda x=L1: x
F1 = F2
F1 = F2()
F1 = L1.append
F1 = functools.partial(F2)
F1 = functools.lru_cache(F2)
F1 = O1.show
F1 = (lambda: L1).__call__
F1.note = N1
F1.__defaults__ = (K1,)
F1()
F1(K1)
N1 = F1()
L1 = F1()
L1 = [F1, F2]
D1['f'] = F1
print(F1())
print(F1() is L1)
print(F1(K1))
print(D1['f']())
print(F1()())
print(getattr(F1, 'note', None))
print(F1.__name__, F1.__defaults__)
print([call() for call in L1])
L1 = list(map(F1, [K1, K2]))
L1 = [F1() for _ in range(K1)]
L1 = sorted([K1, K2], key=lambda x: F1())
print(max([K1, K2], key=F1))
exec('N1 = K1')
exec(f'N1 = {N2}')
exec('L1' + '.append(K1)')
globals()['N1'] = K1
globals().update(N1=K1)
print('N1' in globals())
print(sorted(name for name in globals() if len(name) == 1))
print(eval('L1'))
S1 = 'N1'|print(eval(S1))
print(F1.__globals__['N1'])
print(F1.__code__.co_names)
"""
CLASSES = """
class C1:|    count = K1|    def __init__(self, x=N1): self.x, self.y = x, L1|    def show(self): return N2
class C1:|    made = []|    count = 0|    def __init__(self): C1.made.append(N1); self.x = len(C1.made)
class C1:|    x = K1|    count = 0|    @property|    def y(self): return L1|    def show(self): return self.x
class C1:|    count = K1|    def __repr__(self): return f'<{N1}>'|    def show(self): return L1
class C1:|    count = 1|    def __init__(self): self.x = 0|    def __call__(self): self.x += N1; return self.x
class C1:|    count = 2|    def __eq__(self, other): return N1 > 1|    def __hash__(self): return 1
class C1:|    count = 3|    __slots__ = ('x', 'y')|    def __init__(self): self.x, self.y = N1, []
class C1:|    count = 4|    def __getattr__(self, name): return (name, N1)
class C1(C2):|    def show(self): return K1, N1
class C1(dict):|    count = 5|    x = K1|    def show(self): return len(self) + N1
import dataclasses|@dataclasses.dataclass|class C1:|    x: int = K1|    y: object = None|    count = 0
from collections import namedtuple|C1 = namedtuple('C1', 'x y', defaults=(K1, K2))
from enum import Enum|class C1(Enum):|    x = K1|    y = 9
C1 = C2
O1 = C1()
O1 = O2
O1 = C1(K1)
O1 = copy.copy(O2)
O1 = [C1(), C1()]
O1 = {C1(): K1}
O1.x = N1
O1.y = L1
O1.y.append(N1)
O1.z = O2
O1.x += K1
setattr(O1, S1, N1)
O1.__dict__['x'] = K1
O1.__class__ = C1
del O1.x
C1.count += 1
C1.count = N1
C1.y = L1
C1.show = lambda self: N1
L1.append(O1)
D1['o'] = O1
N1 = O1.x
L1 = O1.y
N1 = C1.count
F1 = C1
print(O1.x, O1.y)
print(O1.show())
print(O1.show(), C1.count)
print(O1())
print(O1 == O2, O1 is O2)
print(vars(O1))
print(isinstance(O1, C1), type(O1).__name__)
print(getattr(O1, 'z', None) is O2)
print(C1.count, getattr(C1, 'made', 0))
print(O1)
print(L1[-1].x)
"""
ITERATORS = """
G1 = iter(L1)
G1 = (x for x in L1)
G1 = ((x, N1) for x in L1)
G1 = G2
G1 = zip(L1, L2)
G1 = enumerate(L1)
G1 = map(F1, L1)
G1 = reversed(L1)
G1 = itertools.count(N1)
G1 = itertools.chain(L1, L2)
G1 = (F1() for _ in L1)
G1 = F1()
G1, G2 = itertools.tee(L1)
def count(n=K1):|    for i in range(n + 2): yield i + N1|G1 = count()
def keep(n):|    while True:|        n.append(K1)|        yield len(n)|G1 = keep(L1)
print(next(G1, 'end'))
N1 = next(G1)
L1 = list(itertools.islice(G1, 2))
for N1 in G1: break
for x in itertools.islice(G1, K1): L1.append(x)
L1.append(G1)
D1['it'] = G1
print(next(D1['it'], 'end'))
print(list(itertools.islice(G1, K1)))
"""
DELETIONS = """
del N1
del L1
del F1
del D1
del O1, L2
del C1
del N1, N2
try: del N1|except NameError: pass
try: print(N1)|except NameError: print('none')
try: L1|except NameError: L1 = []
try: print(F1())|except NameError as error: print(error)
try: V1|except NameError: print('no V1')|else: print('V1')
if 'N1' in globals(): del N1
if 'N1' not in globals(): N1 = K1
globals().pop('N1', None)
for N1 in L1: pass|del N1
N1 = 'N1' in dir()
"""
ARRAYS = """
A1 = np.arange(K1 + 2)
A1 = A2
A1 = A2[1:]
A1 = A2.copy()
A1 = A2.reshape(-1, 1)
A1 = A2.ravel()
A1 = A2 + K1
A1 = A2 * 1.5
A1 = np.asarray(L1, dtype=object)
A1 = np.asarray(A2)
A1 = np.array([N1, K1, K2])
A1 = np.random.rand(2)
A1 = np.random.default_rng(K1).integers(0, 9, 3)
A1 = P1['x'].to_numpy()
A1 = D1['v']
A1[0] = K1
A1[0] = N1
A1 += K1
A1 *= 2
A1[A1 > K1] = 0
A1.sort()
A1.fill(K1)
A1.flat[-1] = K1
A1.shape = (-1, 1)
A1.flags.writeable = False
A1 = np.lib.stride_tricks.sliding_window_view(A2, 2)
A1 = A2.view()
A1 = np.broadcast_to(A2, (2, *A2.shape))
np.add(A1, K1, out=A2)
np.copyto(A1, K1)
np.put(A1, [0], K1)
np.random.seed(K1)
np.random.shuffle(A1)
np.set_printoptions(precision=K1)
L1 = [A1, A2]
D1['v'] = A1
L1 = A1.tolist()
N1 = int(A1.sum())
def F1(): A1[0] = N1; return A1
for x in A1: x += 1
memoryview(A1)[0] = K1
print(A1)
print(A1.sum(), A1.shape)
print(A1 / 3)
print(np.shares_memory(A1, A2))
print(A1.flags.writeable, A1.base is None)
"""
FRAMES = """
P1 = pd.DataFrame({'x': [K1, K2], 'y': [N1, 0]})
P1 = pd.DataFrame({'x': A1[:2], 'y': K1})
P1 = P2
P1 = P2.copy()
P1 = P2[P2['x'] > K1]
P1 = P2.assign(z=N1)
P1 = P2.assign(z=lambda frame: frame['x'] + N1)
P1 = P2.head(2)
P1 = P2[['x', 'y']]
P1 = pd.concat([P1, P2], ignore_index=True)
P1 = P2.merge(P1, on='x', suffixes=('', '_'))
P1 = pd.read_csv(T1)
P1 = P2.T.T
P1 = P1.set_index('x')
P1['z'] = N1
P1['z'] = P2['x']
P1['x'] = P1['x'] + K1
P1['x'] *= 2
P1['o'] = [L1] * len(P1)
P1.loc[0, 'x'] = K1
P1.at[0, 'y'] = N1
P1.iloc[-1, 0] = K1
P1.loc[P1['x'] > K1, 'y'] = 0
P1.insert(0, f'w{len(P1.columns)}', K1)
P1.drop(columns='z', inplace=True)
P1.rename(columns={'y': 'z'}, inplace=True)
P1.sort_values('x', inplace=True)
P1.reset_index(drop=True, inplace=True)
P1.fillna(K1, inplace=True)
P1.eval('z = x + @N1', inplace=True)
P1.index.name = S1
P1.columns = [*'xyzuvw'][: len(P1.columns)]
P1.attrs['k'] = N1
P1.to_csv(T1, index=False)
P1['x'].values[0] = K1
P1.pop('y')
del P1['z']
S1 = P1['x']
S1.iloc[0] = K1
pd.set_option('display.precision', K1)
pd.options.display.max_rows = K1 + 4
L1 = P1['x'].tolist()
N1 = P1['x'].sum()
D1 = P1.to_dict('list')
D1['frame'] = P1
def F1(frame=P1): return frame['x'].sum() + N1
P1
P1 / 3
P1.dtypes
P1['x'].map(lambda x: x + N1)
P1.groupby('x')['y'].sum()
print(P1.query('x > @N1'))
print(P1['x'].tolist(), list(P1.columns))
print(P1.attrs, P1.index.name)
print(P1 is P2, P1.equals(P2))
print(P1['x'].agg(F1) if K1 else len(P1))
"""
OUTSIDE = """
with open(T1, 'w') as file: file.write(str(N1))
with open(T1, 'a') as file: file.write('x')
print(open(T1).read())
S1 = open(T1).read()
print(os.path.exists(T1))
print(os.path.getsize(T1))
print(sorted(os.listdir()))
os.remove(T1)
os.rename(T1, T2)
from pathlib import Path|Path(T1).write_text(S1)
from pathlib import Path|print(Path(T1).exists())
from pathlib import Path|print(sorted(path.name for path in Path().glob('*')))
import shutil|shutil.copy(T1, T2)
with open(T1, 'w') as file: json.dump(L1, file)
with open(T1) as file: L1 = json.load(file)
import pickle|with open(T1, 'wb') as file: pickle.dump(L1, file)
import pickle|with open(T1, 'rb') as file: L1 = pickle.load(file)
file = open(T1, 'w')|file.write(S1)
file.write(str(K1)); file.flush()
file.close()
np.savetxt(T1, A1)
A1 = np.loadtxt(T1)
os.environ[E1] = str(S1)
print(os.environ.get(E1))
os.environ.pop(E1, None)
S1 = os.getenv(E1, 'none')
def F1(): return os.environ.get(E1)
def F1(): return open(T1).read()
def F1():|    with open(T1, 'w') as file: return file.write(str(N1))
os.makedirs('sub', exist_ok=True)|os.chdir('sub')
if os.path.basename(os.getcwd()) == 'sub': os.chdir('..')
print(os.path.basename(os.getcwd()))
random.seed(K1)
random.seed(N1)
print(random.random())
N1 = random.randrange(9)
random.shuffle(L1)
random.setstate(random.Random(K1).getstate())
O1 = random.Random(K1)
print(O1.random())
math.mine = N1
print(getattr(math, 'mine', None))
json.mine = L1
print(getattr(json, 'mine', None))
import decimal|decimal.getcontext().prec = K1 + 2
import decimal|print(decimal.Decimal(1) / 3)
import warnings|warnings.warn(str(S1))
import warnings|warnings.simplefilter('ignore')
import logging|logging.warning(S1)
import logging|logging.getLogger().setLevel(K1 * 10)
sys.path.append(S1)
print(len(sys.path))
sys.setrecursionlimit(2000 + K1)
print(sys.getrecursionlimit())
from fractions import Fraction|N1 = Fraction(K1, 7)
%precision K1
print(N1 / 7); N1 / 7
!echo $N1 > two.txt
S1 = !cat two.txt
%env ORACLE_ONE=K1
%cd -q sub
from IPython.display import display|display(N1)
import builtins|builtins.mine = N1
print(mine)
np.seterr(all='ignore')
print(np.array([1.]) / 0)
"""
INPUTS = """
P1 = pd.read_csv('data.csv')
L1 = open('numbers.txt').read().split()
with open('numbers.txt') as file: N1 = len(file.read())
print(sum(map(int, open('numbers.txt'))))
A1 = np.loadtxt('numbers.txt')
with open('numbers.txt', 'a') as file: print(K1, file=file)
N1 = json.load(open('settings.json'))['n']
D1 = json.load(open('settings.json'))
with open('settings.json', 'w') as file: json.dump({'n': N1}, file)
def F1(): return json.load(open('settings.json'))['n'] + N1
from pathlib import Path|S1 = Path('data.csv').read_text()
print(os.path.getsize('data.csv'))
P1.to_csv('data.csv', index=False)
os.remove('settings.json')
S1 = os.environ.get(E1, 'none')
print(os.environ.get(E1))
def F1(): return os.environ.get(E1), N1
"""
MODULES = """
import M1
import M1 as m
from M1 import scaled
from M1 import rows, add
from M1 import Item
print(M1.scaled(N1))
print(scaled(K1))
print(add(N1), rows)
print(M1.rows, M1.scale)
print(M1.Item.made)
print(m.scale)
print(getattr(M1, 'extra', None))
N1 = M1.scaled(K1)
L1 = M1.rows
L1 = rows
O1 = M1.Item(N1)
O1 = Item(K1)
F1 = M1.scaled
F1 = scaled
F1 = M1.add
M1.scale = N1
M1.rows.append(K1)
M1.add(N1)
M1.Item.made.clear()
M1.rows = L1
def F1(): return M1.scaled(N1)
def F1(x=K1): return scaled(x) + N1
def F1(): M1.scale = N1
def F1(): import M1; return M1.rows
class C1(M1.Item):|    count = 6|    def show(self): return self.x, self.made
import importlib|importlib.reload(M1)
with open('helper.py', 'a') as file: print('extra = K1', file=file)
sys.modules.pop('M1', None)
"""
HELPER = """\
rows = []
scale = 2
def scaled(x): return x * scale
def add(x):
    rows.append(x)
    return len(rows)
class Item:
    made = []
    def __init__(self, x=1):
        self.x, self.y = x, [x + 1]
        Item.made.append(x)
    def show(self): return self.x
"""
TOOLING = """\
import helper
from helper import Item
scale = 3
rows = [scale]
def scaled(x): return helper.scaled(x) + scale
def add(x): return helper.add(x) + 10
"""
FILES = {
    "one.txt": "1",
    "numbers.txt": "1\n2\n3\n",
    "data.csv": "x,y\n1,2.5\n3,4.5\n",
    "settings.json": '{"n": 3}',
    "helper.py": HELPER,
    "tooling.py": TOOLING,
}
"""What lies beside a notebook that reads it."""

SHOWS = """
print(N1, N2)
print(L1, L2)
print(D1)
print(S1)
print(O1.x)
print(C1.count)
print(F1())
print(A1)
print(P1)
print(next(G1, 'end'))
V1
print(V1)
print(V1, V2)
N1
L1
D1
P1
"""
