"""Where things lie in a store's directory, who may read them, and what kind of disk it is.

::

    traces.sqlite            shared by all notebooks: traces, sources, analyses, small contents, manifests
    notebooks/ID.sqlite      the index of one notebook: runs, outputs, checkpoints, heads
    blobs/ab/cdef...         large contents, named by their BLAKE3 digest, some compressed; never changed
    tmp/                     blobs being written, renamed into place when whole; blobs being removed
    live/SESSION.json        how the tasks of a kernel that lives stand now
    lease                    locked by who writes (shared) and who removes (alone)

Directories are 0700, databases 0600, blobs 0400: values of a user's variables are nobody else's business.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from nbrewind.store.types import StoreError

DIRECTORY_MODE = 0o700
DATABASE_MODE = 0o600
BLOB_MODE = 0o400

_BLOBS = "blobs"

_NETWORK = {
    "9p", "acfs", "afp", "afs", "beegfs", "ceph", "cephfs", "cifs", "coda", "davfs", "gfs", "gfs2", "glusterfs", "gpfs",
    "lustre", "ncpfs", "nfs", "nfs3", "nfs4", "ocfs2", "orangefs", "panfs", "prl_fs", "pvfs2", "smb2", "smb3", "smbfs",
    "vboxsf", "virtiofs", "vmhgfs", "webdav", "wekafs",
}  # fmt: skip
_LOCAL_FUSE = {"fuse.overlayfs", "fuse.fuse-overlayfs", "fuseblk", "fuse.ntfs-3g", "fuse.exfat"}


@dataclass(frozen=True)
class Layout:
    """The paths of one store."""

    directory: Path

    @property
    def traces(self) -> Path:
        """Return the database that all notebooks share."""
        return self.directory / "traces.sqlite"

    @property
    def notebooks(self) -> Path:
        """Return the folder of the notebooks' indexes."""
        return self.directory / "notebooks"

    @property
    def blobs(self) -> Path:
        """Return the folder of the large contents."""
        return self.directory / _BLOBS

    @property
    def temporary(self) -> Path:
        """Return the folder of blobs that are being written."""
        return self.directory / "tmp"

    @property
    def live(self) -> Path:
        """Return the folder where kernels that live say how their tasks stand."""
        return self.directory / "live"

    @property
    def lease(self) -> Path:
        """Return the file that writers and cleaners lock."""
        return self.directory / "lease"

    def index(self, notebook: str) -> Path:
        """Return the database of one notebook."""
        return self.notebooks / f"{notebook}.sqlite"

    def blob(self, digest: bytes) -> Path:
        """Return the file of one blob."""
        return Path(self.blob_name(digest))

    def blob_name(self, digest: bytes) -> str:
        """Return the file of one blob as text: to ask whether it is there takes less than to make a path of it."""
        name = digest.hex()
        return f"{self.directory}{os.sep}{_BLOBS}{os.sep}{name[:2]}{os.sep}{name[2:]}"


def default_directory() -> Path:
    """Return ``$NBREWIND_STORE``, else ``nbrewind`` under Jupyter's data directory."""
    chosen = os.environ.get("NBREWIND_STORE")
    if chosen:
        return Path(chosen).expanduser()
    try:
        from jupyter_core.paths import jupyter_data_dir
    except ImportError:
        base = os.environ.get("JUPYTER_DATA_DIR") or "~/.local/share/jupyter"
        return Path(base).expanduser() / "nbrewind"
    return Path(jupyter_data_dir()) / "nbrewind"


def prepare(layout: Layout, *, create: bool) -> None:
    """Make sure that the store's folders exist and can be written to.

    Raises:
        StoreError: there is no store and ``create`` is false, or the place can't be written to.
    """
    directory = layout.directory
    try:
        if not layout.traces.exists():
            if not create:
                raise StoreError(
                    f"there is no store at {directory}; audit a notebook first, or name another with --store"
                )
            directory.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
            if not any(directory.iterdir()):
                directory.chmod(DIRECTORY_MODE)
        for folder in (layout.notebooks, layout.blobs, layout.temporary):
            folder.mkdir(mode=DIRECTORY_MODE, exist_ok=True)
        if not os.access(directory, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, "not writable")
    except OSError as error:
        raise StoreError(
            f"the store at {directory} can't be used ({_words(error)}); make it writable, or choose another "
            "directory with NBREWIND_STORE or --store"
        ) from error


def create_private(path: Path, mode: int = DATABASE_MODE) -> None:
    """Create an empty file that only the user can read, unless it exists. SQLite's side files copy its mode."""
    if not path.exists():
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, mode))


def mode_of(path: Path) -> int | None:
    """Return a path's permission bits, ``None`` if it has just gone."""
    try:
        return stat.S_IMODE(path.lstat().st_mode)
    except FileNotFoundError:
        return None


def disk_error(action: str, where: object, error: OSError) -> StoreError:
    """Return the one-line error for a failed write or read."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    advice = "; free some space, or choose another directory with NBREWIND_STORE" if full else ""
    return StoreError(f"could not {action} {where}: {_words(error)}{advice}")


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def filesystem_type(path: Path, mounts: str | None = None) -> str:
    """Return the type of the file system that holds ``path`` (``ext4``, ``nfs4``), empty if it can't be told.

    Args:
        path: need not exist; its nearest existing parent decides.
        mounts: text in the form of ``/proc/mounts``; read from there if not given.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mounts").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return ""
    target = os.path.realpath(path)
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = target == point or target.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):  # of equal points the last one mounted covers the others
            best, kind = point, fields[2]
    return kind


def is_network(kind: str) -> bool:
    """Return whether SQLite's WAL, which needs shared memory, must not be used on such a file system."""
    kind = kind.lower()
    return kind in _NETWORK or (kind.startswith("fuse") and kind not in _LOCAL_FUSE)
