"""`xks-probe demo --once` without network namespaces: the reduced simulation on loopback."""

import json

import pytest

from probe.commands import app
from probe.commands.exits import Exit


@pytest.mark.loopback
def test_the_reduced_simulation_also_detects_a_wrong_common_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        app.run(["demo", "--once", "--reduced", "--scenario", "wrong-common-name", "--format", "json"])
        == Exit.FINE
    )
    captured = capsys.readouterr()
    report = json.loads(captured.out)
    assert report["vantage"] == "simulated VPC (reduced: loopback only)"
    assert "xks-probe: reduced: on loopback" in captured.err
    assert "common-name-matches" in {
        v["requirement"] for v in report["verdicts"] if v["outcome"] == "violated"
    }
