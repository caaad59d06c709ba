"""Providers of the state of libraries: they look at a library only once the user has imported it."""

from __future__ import annotations

import pickle
import sys
from typing import Any

from .base import Provider


class NumpyRandom(Provider):
    """State of numpy's global generator."""

    key = "ambient:rng.numpy"
    module = "numpy.random"

    def _state(self) -> Any:
        return sys.modules["numpy.random"].mtrand._rand

    def signature(self) -> Any:
        """Return the raw state."""
        if "numpy.random.mtrand" not in sys.modules:
            return None
        return self.read()

    def read(self) -> Any:
        """Return the generator's name, its state and the pending normal deviate."""
        found = self._state().get_state(legacy=False)
        return [found["bit_generator"], _plain(found["state"]), found["has_gauss"], found["gauss"]]

    def write(self, data: Any) -> None:
        """Set the state."""
        name, state, pending, value = data
        generator = self._state()
        if generator.get_state(legacy=False)["bit_generator"] != name:
            raise ValueError(f"numpy's global generator is another one than {name}")
        generator.set_state({"bit_generator": name, "state": _arrays(state), "has_gauss": pending, "gauss": value})

    def is_fresh(self) -> bool:
        """Tell whether it is unseeded and nothing was drawn."""
        import numpy as np

        found = self._state()._bit_generator
        seed = getattr(found, "seed_seq", None)
        if seed is None:
            return False
        key = found.state["state"].get("key")
        made = seed.generate_state(624)
        return key is not None and found.state["state"]["pos"] >= 623 and bool(np.array_equal(made[1:], key[1:]))


def _plain(state: Any) -> Any:
    return {
        name: [value.dtype.str, value.tobytes()] if hasattr(value, "tobytes") else str(value)
        for name, value in state.items()
    }


def _arrays(state: Any) -> Any:
    import numpy as np

    return {
        name: np.frombuffer(value[1], value[0]).copy() if isinstance(value, list) else int(value)
        for name, value in state.items()
    }


class NumpyPrint(Provider):
    """numpy's print options."""

    key = "ambient:numpy.printoptions"
    module = "numpy"

    _DEFAULT = {
        "edgeitems": 3,
        "threshold": 1000,
        "floatmode": "maxprec",
        "precision": 8,
        "suppress": False,
        "linewidth": 75,
        "nanstr": "nan",
        "infstr": "inf",
        "sign": "-",
        "formatter": None,
        "legacy": False,
        "override_repr": None,
    }

    def read(self) -> Any:
        """Return the options; None if one is a function."""
        found = sys.modules["numpy"].get_printoptions()
        return None if any(callable(v) or isinstance(v, dict) for v in found.values()) else dict(found)

    def signature(self) -> Any:
        """Return the options, functions included."""
        return sys.modules["numpy"].get_printoptions() if hasattr(sys.modules.get("numpy"), "ndarray") else None

    def write(self, data: Any) -> None:
        """Set the options."""
        known = sys.modules["numpy"].get_printoptions()
        sys.modules["numpy"].set_printoptions(**{name: value for name, value in data.items() if name in known})

    def default(self) -> Any:
        """Return numpy's own options."""
        known = sys.modules["numpy"].get_printoptions()
        return {name: value for name, value in self._DEFAULT.items() if name in known}


