"""What is known by name: builtins, calls that hide what they read, magics, context managers."""

from __future__ import annotations

import builtins
import keyword

BUILTINS = frozenset(dir(builtins)) - {"_"} | {
    "display",
    "exit",
    "get_ipython",
    "quit",
    "__IPYTHON__",
}
"""Names found without the user's namespace. A read of one counts only if the user bound that name, too."""

KEYWORDS = frozenset(keyword.kwlist)
"""Words in strings that can be no name."""

PURE = frozenset(
    {
        "abs",
        "bool",
        "callable",
        "chr",
        "display",
        "float",
        "format",
        "hash",
        "id",
        "int",
        "isinstance",
        "issubclass",
        "len",
        "ord",
        "print",
        "repr",
        "round",
        "str",
        "type",
    }
)
"""Builtins that leave their arguments as they are. Counts on `__len__`, `__str__` and their like to have no effect."""

CODE_CALLS = {
    "compile": "compile() makes code from text",
    "breakpoint": "breakpoint() lets anything run",
}
"""Builtins that are opaque however they are called."""

NAMESPACE_CALLS = {
    "globals": "globals() hands out the whole namespace",
    "locals": "locals() hands out the whole namespace",
    "vars": "vars() hands out the whole namespace",
    "dir": "dir() lists the whole namespace",
}
"""Builtins that are opaque when called without arguments."""

OPAQUE_ATTRIBUTES = {
    "_getframe": "it walks the call stack",
    "currentframe": "it walks the call stack",
    "getouterframes": "it walks the call stack",
    "user_ns": "it reaches for the shell's namespace",
    "user_global_ns": "it reaches for the shell's namespace",
    "user_module": "it reaches for the shell's namespace",
    "run_cell": "it runs a cell by its text",
    "run_cell_async": "it runs a cell by its text",
    "run_code": "it runs code of its own",
    "safe_execfile": "it runs a file in the namespace",
    "set_trace": "a debugger lets anything run",
    "post_mortem": "a debugger lets anything run",
    "testmod": "it runs the examples of all docstrings",
    "f_globals": "it reaches for a frame's namespace",
    "f_locals": "it reaches for a frame's namespace",
    "__globals__": "it reaches for a function's namespace",
    "__subclasses__": "it reaches for classes that it does not name",
    "get_annotations": "it evaluates annotations",
    "get_type_hints": "it evaluates annotations",
}
"""Attributes whose mere use makes a cell opaque, and why."""

MAIN = "it reaches for __main__, the namespace itself"
MODULES = frozenset({"__import__", "import_module", "modules"})
"""Names by which code takes a module that a text names."""

OPAQUE_GLOBALS = frozenset({"breakpoint", "eval", "exec", "get_ipython", "globals"})
"""Builtins by which a function looks up names that its code does not spell out."""

FRAME_METHODS = frozenset(
    {
        "dmatrices",
        "dmatrix",
        "eval",
        "execute",
        "from_formula",
        "gee",
        "glm",
        "glmgam",
        "gls",
        "mixedlm",
        "mnlogit",
        "ne.evaluate",
        "negativebinomial",
        "numexpr.evaluate",
        "ols",
        "phreg",
        "quantreg",
        "query",
        "query_df",
        "rlm",
        "smf.logit",
        "smf.poisson",
        "smf.probit",
        "sql",
        "sqldf",
        "wls",
    }
)
"""Functions and methods that may look names from their first argument, a text, up in the caller's frame.

A name with a dot is the end of a dotted name, for those whose last part alone is common elsewhere.
"""

FRAME_KEYWORDS = frozenset({"expr", "expression", "query", "sql", "formula", "formula_like"})
"""Keywords under which such functions take that text."""

SHELL_METHODS = frozenset(
    {"run_line_magic", "run_cell_magic", "system", "system_raw", "system_piped", "getoutput", "magic"}
)
"""Methods of the shell that IPython's own syntax is transformed to."""

SHELL_HARMLESS = frozenset({"config", "events", "kernel", "set_next_input", "show_usage", "display_formatter"})
"""Attributes of the shell that neither read nor bind the user's names."""

TRANSPARENT = frozenset(
    {
        "BytesIO",
        "ExcelWriter",
        "Figure",
        "File",
        "HDFStore",
        "NamedTemporaryFile",
        "Pool",
        "ProcessPoolExecutor",
        "Session",
        "StringIO",
        "TarFile",
        "TemporaryDirectory",
        "TemporaryFile",
        "ThreadPoolExecutor",
        "ZipFile",
        "autocast",
        "axes_style",
        "catch_warnings",
        "chdir",
        "closing",
        "color_palette",
        "config_context",
        "connect",
        "context",
        "enable_grad",
        "errstate",
        "inference_mode",
        "localcontext",
        "no_grad",
        "nullcontext",
        "open",
        "option_context",
        "plotting_context",
        "printoptions",
        "rc_context",
        "redirect_stderr",
        "redirect_stdout",
        "set_grad_enabled",
        "tqdm",
        "urlopen",
        "xkcd",
    }
)
"""Context managers (last part of the name) that let an exception of their body through. All others may swallow it."""

INERT_DECORATORS = frozenset(
    {
        "abc.abstractmethod",
        "abstractmethod",
        "cached_property",
        "classmethod",
        "contextlib.asynccontextmanager",
        "contextlib.contextmanager",
        "contextmanager",
        "dataclass",
        "dataclasses.dataclass",
        "functools.cache",
        "functools.cached_property",
        "functools.lru_cache",
        "functools.total_ordering",
        "functools.wraps",
        "lru_cache",
        "overload",
        "property",
        "staticmethod",
        "total_ordering",
        "typing.overload",
    }
)
"""Decorators that do not run what they decorate."""

