"""Kernels for the oracles."""

from __future__ import annotations

import pytest

from .kernels import Kernels


@pytest.fixture(scope="session")
def forked():
    """Kernels that start at once."""
    kernels = Kernels()
    yield kernels
    kernels.close()