class NumpyErrors(Provider):
    """How numpy reacts to floating-point errors."""

    key = "ambient:numpy.errstate"
    module = "numpy"

    def signature(self) -> Any:
        """Return the reactions."""
        return self.read() if hasattr(sys.modules.get("numpy"), "ndarray") else None

    def read(self) -> Any:
        """Return the reactions."""
        return dict(sys.modules["numpy"].geterr())

    def write(self, data: Any) -> None:
        """Set the reactions."""
        sys.modules["numpy"].seterr(**data)

    def default(self) -> Any:
        """Return numpy's own reactions."""
        return {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


class PandasOptions(Provider):
    """pandas' options."""

    key = "ambient:pandas.options"
    module = "pandas"

    def _config(self) -> Any:
        return sys.modules.get("pandas._config.config")

    def signature(self) -> Any:
        """Return all options, flat."""
        config = self._config()
        if config is None or not hasattr(sys.modules.get("pandas"), "DataFrame"):
            return None
        found: list[Any] = []
        _flatten(config._global_config, "", found)
        return found

    def read(self) -> Any:
        """Return the options that differ from pandas' own; None if one of them is not plain data."""
        config = self._config()
        found: list[Any] = []
        _flatten(config._global_config, "", found)
        changed = {}
        for key, value in found:
            known = config._registered_options.get(key)
            if known is not None and not (value is known.defval or value == known.defval):
                if not isinstance(value, (bool, int, float, str, type(None))):
                    return None
                changed[key] = value
        return changed

    def write(self, data: Any) -> None:
        """Set the options; all others as pandas has them."""
        config = self._config()
        for key, known in list(config._registered_options.items()):
            root, name = config._get_root(key)
            value = data.get(key, known.defval)
            if root[name] is value or root[name] == value:
                continue
            root[name] = value
            if known.cb:
                known.cb(key)

    def default(self) -> Any:
        """Return that nothing differs."""
        return {}


def _flatten(node: Any, prefix: str, found: list[Any]) -> None:
    for name, value in node.items():
        if type(value) is dict:
            _flatten(value, f"{prefix}{name}.", found)
        else:
            found.append((prefix + name, value))


class MatplotlibSettings(Provider):
    """matplotlib's ``rcParams``, except which backend draws and, as its first figure decides, whether at once."""

    key = "ambient:matplotlib.rcparams"
    module = "matplotlib"

    _BACKEND = ("backend", "backend_fallback", "interactive")

    def _differences(self) -> Any:
        library = sys.modules["matplotlib"]
        original = library.rcParamsOrig
        missing = object()
        found = {}
        for name, value in dict.items(library.rcParams):
            if name not in self._BACKEND:
                known = dict.get(original, name, missing)
                if value is not known and value != known:
                    found[name] = value
        return found

    def signature(self) -> Any:
        """Return all settings; lists as tuples, since they may be changed in place."""
        library = sys.modules.get("matplotlib")
        if library is None or not hasattr(library, "rcParamsOrig"):
            return None
        return [
            tuple(value) if type(value) is list else value
            for name, value in dict.items(library.rcParams)
            if name not in self._BACKEND
        ]

    def read(self) -> Any:
        """Return the settings that differ from those at import, pickled: some are objects of matplotlib's."""
        found = self._differences()
        return {name: pickle.dumps(value, 4) for name, value in sorted(found.items())}

    def write(self, data: Any) -> None:
        """Set the settings; all others as at import."""
        library = sys.modules["matplotlib"]
        for name, value in dict.items(library.rcParamsOrig):
            if name in self._BACKEND:
                continue
            dict.__setitem__(library.rcParams, name, pickle.loads(data[name]) if name in data else value)

    def default(self) -> Any:
        """Return that nothing differs."""
        return {}


class SklearnConfig(Provider):
    """scikit-learn's configuration."""

    key = "ambient:sklearn.config"
    module = "sklearn"

    def signature(self) -> Any:
        """Return the configuration."""
        library = sys.modules.get("sklearn._config")
        return None if library is None else library.get_config()

    def read(self) -> Any:
        """Return the configuration."""
        return self.signature()

    def write(self, data: Any) -> None:
        """Set the configuration."""
        library = sys.modules["sklearn._config"]
        known = library.get_config()
        library.set_config(**{name: value for name, value in data.items() if name in known})

    def default(self) -> Any:
        """Return scikit-learn's own configuration."""
        return dict(sys.modules["sklearn._config"]._global_config)


class TorchRandom(Provider):
    """State of torch's CPU generator, and those of the GPUs once they are used."""

    key = "ambient:rng.torch"
    module = "torch.random"

    def read(self) -> Any:
        """Return the states."""
        torch = sys.modules["torch"]
        state = bytes(torch.get_rng_state().numpy())
        if not torch.cuda.is_initialized():
            return state
        return [state, *(bytes(each.numpy()) for each in torch.cuda.get_rng_state_all())]

    def write(self, data: Any) -> None:
        """Set the states."""
        torch = sys.modules["torch"]
        states = [torch.frombuffer(bytearray(each), dtype=torch.uint8) for each in _listed(data)]
        torch.set_rng_state(states[0])
        if len(states) > 1:
            torch.cuda.set_rng_state_all(states[1:])


def _listed(data: Any) -> list[bytes]:
    return data if isinstance(data, list) else [data]


class TorchSettings(Provider):
    """torch's defaults: kinds of elements and devices, gradients, determinism, precision, threads, how it prints."""

    key = "ambient:torch.settings"
    module = "torch"

    def __init__(self) -> None:
        """Know no library yet."""
        self._first: Any = None

    def signature(self) -> Any:
        """Return the settings; a torch that is older than 2.3, or being imported, has none."""
        return self.read() if hasattr(sys.modules.get("torch"), "get_default_device") else None

    def read(self) -> Any:
        """Return the settings."""
        torch = sys.modules["torch"]
        found = {
            "dtype": str(torch.get_default_dtype()).removeprefix("torch."),
            "device": str(torch.get_default_device()),
            "gradients": torch.is_grad_enabled(),
            "deterministic": [
                torch.are_deterministic_algorithms_enabled(),
                torch.is_deterministic_algorithms_warn_only_enabled(),
            ],
            "precision": torch.get_float32_matmul_precision(),
            "threads": torch.get_num_threads(),
            "anomaly": torch.is_anomaly_enabled(),
            "print": dict(vars(sys.modules["torch._tensor_str"].PRINT_OPTS)),
        }
        self._first = self._first or found
        return found

    def write(self, data: Any) -> None:
        """Set the settings."""
        torch = sys.modules["torch"]
        torch.set_default_dtype(getattr(torch, data["dtype"]))
        if data["device"] != str(torch.get_default_device()):
            torch.set_default_device(None if data["device"] == "cpu" else data["device"])
        torch.set_grad_enabled(data["gradients"])
        torch.use_deterministic_algorithms(data["deterministic"][0], warn_only=data["deterministic"][1])
        torch.set_float32_matmul_precision(data["precision"])
        torch.set_num_threads(data["threads"])
        torch.autograd.set_detect_anomaly(data["anomaly"])
        vars(sys.modules["torch._tensor_str"].PRINT_OPTS).update(data["print"])

    def default(self) -> Any:
        """Return torch's own settings; the number of threads is the machine's."""
        print_options = {"precision": 4, "threshold": 1000, "edgeitems": 3, "linewidth": 80, "sci_mode": None}
        return {
            "dtype": "float32",
            "device": "cpu",
            "gradients": True,
            "deterministic": [False, False],
            "precision": "highest",
            "threads": self._first["threads"] if self._first else sys.modules["torch"].get_num_threads(),
            "anomaly": False,
            "print": print_options,
        }


LIBRARIES: tuple[type[Provider], ...] = (
    NumpyRandom,
    NumpyPrint,
    NumpyErrors,
    PandasOptions,
    MatplotlibSettings,
    SklearnConfig,
    TorchRandom,
    TorchSettings,
)