INERT_BASES = frozenset({"ABC", "abc.ABC", "Generic", "NamedTuple", "Protocol", "TypedDict", "typing.Generic"}) | {
    "typing.NamedTuple",
    "typing.Protocol",
    "typing.TypedDict",
}
"""Base classes, besides builtin ones, that run no method of a class when it is made."""

OWN_MAGICS = frozenset({"nbrewind", "rewind", "checkpoint"})
"""Magics of this project."""

RUNS_CODE = frozenset({"time", "prun", "memit", "mprun", "lprun", "capture"})
"""Magics whose text runs in the user's namespace."""

RUNS_LOCALLY = frozenset({"timeit"})
"""Magics whose text runs as a function's body: it reads the user's namespace, what it binds is its own."""

NO_EXPANSION = RUNS_CODE - {"capture", "memit"} | RUNS_LOCALLY | {"debug"}
"""Magics whose line IPython takes as it stands, without putting values in for `{expression}` and `$name`."""

SCRIPTS = frozenset(
    {"!", "bash", "perl", "pypy", "python", "python2", "python3", "ruby", "script", "sh", "sx", "system"}
)
"""Cell magics whose text another program runs."""

HARMLESS = (
    frozenset({"HTML", "SVG", "alias", "autoawait", "autocall", "automagic", "autoreload", "bookmark", "cat"})
    | frozenset({"cd", "colors", "conda", "config", "cp", "dhist", "dirs", "doctest_mode", "env", "file", "gui"})
    | frozenset({"html", "javascript", "js", "killbgscripts", "latex", "ldir", "lf", "lk", "ll", "ls", "lsmagic"})
    | frozenset({"lx", "magic", "mamba", "man", "markdown", "matplotlib", "micromamba", "mkdir", "more", "mv"})
    | frozenset({"pdb", "pip", "popd", "pprint", "precision", "pushd", "pwd", "quickref", "rehashx", "rm", "rmdir"})
    | frozenset({"set_env", "svg", "unalias", "uv", "writefile", "xmode", "less", "pycat", "subshell", "connect_info"})
    | frozenset({"logoff", "logon", "logstart", "logstate", "logstop", "load_ext", "reload_ext", "unload_ext"})
)
"""Magics that neither read nor bind a variable, but for values put into their line."""

LOOKS_AT = frozenset({"page", "pdef", "pdoc", "pfile", "pinfo", "pinfo2", "psource"})
"""Magics that show one object: `x?` becomes `%pinfo x`."""

HISTORIES = frozenset({"hist", "history", "notebook", "pastebin", "save"})
"""Magics that take what was run before."""

OPAQUE_MAGICS = {
    "debug": "a debugger lets anything run",
    "ed": "an editor lets anything run",
    "edit": "an editor lets anything run",
    "load": "it puts other text into the cell",
    "loadpy": "it puts other text into the cell",
    "macro": "it runs earlier input again",
    "psearch": "it searches the whole namespace",
    "pylab": "it imports everything of numpy and matplotlib",
    "recall": "it runs earlier input again",
    "rep": "it runs earlier input again",
    "rerun": "it runs earlier input again",
    "reset": "it clears the namespace",
    "reset_selective": "it clears the namespace",
    "rewind": "it changes the namespace",
    "run": "it runs a file in the namespace",
    "store": "it keeps or restores variables",
    "tb": "it shows an earlier error",
    "who": "it lists the whole namespace",
    "who_ls": "it lists the whole namespace",
    "whos": "it lists the whole namespace",
    "xdel": "it deletes every reference to an object",
}
"""Known magics that read or change names that the text does not tell, and why."""

LINE_MAGICS = (
    HARMLESS
    | RUNS_CODE
    | RUNS_LOCALLY
    | LOOKS_AT
    | HISTORIES
    | OWN_MAGICS
    | frozenset(OPAQUE_MAGICS)
    | {"sx", "system", "aimport"}
)
"""Words that start a magic without a percent sign (IPython's automagic), where a cell is one line."""

AUTOMAGIC_PYTHON = frozenset({"pylab", "recall", "rep", "rerun", "reset", "store", "tb", "who", "who_ls", "whos"})
"""Such words that make the cell opaque although it is Python as well (``reset -f``)."""

CLOCK_NAMES = frozenset(
    {"now", "utcnow", "today", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns"}
    | {"process_time", "localtime", "gmtime", "ctime", "strftime", "clock_gettime", "timeit", "default_timer"}
)
"""The words by which code learns what time it is, besides ``time``."""

RANDOM_NAMES = frozenset(
    {"urandom", "uuid1", "uuid4", "getrandom", "token_hex", "token_bytes", "token_urlsafe", "randbelow", "secrets"}
    | {"SystemRandom"}
)
"""The words by which code uses the system's randomness."""

GENERATORS = frozenset({"default_rng", "Random", "RandomState", "SeedSequence", "seed"})
"""What takes a seed, and without one takes it from the system."""

INPUT_NAMES = frozenset({"input", "getpass", "raw_input"})
"""The words by which code asks somebody."""

ENVIRONMENT_NAMES = frozenset({"environ", "environb", "getenv", "getenvb"})
"""The words by which code reads environment variables."""
