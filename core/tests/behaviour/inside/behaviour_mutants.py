"""Recorders that misbehave, one in each way that the harness must notice. ``install(name)`` is their ``%load_ext``."""

import ast
import contextlib
import gc
import io
import os
import pickle
import random
import sys
import threading
import time
import warnings


def install(name):
    """Install the recorder of that name in this kernel."""
    from IPython import get_ipython

    MUTANTS[name](get_ipython())


def _after(action):
    return lambda ip: ip.events.register("post_run_cell", lambda result: action(ip))


def _before(action):
    return lambda ip: ip.events.register("pre_run_cell", lambda info: action(ip))


held = []


def holds_references(ip):
    held.append({name: value for name, value in ip.user_ns.items() if not name.startswith("_")})


def raises_in_hook(ip):
    raise RuntimeError("a bug of the recorder")


def leaves_a_name(ip):
    ip.user_ns["recorder"] = 1


def swallows_errors(ip):
    ip._showtraceback = lambda etype, evalue, stb: None


def rewrites_tree(ip):
    class Wrap(ast.NodeTransformer):
        def visit_Module(self, node):
            node.body = [ast.Try(node.body, [], [], [ast.Pass()])] if node.body else []
            return ast.fix_missing_locations(node)

    ip.ast_transformers.append(Wrap())


def round_trips(ip):
    """Serialise and load every value, as one published system does with dill: files are opened again."""
    for name, value in list(ip.user_ns.items()):
        if isinstance(value, io.TextIOWrapper) and not name.startswith("_") and value.name != os.devnull:
            with contextlib.suppress(Exception):
                open(value.name, value.mode).close()


def replaces_values(ip):
    for name, value in list(ip.user_ns.items()):
        if not name.startswith("_"):
            with contextlib.suppress(Exception):
                ip.user_ns[name] = pickle.loads(pickle.dumps(value))


def exports_buffers(ip):
    held.clear()
    for name, value in list(ip.user_ns.items()):
        if isinstance(value, bytearray) and not name.startswith("_"):
            held.append(memoryview(value))


def consumes_iterators(ip):
    for name, value in list(ip.user_ns.items()):
        if hasattr(value, "__next__") and not name.startswith("_"):
            next(value, None)


def swallows_interrupts(ip):
    """Wait in a way that eats the interrupt."""

    def patched(seconds, sleep=time.sleep):
        with contextlib.suppress(KeyboardInterrupt):
            sleep(seconds)

    time.sleep = patched


def reformats(ip):
    ip.display_formatter.formatters["text/plain"].for_type(list, lambda o, p, cycle: p.text("a list"))


def wraps_stdout(ip):
    class Tee(io.TextIOBase):
        def __init__(self, inner):
            self.inner = inner

        def write(self, text):
            return self.inner.write(text)

        def flush(self):
            self.inner.flush()

    sys.stdout = Tee(sys.stdout)


MUTANTS = {
    "prints": _after(lambda ip: print("recorded")),
    "holds-references": _after(holds_references),
    "raises-in-hook": _after(raises_in_hook),
    "raises-before": _before(raises_in_hook),
    "leaves-a-name": _after(leaves_a_name),
    "swallows-errors": swallows_errors,
    "rewrites-tree": rewrites_tree,
    "collects-garbage": _after(lambda ip: gc.collect()),
    "opens-files-again": _after(round_trips),
    "replaces-values": _after(replaces_values),
    "exports-buffers": _after(exports_buffers),
    "consumes-iterators": _after(consumes_iterators),
    "draws-random": _after(lambda ip: random.random()),
    "traces": _before(lambda ip: sys.settrace(lambda *arguments: None)),
    "gc-callback": lambda ip: gc.callbacks.append(lambda phase, info: None),
    "counts-on": _after(lambda ip: setattr(ip, "execution_count", ip.execution_count + 1)),
    "forgets-warnings": _before(lambda ip: warnings.simplefilter("ignore")),
    "changes-folder": _after(lambda ip: os.environ.update(RECORDED="1")),
    "leaves-a-file": _after(lambda ip: open("record.db", "a").close()),
    "starts-a-thread": lambda ip: threading.Thread(target=time.sleep, args=(3600,), name="writer", daemon=True).start(),
    "reformats": reformats,
    "wraps-stdout": wraps_stdout,
    "swallows-interrupts": swallows_interrupts,
    "delays-nothing": lambda ip: None,
}
"""The last one does nothing: the harness must find no difference."""
