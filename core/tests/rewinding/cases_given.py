# ruff: noqa: E501
"""Traps into which checkpoints of notebooks fall: the cases that the project was given."""

from .form import Case

CASES = [
    Case("overwrite", ["x=1"], ["x=2"], "x"),
    Case("alias_cross_cell", ["a=[1,2]", "b=a"], ["b.append(3)"], "(a,b,a is b)", "a.append(9)", "(a,b)"),
    Case(
        "nested_alias",
        ["inner=[0]; outer={'i':inner}"],
        ["outer['i'].append(1)"],
        "(inner,outer,outer['i'] is inner)",
        "inner.append(7)",
        "outer",
    ),
    Case("attr_mutation", ["class C: pass\nc=C(); c.v=1"], ["c.v=2"], "c.v"),
    Case(
        "closure_cell",
        ["def mk():\n    n=[0]\n    def inc():\n        n[0]+=1\n        return n[0]\n    return inc\ninc=mk()"],
        ["inc();inc()"],
        "inc.__closure__[0].cell_contents",
        "r=inc()",
        "r",
    ),
    Case(
        "default_arg_mutable",
        ["def f(x,acc=[]):\n    acc.append(x)\n    return acc"],
        ["f(1);f(2)"],
        "f.__defaults__",
        "r=list(f(5))",
        "r",
    ),
    Case("func_global_read_after_checkout", ["x=1\ndef f(): return x"], ["x=2", "y=3"], "f()", "x=10", "f()"),
    Case("global_stmt_write_only", ["x=1\ndef setx():\n    global x\n    x=99"], ["setx()"], "x"),
    Case("globals_update", ["x=1"], ["globals().update(x=2)"], "x"),
    Case("exec_string", ["x=[1]"], ["exec('x.append(2)')"], "x"),
    Case("new_var_removed", ["x=1"], ["newv=5"], "'newv' in globals()"),
    Case(
        "class_redefinition",
        ["class P:\n    def hi(s): return 'old'\np=P()"],
        ["class P:\n    def hi(s): return 'new'\nq=P()"],
        "(p.hi(), P().hi(), isinstance(p,P))",
    ),
    Case("class_attr_via_instance", ["class K:\n    reg=[]\nk=K()"], ["k.reg.append(1)"], "(K.reg, k.reg)"),
    Case(
        "dataclass",
        ["from dataclasses import dataclass\n@dataclass\nclass D:\n    a:int=1\nd=D(3)"],
        ["d.a=7"],
        "(d.a, d==D(3))",
    ),
    Case(
        "namedtuple",
        ["from collections import namedtuple\nPt=namedtuple('Pt','x y')\np=Pt(1,2)"],
        ["p=None"],
        "(p, isinstance(p,Pt))",
    ),
    Case(
        "numpy_view_crosscell",
        ["import numpy as np\na=np.zeros(4)", "v=a[1:]"],
        ["a[2]=5"],
        "(a.tolist(), v.tolist(), np.shares_memory(a,v))",
        "a[3]=8",
        "v.tolist()",
    ),
    Case("numpy_inplace", ["import numpy as np\na=np.arange(5)"], ["a+=1"], "a.tolist()"),
    Case(
        "memmap",
        ["import numpy as np\nm=np.memmap('m.dat',dtype='f4',mode='w+',shape=(4,)); m[:]=1; m.flush()"],
        ["m[0]=9; m.flush()"],
        "(m.tolist(), type(m).__name__)",
    ),
    Case(
        "pandas_col_assign",
        ["import pandas as pd\ndf=pd.DataFrame({'a':[1,2],'b':[3,4]})"],
        ["df['c']=df.a+df.b"],
        "df.columns.tolist()",
    ),
    Case(
        "pandas_iloc",
        ["import pandas as pd\ndf=pd.DataFrame({'a':[1,2],'b':[3,4]})"],
        ["df.iloc[0,0]=100"],
        "df.a.tolist()",
    ),
    Case("pandas_attrs", ["import pandas as pd\ndf=pd.DataFrame({'a':[1]})"], ["df.attrs['k']=1"], "df.attrs"),
    Case(
        "np_random_state",
        ["import numpy as np\nnp.random.seed(0)"],
        ["np.random.rand(3)"],
        "np.random.get_state()[2]",
        "r=np.random.rand()",
        "round(r,6)",
    ),
    Case(
        "rng_object",
        ["import numpy as np\nrng=np.random.default_rng(0)"],
        ["_=rng.random(5)"],
        "rng.bit_generator.state['state']['state']",
        "r=rng.random()",
        "round(r,6)",
    ),
    Case(
        "cwd",
        ["import os\nos.makedirs('sub',exist_ok=True); home=os.getcwd()"],
        ["os.chdir('sub')"],
        "os.getcwd()==home",
    ),
    Case(
        "mpl_rc",
        ["import matplotlib as mpl\nmpl.rcParams['lines.linewidth']=1.0"],
        ["mpl.rcParams['lines.linewidth']=5.0"],
        "mpl.rcParams['lines.linewidth']",
    ),
    Case(
        "np_printoptions",
        ["import numpy as np\nnp.set_printoptions(precision=3)"],
        ["np.set_printoptions(precision=8)"],
        "np.get_printoptions()['precision']",
    ),
    Case(
        "logging_level",
        ["import logging\nlogging.getLogger('q').setLevel(10)"],
        ["logging.getLogger('q').setLevel(40)"],
        "logging.getLogger('q').level",
    ),
    Case(
        "user_module_registry",
        [
            "open('mymod.py','w').write('reg=[]\\ndef add(x): reg.append(x)\\n')\nimport sys; sys.path.insert(0,'.')\nimport mymod"
        ],
        ["mymod.add(1)"],
        "mymod.reg",
    ),
    Case(
        "monkeypatch_lib", ["import json\n_orig=json.dumps"], ["json.dumps=lambda *a,**k:'patched'"], "json.dumps({})"
    ),
    Case(
        "contextvar",
        ["import contextvars\ncv=contextvars.ContextVar('cv',default=0)\ncv.set(1)"],
        ["cv.set(2)"],
        "cv.get()",
    ),
    Case("iterator_list", ["L=[1,2,3]; it=iter(L); next(it)"], ["next(it)"], "L", "r=next(it)", "r"),
    Case("zip_map_iter", ["z=zip([1,2,3],'abc'); next(z)"], ["next(z)"], "1", "r=next(z)", "r"),
    Case(
        "open_file_read",
        ["open('f.txt','w').write('l1\\nl2\\nl3\\n')\nf=open('f.txt'); a=f.readline()"],
        ["b=f.readline()"],
        "f.tell()",
        "r=f.readline()",
        "r",
    ),
    Case(
        "file_deleted",
        ["open('o.txt','w').write('one'); x=1"],
        ["import os; os.remove('o.txt')"],
        "__import__('os').path.exists('o.txt')",
    ),
    Case("lock", ["import threading\nlk=threading.Lock()"], ["lk.acquire()"], "lk.locked()"),
    Case(
        "thread_mutates_untouched",
        [
            "import threading,time\ndata=[0]\ndef w():\n    time.sleep(0.6); data.append(1)\nthreading.Thread(target=w,daemon=True).start()"
        ],
        ["q=1; import time; time.sleep(1.0)", "q2=1"],
        "data",
    ),
    Case("partial", ["from functools import partial\np=partial(int,base=2)"], ["p=partial(int,base=8)"], "p('10')"),
    Case(
        "weakref", ["import weakref\nclass O: pass\no=O(); w=weakref.ref(o)"], ["o=None"], "w() is o and o is not None"
    ),
    Case(
        "mpl_figure",
        ["import matplotlib.pyplot as plt\nfig,ax=plt.subplots(); l=ax.plot([1,2])"],
        ["ax.set_title('T')"],
        "ax.get_title()",
        "ax.set_xlabel('q')",
        "fig.axes[0].get_xlabel()",
    ),
    Case(
        "polars",
        ["import polars as pl\ndf=pl.DataFrame({'a':[1,2]})"],
        ["df=df.with_columns(b=pl.lit(1))"],
        "df.columns",
    ),
    Case(
        "sklearn_fit",
        [
            "from sklearn.linear_model import LogisticRegression\nfrom sklearn.datasets import load_iris\nX,y=load_iris(return_X_y=True)\nm=LogisticRegression(max_iter=500)"
        ],
        ["m.fit(X,y)"],
        "hasattr(m,'coef_')",
    ),
    Case("big_int", ["n=2**100000"], ["n+=1"], "hash(n)"),
    Case("exception_midcell", ["x=[1]"], ["x.append(2); y=5; raise ValueError('boom')"], "(x,'y' in globals())"),
    Case("out_history", ["1+1", "[5,6]"], ["Out[2].append(7)"], "Out[2]"),
    Case("cell_magic_time", ["%%time\na=[1]"], ["a.append(2)"], "a"),
    Case("bang_assign", ["out=!echo hi"], ["out=!echo bye"], "list(out)"),
    Case(
        "async_task",
        [
            "import asyncio\nres=[]\nasync def co():\n    await asyncio.sleep(0.01); res.append(1)\ntask=asyncio.ensure_future(co())\nawait asyncio.sleep(0.05)"
        ],
        ["res.append(2)"],
        "res",
    ),
    Case("recursive_struct", ["l=[1]; l.append(l)"], ["l.append(2)"], "(len(l), l[1] is l)"),
    Case(
        "cross_obj_parent",
        ["class N:\n    def __init__(s,p=None): s.p=p; s.kids=[]\nroot=N(); kid=N(root); root.kids.append(kid)"],
        ["kid.kids.append(1)"],
        "(root.kids[0] is kid, kid.p is root, kid.kids)",
    ),
    Case("slots", ["class S:\n    __slots__=('a',)\ns=S(); s.a=1"], ["s.a=2"], "s.a"),
    Case("ctypes_array", ["import ctypes\narr=(ctypes.c_int*3)(1,2,3)"], ["arr[0]=9"], "list(arr)"),
    Case("deque", ["from collections import deque\nd=deque([1],maxlen=2)"], ["d.append(2)"], "(list(d),d.maxlen)"),
    Case("exception_obj", ["try: 1/0\nexcept Exception as e: err=e"], ["err=None"], "type(err).__name__"),
    Case(
        "torch_tensor",
        ["import torch\nt=torch.zeros(3); v=t[:2]"],
        ["v.add_(1)"],
        "(t.tolist())",
        "v.add_(1)",
        "t.tolist()",
    ),
    Case(
        "torch_rng",
        ["import torch\ntorch.manual_seed(0)"],
        ["torch.rand(3)"],
        "1",
        "r=float(torch.rand(1))",
        "round(r,5)",
    ),
]
