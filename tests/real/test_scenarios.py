"""The installed command distinguishes each fault in a simulated network."""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.pace import PRIORITY

from simulator import bundled_scenarios, load_scenario

pytestmark = pytest.mark.real

FAULTS = (
    "healthy",
    "dead-zone",
    "refused-port",
    "silent-port",
    "reset-in-handshake",
    "expired-certificate",
    "wrong-common-name",
    "san-right-cn-wrong",
    "common-name-missing",
    "missing-intermediate",
    "unlisted-authority",
    "aes-128-only",
    "tls-1.1-only",
    "client-certificate-demanded",
    "client-certificate-requested",
    "slow-health",
    "wrong-credential",
    "key-manager-unavailable",
    "kms-not-allowed",
    "domain-not-verified",
)
LIKELIHOOD = {"dead-zone": "possible"}  # KMS may connect through the other zone
# tests/preflight_cases has each fault, too; these tests show that the demo runs every scenario.
SHORT = frozenset({"healthy"})
AT_A_TIME = 2  # most of their time is waiting
RUN_S = 240.0  # long enough for a busy machine; ends a hang
LIMIT_S = 0.035
TIMES = {"health-answers-within-250-ms", "round-trip-within-35-ms"}
# Of an existing key store whose endpoint service is in the same account.
NOT_APPLICABLE = {
    "key-store-quota-has-room",
    "key-store-name-is-free",
    "store-account-is-an-allowed-principal",
    "service-owner-is-declared",
}
NO_HANDSHAKE = {"refused-port", "silent-port", "reset-in-handshake"}


def play(xks_probe: Path, scenario: str) -> dict[str, Any]:
    """Run one round in the scenario and return the report."""
    done = subprocess.run(
        [*PRIORITY, xks_probe, "demo", "--once", "--scenario", scenario, "--format", "json"],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def played(request: pytest.FixtureRequest, xks_probe: Path) -> Iterator[Callable[[str], dict[str, Any]]]:
    """Reports by scenario; the next scenario already runs while a test waits for the current one."""
    own_tests = [item for item in request.session.items if item.path == request.path]
    chosen = [item.callspec.params["scenario"] for item in own_tests if hasattr(item, "callspec")]
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        runs = {name: pool.submit(play, xks_probe, name) for name in chosen}
        yield lambda name: runs[name].result()


def of_outcome(report: dict[str, Any], outcome: str) -> set[str]:
    return {v["requirement"] for v in report["verdicts"] if v["outcome"] == outcome}


def late_requirements(expected: Mapping[str, Any]) -> set[str]:
    """The requirements about time, unless the scenario expects them to be violated.

    They may be violated: this machine runs several simulations at a time, and the demo does not show what the link
    recorded. The preflight cases compare them with that.
    """
    return TIMES - set(expected["violated"])


def test_every_bundled_fault_is_tested_here() -> None:
    assert set(FAULTS) <= set(bundled_scenarios())


@pytest.mark.parametrize(
    "scenario", [pytest.param(name, marks=[] if name in SHORT else [pytest.mark.long]) for name in FAULTS]
)
def test_a_fault_gives_its_verdicts_and_its_kms_error(
    scenario: str, played: Callable[[str], dict[str, Any]]
) -> None:
    expected = load_scenario(scenario).expect
    report = played(scenario)
    connect = report["prediction"]["connect"]
    late = late_requirements(expected)
    errors = [error for error in connect["errors"] if set(error["requirements"]) - late]
    violated, unknown = of_outcome(report, "violated"), of_outcome(report, "unknown")
    assert violated - late == set(expected["violated"])
    possibly = set(expected.get("possibly_unknown", []))
    assert unknown - late - possibly == set(expected["unknown"]) - late
    assert set(expected["unknown"]) & late <= unknown | violated, "not met: part of it could not be measured"
    # The scenario lists the error first, then the other errors that AWS's pages name for the same fault.
    first, others = expected["predicted_connect"][:1], expected["predicted_connect"][1:]
    assert [error["error"] for error in errors] == first
    assert {error["likelihood"] for error in errors} == (
        {LIKELIHOOD.get(scenario, "expected")} if first else set()
    )
    assert set(others) <= {name for error in errors for name in error["alternatives"]}
    assert connect["decided"] or unknown & late - set(expected["unknown"])
    if scenario not in NO_HANDSHAKE:
        chains = [
            t["certificates"]
            for t in report["targets"]
            if t["role"] in {"node", "backend"} and t["certificates"]
        ]
        assert chains, "certificates are reported whenever any handshake completes"


def test_the_preflight_of_the_healthy_scenario_is_green_and_says_that_its_ca_is_simulated(
    xks_probe: Path,
) -> None:
    done = subprocess.run(
        [*PRIORITY, xks_probe, "demo", "--preflight", "--scenario", "healthy", "--format", "json"],
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    late = late_requirements(load_scenario("healthy").expect)
    assert (of_outcome(report, "violated") | of_outcome(report, "unknown")) - late == set()
    assert of_outcome(report, "not_applicable") == NOT_APPLICABLE
    assert report["vantage"] == "simulated VPC"
    assert any(
        each.startswith("Simulated CA, which only this simulation counts as trusted by KMS")
        for each in report["notes"]
    )
    assert report["actual"]["connection_state"] == "CONNECTED"


@pytest.mark.long
def test_the_default_scenario_has_faults_and_regions_on_both_sides_of_the_threshold(xks_probe: Path) -> None:
    report = play(xks_probe, "default")
    applied_s = {each.name: each.delay.out_s + each.delay.back_s for each in load_scenario("default").regions}
    assert {rtt_s <= LIMIT_S for rtt_s in applied_s.values()} == {True, False}
    for region in report["survey"]["regions"]:
        low_s, high_s = region["median_ci95_seconds"] or (0.0, 1.0)
        # On a busy machine fewer than 20 connections may be answered, and the link may be late, but never early.
        is_decided = region["samples"] >= 20 and not low_s <= LIMIT_S <= high_s
        is_late = low_s > LIMIT_S >= applied_s[region["region"]]
        is_within = applied_s[region["region"]] <= LIMIT_S and not is_late
        assert region["within_threshold"] is (is_within if is_decided else None)
    assert {"every-node-accepts-tcp-443", "certificate-expires-in-10-days-or-more"} <= of_outcome(
        report, "violated"
    )


def test_an_invalid_user_scenario_is_rejected_with_all_errors(xks_probe: Path, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({"private_dns_name": 3, "nodes": "none", "colour": "red"}))
    done = subprocess.run(
        [xks_probe, "demo", "--once", "--scenario", file],
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == 2
    assert [path for path in ("private_dns_name:", "nodes:", "colour:") if path not in done.stderr] == []
    assert "Traceback" not in done.stderr
