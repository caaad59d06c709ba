"""The contents' parts as an OCI image layout, so that tools for registries can move them (``skopeo``)."""

from __future__ import annotations

from collections.abc import Iterable

from nbrewind.packages.form import BLOBS, INDEX, LAYOUT, Part, sha256, to_json

ARTIFACT = "application/vnd.nbrewind.package.v1"
CONFIG = "application/vnd.nbrewind.package.config.v1+json"
LAYER = "application/vnd.nbrewind.part.v1"
ZSTD = "+zstd"
"""Ends the type of a layer that is compressed, as it does in the image specification."""
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_INDEX = "application/vnd.oci.image.index.v1+json"
_VERSION = "1.0.0"
BLAKE3 = "org.nbrewind.blake3"


def layout(parts: Iterable[Part], title: str, head: str) -> dict[str, bytes]:
    """Return the files of the layout beside the parts themselves, by name."""
    config = to_json({"notebook": title, "head": head})
    layers = [
        _descriptor(LAYER + ZSTD if one.packed else LAYER, one.sha256, one.file_bytes, {BLAKE3: one.blake3})
        for one in parts
    ]
    manifest = to_json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": _descriptor(CONFIG, sha256(config), len(config)),
            "layers": layers,
        }
    )
    index = to_json(
        {
            "schemaVersion": 2,
            "mediaType": _INDEX,
            "manifests": [{**_descriptor(MANIFEST, sha256(manifest), len(manifest)), "artifactType": ARTIFACT}],
        }
    )
    return {
        LAYOUT: to_json({"imageLayoutVersion": _VERSION}),
        INDEX: index,
        BLOBS + sha256(config): config,
        BLOBS + sha256(manifest): manifest,
    }


def _descriptor(kind: str, digest: str, size: int, notes: dict[str, str] | None = None) -> dict[str, object]:
    found: dict[str, object] = {"mediaType": kind, "digest": f"sha256:{digest}", "size": size}
    return {**found, "annotations": notes} if notes else found
