import subprocess
import sys

import pytest

from bench import capabilities

NET_ADMIN = 1 << 12


@pytest.mark.loopback
def test_a_program_started_after_dropping_the_capability_lacks_it() -> None:
    code = "print(*(line for line in open('/proc/self/status') if line.startswith('Cap')))"
    completed = subprocess.run(
        [sys.executable, "-c", code],
        preexec_fn=capabilities.drop_net_admin,  # safe here: it takes no lock
        capture_output=True,
        text=True,
        check=True,
    )
    sets = dict(line.split() for line in completed.stdout.strip().splitlines())
    assert {"CapInh:", "CapPrm:", "CapEff:", "CapAmb:"} <= set(sets)
    for name in ("CapInh:", "CapPrm:", "CapEff:", "CapAmb:"):
        assert int(sets[name], 16) & NET_ADMIN == 0
