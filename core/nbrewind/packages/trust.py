"""Who made a package, and whether its records may answer.

A package is trusted by the digest of its seal, which covers all of it. It is trusted where its seal carries a signature
with the user's own key of Jupyter's notary (so on the user's machines that share it), or where the user has said so.
Signatures with SSH keys tell who made it; they decide nothing by themselves.
"""

from __future__ import annotations

import hmac
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Literal, NamedTuple

from nbrewind.packages.form import PackageError
from nbrewind.packages.opened import Package
from nbrewind.store import Store

NOTARY, SSH = "notary", "ssh"
NAMESPACE = "nbrewind"
"""Of signatures with SSH keys: one made for something else does not count."""
SECONDS = 60.0
_GOOD = re.compile(r"(\S+) key (SHA256:\S+)")
_TRUSTED = "trusted:"

State = Literal["own", "trusted", "untrusted"]


class Signer(NamedTuple):
    """Who has signed a package."""

    kind: str
    who: str
    valid: bool


def sign(seal: bytes, key: Path | None = None) -> dict[str, bytes]:
    """Return signatures of a seal, by name: with the notary's key, and with an SSH key if one is given.

    Raises:
        PackageError: the SSH key can't be used.
    """
    found = {}
    secret = _notary_key()
    if secret:
        found[NOTARY] = hmac.digest(secret, seal, "sha256").hex().encode() + b"\n"
    if key is not None:
        found[SSH] = _sign_ssh(seal, key)
    return found


def _notary_key() -> bytes:
    """Return the key of Jupyter's notary; empty where there can't be one."""
    try:
        from nbformat.sign import NotebookNotary

        return bytes(NotebookNotary(db_file=":memory:").secret)  # type: ignore[no-untyped-call]
    except Exception:  # its folder can't be written, or its database module is missing
        return b""


def _sign_ssh(seal: bytes, key: Path) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "seal"
        document.write_bytes(seal)
        done = _ssh_keygen("sign", "-f", str(key), "-n", NAMESPACE, str(document))
        if done.returncode:
            raise PackageError(
                f"can't sign with {key}: {(done.stderr.strip() or 'ssh-keygen failed').splitlines()[-1]}"
            )
        return document.with_suffix(".sig").read_bytes()


def _ssh_keygen(verb: str, *arguments: str, data: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = ["ssh-keygen", "-Y", verb, *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 1, "", f"ssh-keygen can't be used: {error}")
    return subprocess.CompletedProcess(
        command, done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def signers(package: Package) -> list[Signer]:
    """Return who has signed a package."""
    found = []
    for name, data in sorted(package.signatures().items()):
        if name == NOTARY:
            secret = _notary_key()
            own = bool(secret) and hmac.compare_digest(
                data.strip(), hmac.digest(secret, package.seal_text, "sha256").hex().encode()
            )
            found.append(Signer(NOTARY, "you" if own else "somebody else's Jupyter", own))
        elif name == SSH:
            found.append(_ssh_signer(package.seal_text, data))
    return found


def _ssh_signer(seal: bytes, signature: bytes) -> Signer:
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "seal.sig"
        document.write_bytes(signature)
        done = _ssh_keygen("check-novalidate", "-n", NAMESPACE, "-s", str(document), data=seal)
    match = _GOOD.search(done.stdout)
    valid = not done.returncode and match is not None
    return Signer(SSH, " ".join(match.groups()) if valid and match else "the signature does not hold", valid)


def state(package: Package, store: Store | None) -> State:
    """Return whether the records of a package may answer here."""
    if any(one.kind == NOTARY and one.valid for one in signers(package)):
        return "own"
    if store is None:
        return "untrusted"
    return "trusted" if store.note(_TRUSTED + package.id) else "untrusted"


def accept(package: Package, store: Store) -> None:
    """Say that a package is trusted."""
    store.set_note(_TRUSTED + package.id, f"{time.time():.0f}")
