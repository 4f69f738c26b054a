"""The third ring: worlds with real kernels and real delays. A test that cannot run says why, or fails in CI."""

import os

import pytest

from probe.world import Capability, capability


@pytest.fixture(scope="session")
def can_have_worlds() -> Capability:
    """Skips, visibly, where there can be no namespaces; with XKS_PROBE_FORBID_SKIPS=1 it fails instead."""
    can = capability()
    if not can.namespaces:
        words = f"no namespaces here: {can.why}; {can.remedy}"
        if os.environ.get("XKS_PROBE_FORBID_SKIPS") == "1":
            pytest.fail(words)
        pytest.skip(words)
    return can
