"""Looks at a kernel from inside, after the last cell: namespace, lifetimes, interpreter state."""

import gc
import hashlib
import json
import os
import pickle
import random
import re
import signal
import sys
import threading
import types
import warnings

_PLAIN = (int, float, complex, str, bytes, bool, type(None), type, types.ModuleType, types.BuiltinFunctionType)
_OWN = (bytearray, dict, list, set)
"""Types whose instances are the user's own: the references to others depend on what is imported."""


def state(ip):
    """Return a JSON text that describes all that later cells could find out."""
    namespace = {
        name: _describe(name, value) for name, value in sorted(ip.user_ns.items(), key=lambda item: str(item[0]))
    }
    return json.dumps({"namespace": namespace, "aliases": _aliases(ip.user_ns), "interpreter": _interpreter(ip)})


def _describe(name, value):
    kind = type(value)
    about = {"type": f"{kind.__module__}.{kind.__qualname__}"}
    if name in ("_oh", "Out", "_ih", "In", "_dh"):
        about["length"] = len(value)
    elif name not in ("get_ipython", "exit", "quit", "open"):
        about["repr"] = _attempt(lambda: repr(value)[:2000])
        about["pickle"] = _attempt(lambda: _digest(value))
        own = issubclass(kind, _OWN) or kind.__module__ == "__main__"
        if own and not name.startswith("_") and value is not sys.modules["__main__"].__dict__:  # the shell's
            about["references"] = sys.getrefcount(value)
    return about


def _attempt(action):
    try:
        return action()
    except BaseException as error:
        return f"raised {type(error).__name__}"


def _digest(value):
    return hashlib.sha256(pickle.dumps(value, 5)).hexdigest()[:16]


def _aliases(namespace):
    """Return the groups of names that hold one object."""
    names = {}
    for name, value in namespace.items():
        if not issubclass(type(value), _PLAIN) and not name.startswith("_"):
            names.setdefault(id(value), []).append(name)
    return sorted(sorted(group) for group in names.values() if len(group) > 1)


def _interpreter(ip):
    found = {
        "path": [entry for entry in sys.path if "behaviour" not in entry],
        "environment": {name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "NBREWIND"))},
        "cwd": os.getcwd(),
        "trace": str(sys.gettrace()),
        "profile": str(sys.getprofile()),
        "recursion": sys.getrecursionlimit(),
        "switch": sys.getswitchinterval(),
        "gc": [gc.isenabled(), list(gc.get_threshold()), len(gc.callbacks), len(gc.garbage), gc.get_freeze_count()],
        "hooks": [str(sys.excepthook), str(sys.displayhook), str(sys.unraisablehook), str(threading.excepthook)],
        "streams": [str(type(stream)) for stream in (sys.stdin, sys.stdout, sys.stderr)],
        "signals": {name: str(signal.getsignal(getattr(signal, name))) for name in ("SIGINT", "SIGTERM", "SIGALRM")},
        "warnings": [str(entry[:3]) for entry in warnings.filters],
        "showwarning": f"{warnings.showwarning.__module__}.{warnings.showwarning.__qualname__}",
        "builtins": sorted(name for name in vars(__import__("builtins")) if name != "__IPYTHON__"),
        "random": _digest(random.getstate()),
        "threads": sorted(re.sub(r"\d+", "N", thread.name) for thread in threading.enumerate()),
        "flags": ip.compile.flags,
        "count": ip.execution_count,
        "magics": [ip.automagic, ip.colors, ip.xmode if hasattr(ip, "xmode") else ""],
        "showtraceback": str(ip.showtraceback.__func__.__qualname__),
        "user": [type(ip.user_ns).__name__, type(ip.user_module).__name__, ip.user_module.__name__],
        "main": ip.user_module is sys.modules["__main__"] and vars(ip.user_module) is ip.user_ns,
    }
    if "numpy" in sys.modules:
        numpy = sys.modules["numpy"]
        found["numpy.random"] = _digest(numpy.random.get_state())
        found["numpy.print"] = str(numpy.get_printoptions())
    if "matplotlib" in sys.modules:
        found["matplotlib"] = str(dict(sys.modules["matplotlib"].rcParams))[:15000]
        pyplot = sys.modules.get("matplotlib.pyplot")
        found["figures"] = pyplot.get_fignums() if pyplot else []
    return found
