"""What IPython's magics read, bind and run."""

from __future__ import annotations

import itertools
import re
import shlex
import string
from dataclasses import dataclass, field

from nbrewind.analysis import tables

IDENTIFIER = re.compile(r"[^\W\d]\w*")
_DOLLAR = re.compile(r"\$\$?\{?([^\W\d]\w*)")
_OPTION = re.compile(r"\s*-{1,2}[A-Za-z]")

_WITH_VALUE = {
    "timeit": "nrp",
    "time": "",
    "prun": "lsTD",
    "memit": "rti",
    "mprun": "fTc",
    "lprun": "fmDTsu",
}
"""Per magic, the options of one letter that take a value."""


@dataclass
class Effect:
    """What one use of a magic does to the namespace."""

    label: str
    """Its name with percent signs; ``!`` for a shell line."""
    opaque: str = ""
    code: list[str] = field(default_factory=list)
    """Texts that run, in this order."""
    local: bool = False
    """They run as a function's body."""
    expressions: list[str] = field(default_factory=list)
    """Python expressions that are read."""
    names: set[str] = field(default_factory=set)
    """Names that are read if they exist."""
    reads: set[str] = field(default_factory=set)
    binds: list[str] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    own: bool = False
    header: str = ""
    """What besides `code` and `body` makes this use what it is."""
    body: str | None = None
    """Text of the magic that is not code."""


def shell(command: str) -> Effect:
    """Return the effect of ``!command``."""
    effect = Effect("!", header=command)
    _expand(command, effect)
    return effect


def magic(name: str, line: str, body: str | None) -> Effect:
    """Return the effect of ``%name line``, of ``%%name line`` over a body if there is one."""
    name = name.lstrip("%")
    effect = Effect(("%%" if body is not None else "%") + name, header=line.strip(), body=body)
    if name not in tables.NO_EXPANSION:
        _expand(line, effect)
    if name in tables.RUNS_LOCALLY or name in tables.RUNS_CODE:
        _code(name, line, body, effect)
    elif name in tables.OWN_MAGICS:
        effect.own = True
        effect.opaque = tables.OPAQUE_MAGICS.get(name, "")
    elif name in tables.OPAQUE_MAGICS:
        effect.opaque = tables.OPAQUE_MAGICS[name]
        effect.names.update(IDENTIFIER.findall(line))
    elif name in tables.LOOKS_AT:
        effect.expressions += [] if line.startswith("%") else [line.strip(" ?")]
    elif name in tables.HISTORIES:
        effect.reads.add("In")
    elif name in tables.SCRIPTS:
        effect.binds += _outputs(line)
    elif name == "aimport":
        _aimport(line, effect)
    elif name in ("load_ext", "reload_ext", "unload_ext"):
        words = line.split()
        effect.own = words == ["nbrewind"]
        effect.imports += ["IPython" if word in ("autoreload", "storemagic") else word for word in words]
    elif name == "config":
        effect.names.update(IDENTIFIER.findall(line.partition("=")[2]))
    elif name not in tables.HARMLESS:
        effect.opaque = "nothing is known of this magic"
        effect.names.update(IDENTIFIER.findall(line), IDENTIFIER.findall(body or ""))
    if effect.opaque:
        effect.opaque = f"{effect.label}: {effect.opaque}"
    return effect


def _code(name: str, line: str, body: str | None, effect: Effect) -> None:
    effect.body = None
    if name == "capture":
        effect.binds += [word for word in line.split() if word.isidentifier()]
        effect.code = [body or ""]
        return
    options, rest = _options(name, line)
    effect.header = " ".join(options)
    effect.local = name in tables.RUNS_LOCALLY
    effect.code = [text for text in (rest, body) if text and text.strip()]
    for option in options:
        effect.names.update(IDENTIFIER.findall(option[2:]))


def _options(name: str, line: str) -> tuple[list[str], str]:
    """Split a line into its leading options, values included, and the code that follows."""
    options: list[str] = []
    rest = line.strip()
    while _OPTION.match(rest):
        word, _, rest = rest.partition(" ")
        rest = rest.strip()
        if not word.startswith("--") and len(word) == 2 and word[1] in _WITH_VALUE.get(name, ""):
            value, _, rest = rest.partition(" ")
            word = f"{word} {value}"
            rest = rest.strip()
        options.append(word)
    return options, rest


def _outputs(line: str) -> list[str]:
    """Return the names after ``--out``, ``--err`` and ``--proc``."""
    try:
        words = shlex.split(line.replace("=", " "))
    except ValueError:
        words = line.replace("=", " ").split()
    pairs = itertools.pairwise(words)
    return [value for option, value in pairs if option in ("--out", "--err", "--proc") and value.isidentifier()]


def _aimport(line: str, effect: Effect) -> None:
    for word in line.replace(",", " ").split():
        if not word.startswith("-") and word.partition(".")[0].isidentifier():
            effect.imports.append(word)
            effect.binds.append(word.partition(".")[0])


def _expand(text: str, effect: Effect) -> None:
    """Find the values that IPython puts into a line: ``{expression}`` and ``$name``."""
    effect.names.update(_DOLLAR.findall(text))
    if "{" not in text:
        return
    try:
        for _, name, spec, _ in string.Formatter().parse(text):
            if name:
                effect.expressions.append(name)
            if spec:
                effect.names.update(IDENTIFIER.findall(spec))
    except ValueError:
        effect.names.update(IDENTIFIER.findall(text))
