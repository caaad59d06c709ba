"""Packages: looking at one; jobs that export a notebook, and check, trust and import a package."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

from jupyter_server.auth.decorator import authorized
from tornado import web

from nbrewind_server.handlers.base import RewindHandler, may_use_kernels
from nbrewind_server.package_messages import ExportRequest, JobAction, PackageRequest
from nbrewind_server.packages import default_folder, default_target
from nbrewind_server.paths import Places, file_of, new_file_of
from nbrewind_server.problem import Refused

Method = TypeVar("Method", bound=Callable[..., Any])

may_read = cast("Callable[[Method], Method]", authorized("read", "contents"))
may_write = cast("Callable[[Method], Method]", authorized("write", "contents"))
"""Decorate, below `authorized`, what reads or writes files: it needs that permission as well."""


class PackagesBase(RewindHandler):
    """Base of those who work on packages."""

    @property
    def root(self) -> str:
        """Where the contents lie."""
        return str(getattr(self.contents_manager, "root_dir", ""))

    @property
    def store(self) -> str:
        """Where the records lie."""
        return str(self.app.records.directory)

    async def package(self, path: str) -> Path:
        """Return the file of a package, by its path in the contents API."""
        return await file_of(self.contents_manager, path, kind="package")

    def named(self, file: str) -> str:
        """Return the API path of a file; empty if it lies elsewhere."""
        return Places(self.contents_manager).path_of(file)


class PackageHandler(PackagesBase):
    """What is in a package."""

    @web.authenticated
    @authorized
    @may_read
    async def get(self) -> None:
        """Answer that; nothing of it is run, loaded or written."""
        name = self.required("path")
        file = await self.package(name)

        def finish(found: dict[str, Any]) -> dict[str, Any]:
            return {**found, "path": name, "imported": self.named(found["imported"]) if found["imported"] else ""}

        folder = str(default_folder(file))
        answer = await self.app.packages.inspect(
            self.root, finish, package=str(file), folder=folder, store=self.store
        )  # fmt: skip
        self.answer(answer)


class PreviewExportHandler(PackagesBase):
    """What an export would write."""

    @web.authenticated
    @authorized
    @may_read
    async def post(self) -> None:
        """Begin to find out; nothing is written."""
        request = self.read(ExportRequest)
        file = await self.notebook(request.path)

        def finish(found: dict[str, Any]) -> dict[str, Any]:
            target, embedded = default_target(file), default_target(file, embed=True)
            return {**found, "target": self.named(str(target)), "embedded": self.named(str(embedded))}

        self.answer(
            self.app.packages.start(
                "preview", request.path, self.root, finish,
                notebook=str(file), contents=request.contents, store=self.store,
            )
        )  # fmt: skip


class ExportHandler(PackagesBase):
    """Exports a notebook."""

    @web.authenticated
    @authorized
    @may_read
    @may_write
    async def post(self) -> None:
        """Begin to write the package."""
        request = self.read(ExportRequest)
        file = await self.notebook(request.path)
        name = request.target or self.named(str(default_target(file, embed=request.embed)))
        if request.embed and request.container:
            raise Refused("request", "files for containers go into a package, not into a notebook")
        if request.embed and not name.endswith(".ipynb"):
            raise Refused("request", f"a package is to be in a notebook: {name} must end in .ipynb")
        if not request.embed and not name.endswith(".zip"):
            raise Refused("request", f"a package is a zip: {name} must end in .zip")
        target = await new_file_of(self.contents_manager, name)
        self.answer(
            self.app.packages.start(
                "export", request.path, self.root, lambda found: {**found, "path": name},
                notebook=str(file), target=str(target), contents=request.contents, key=request.key, store=self.store,
                embed=request.embed, container=request.container,
            )
        )  # fmt: skip


class VerifyHandler(PackagesBase):
    """Checks a package."""

    @web.authenticated
    @authorized
    @may_read
    async def post(self) -> None:
        """Begin to go through all of it."""
        request = self.read(PackageRequest)
        file = await self.package(request.path)
        self.answer(self.app.packages.start("verify", request.path, self.root, dict, package=str(file)))


class TrustHandler(PackagesBase):
    """Lets the records of a package answer: what a kernel loads from them may run code."""

    @web.authenticated
    @authorized
    @may_read
    @may_use_kernels
    async def post(self) -> None:
        """Begin to check it; then it is trusted."""
        request = self.read(PackageRequest)
        file = await self.package(request.path)

        def finish(found: dict[str, Any]) -> dict[str, Any]:
            places = [self.named(path) for path in found["notebooks"]]
            return {**found, "notebooks": [path for path in places if path]}

        self.answer(
            self.app.packages.start(
                "trust", request.path, self.root, finish, package=str(file), id=request.id, store=self.store
            )
        )


class ImportHandler(PackagesBase):
    """Writes the notebook and the data of a package into a folder beside it."""

    @web.authenticated
    @authorized
    @may_read
    @may_write
    async def post(self) -> None:
        """Begin to check it; then they are written, and its records answer if it is trusted."""
        request = self.read(PackageRequest)
        file = await self.package(request.path)

        def finish(found: dict[str, Any]) -> dict[str, Any]:
            return {**found, "notebook": self.named(found["notebook"])}

        self.answer(
            self.app.packages.start(
                "import", request.path, self.root, finish,
                package=str(file), id=request.id, folder=str(default_folder(file)),
                hidden=bool(getattr(self.contents_manager, "allow_hidden", False)), store=self.store,
            )
        )  # fmt: skip


class PackageJobHandler(PackagesBase):
    """One job."""

    @web.authenticated
    @authorized
    def get(self, job: str) -> None:
        """Answer how far it is."""
        self.answer(self.app.packages.get(job))

    @web.authenticated
    @authorized
    async def post(self, job: str) -> None:
        """Cancel it; answer how it is then."""
        self.read(JobAction)
        self.answer(await self.app.packages.cancel(job))
