# ruff: noqa: E501
"""Dictionaries of attributes that something else has as well, and state that lies in classes."""

from .form import RESTART, Case

BORG = (
    "class Borg:\n    state = {}\n    def __init__(self): self.__dict__ = self.state\na = Borg(); b = Borg(); a.x = [1]"
)

# fmt: off
CASES = [
    Case("attributes_in_a_variable", ["class O: pass\no = O(); v = vars(o)"], ["v['k'] = 1"], "(v, hasattr(o, 'k'))", "v['m'] = 2", "o.m", why="the variable is what the object keeps its attributes in"),
    Case("arguments_as_a_dictionary", ["import argparse\nns = argparse.Namespace(a=1, b=[2]); cfg = vars(ns)"], ["cfg['a'] = 2; ns.z = 1"], "(ns.a, cfg, vars(ns) is cfg)", "cfg['q'] = 5", "ns.q", why="the usual way to a configuration"),
    Case("attributes_of_a_simple_namespace", ["import types\nns = types.SimpleNamespace(a=1); cfg = vars(ns)"], ["cfg['a'] = 2; ns.z = 1"], "(ns.a, cfg)", "cfg['q'] = 5", "ns.q", lost="cfg|ns", why="Python has no way to give one its dictionary"),
    Case("attributes_of_a_message", ["from email.message import Message\nm = Message(); m['a'] = 'b'; v = m.__dict__"], ["v['_headers'] = []; m.zz = 1"], "(m['a'], 'zz' in v)", "v['new'] = 4", "m.new", why="a class of a library"),
    Case("attributes_shared", ["class O: pass\no = O(); p = O(); p.__dict__ = o.__dict__; o.x = 1"], ["p.x = 2"], "(o.x, p.x)", "p.x = 7", "o.x", why="two objects have the same dictionary"),
    Case("attributes_with_slots", ["class B:\n    __slots__ = ('t', '__dict__')\nb = B(); b.t = [1]; b.x = 2; v = vars(b)"], ["v['x'] = 3; b.t.append(2)"], "(b.x, b.t, v)", "v['y'] = b.t", "b.y is b.t", why="attributes beside slots"),
    Case("attributes_are_items", ["class AD(dict):\n    def __init__(s, *a, **k):\n        super().__init__(*a, **k); s.__dict__ = s\nd = AD(a=1, n=AD(b=2))"], ["d.a = 5; d['c'] = 1; d.n.b = 9"], "(d.a, d, d.n.b, d.__dict__ is d, hasattr(d, 'c'))", "d.x = 7", "d['x']", why="a dictionary that is its own attributes"),
    Case("attributes_in_a_list", ["class O:\n    def __init__(s, v): s.v = v\nos_ = [O(1), O(2)]; rows = [vars(o) for o in os_]"], ["rows[0]['v'] = 9; os_[1].w = 3"], "(rows, os_[0].v)", "rows[1]['v'] = 5", "os_[1].v", why="each row is an object's"),
    Case("state_of_all_instances", [BORG], ["b.x.append(2); b.y = 1"], "(a.x, hasattr(b, 'y'))", "b.z = 3", "a.z", why="all instances have one dictionary, which the class has, too"),
    Case("state_of_all_instances_in_a_new_kernel", [BORG], ["b.x.append(2)", RESTART, "%rewind before0"], "(a.x, b.x is a.x)", "b.z = 3", "a.z", why="the same, loaded"),
    Case("attributes_by_update", ["class O: pass\no = O(); o.a = [1]"], ["o.__dict__.update(a=[2], b=3); vars(o)['c'] = 1"], "sorted(vars(o).items())", "o.a.append(5)", "o.a", why="set through the dictionary"),
    Case("bases_replaced", ["class A:\n    def f(s): return 'a'\nclass B:\n    def f(s): return 'b'\nclass C(A): pass\nc = C()"], ["C.__bases__ = (B,)"], "(c.f(), C.__mro__[1] is A)", why="a class inherits from another"),
    Case("one_instance_by_metaclass", ["class Single(type):\n    inst = {}\n    def __call__(c, *a):\n        if c not in c.inst: c.inst[c] = super().__call__(*a)\n        return c.inst[c]\nclass A(metaclass=Single):\n    def __init__(s): s.v = []\na = A(); a.v.append(1)"], ["A().v.append(2); Single.inst.clear(); z = A()"], "(a.v, A() is a)", "A().v.append(7)", "a.v", why="the metaclass keeps the instance"),
    Case("instances_from_a_pool", ["class F:\n    pool = {}\n    def __new__(c, k):\n        if k not in c.pool:\n            o = super().__new__(c); o.k = k; o.hits = 0; c.pool[k] = o\n        c.pool[k].hits += 1\n        return c.pool[k]\na = F('x'); b = F('x')"], ["F('x'); F('y')"], "(a is b, a.hits, sorted(F.pool))", "F('x')", "a.hits", why="the class keeps its instances by key"),
    Case("method_made_for_an_instance", ["import types\nclass O:\n    def __init__(s): s.n = 0\no = O()\ndef inc(s): s.n += 1; return s.n\no.inc = types.MethodType(inc, o)"], ["o.inc(); o.inc()"], "o.n", "r = o.inc()", "(r, o.n, o.inc.__self__ is o)", why="the object holds a method that holds it"),
    Case("calls_counted_by_a_wrapper", ["import functools\ndef counted(f):\n    @functools.wraps(f)\n    def w(*a):\n        w.calls += 1\n        return f(*a)\n    w.calls = 0\n    return w\n@counted\ndef sq(x): return x * x\nsq(2)"], ["sq(3); sq(4)"], "(sq.calls, sq.__wrapped__(3))", "sq(1)", "sq.calls", why="the count is an attribute of the function"),
    Case("keys_from_a_counter", ["import itertools, collections\nids = collections.defaultdict(itertools.count().__next__); ids['a']; ids['b']"], ["ids['c']"], "dict(ids)", "ids['z']", "dict(ids)", why="the factory is a method of the counter"),
    Case("environment_under_its_name", ["from os import environ\nenviron['NBR_REWIND_A'] = '1'"], ["environ['NBR_REWIND_A'] = '2'"], "environ['NBR_REWIND_A']", "environ['NBR_REWIND_A'] = '3'", "__import__('os').environ['NBR_REWIND_A']", why="the one environment of the process"),
    Case("environment_under_another_name", ["import os\nenv = os.environ; env['NBR_REWIND_B'] = '1'; copied = dict(os.environ)"], ["env['NBR_REWIND_B'] = '2'; del copied['NBR_REWIND_B']"], "(os.environ['NBR_REWIND_B'], copied['NBR_REWIND_B'], env is os.environ)", why="the one environment of the process"),
]
# fmt: on
