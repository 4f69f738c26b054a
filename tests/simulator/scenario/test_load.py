from pathlib import Path

import pytest

from simulator.faults import Fault
from simulator.scenario.load import bundled_scenarios, load_scenario
from simulator.scenario.scenario import ScenarioError

FAULT_SCENARIOS = {
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
}
ACCOUNT_SCENARIOS = {"kms-not-allowed", "domain-not-verified"}


def test_the_bundle_is_the_default_the_thirty_four_regions_and_one_scenario_for_each_fault() -> None:
    assert set(bundled_scenarios()) == FAULT_SCENARIOS | ACCOUNT_SCENARIOS | {"default", "regions-34"}


@pytest.mark.parametrize("name", bundled_scenarios())
def test_a_bundled_scenario_loads_and_has_expected_results(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.description
    assert {"violated", "unknown", "predicted_connect"} <= set(scenario.expect)


@pytest.mark.parametrize("name", sorted(FAULT_SCENARIOS - {"healthy", "dead-zone"}))
def test_the_fault_of_a_fault_scenario_is_set_for_every_backend(name: str) -> None:
    backends = load_scenario(name).backends
    kinds = {(b.fault, b.handshake, b.certificate, b.answer) for b in backends}
    assert len(backends) == 2
    assert len(kinds) == 1
    assert kinds != {(Fault.ALIVE, Fault.TLS_GOOD, Fault.GOOD, Fault.HEALTHY)}


@pytest.mark.parametrize("name", sorted(ACCOUNT_SCENARIOS))
def test_the_fault_of_an_account_scenario_is_in_a_response_of_aws(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.account is not None
    assert scenario.account.answers
    assert {(b.fault, b.handshake, b.certificate, b.answer) for b in scenario.backends} == {
        (Fault.ALIVE, Fault.TLS_GOOD, Fault.GOOD, Fault.HEALTHY)
    }


@pytest.mark.parametrize("name", bundled_scenarios())
def test_kms_reports_the_error_that_the_fault_of_a_scenario_would_give(name: str) -> None:
    """KMS may connect through the other zone of a dead one; it then reports no error."""
    scenario = load_scenario(name)
    stores = scenario.account.key_stores if scenario.account else ({},)
    reported = [store.get("ConnectionErrorCode") for store in stores]
    first = next(iter(scenario.expect["predicted_connect"]), None)
    assert reported == [None if name in {"default", "dead-zone"} else first]


def test_the_thirty_four_regions_have_one_just_within_and_one_just_over_the_limit() -> None:
    regions = load_scenario("regions-34").regions
    ms = sorted(round((r.delay.out_s + r.delay.back_s) * 1000, 6) for r in regions)
    assert len(regions) == 34
    assert {34.4, 35.6} <= set(ms)
    assert 3 <= ms[0] <= ms[-1] <= 200
    assert sum(30 < value < 40 for value in ms) == 2


def test_a_scenario_can_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("regions: {eu-central-1: 8ms}", "utf-8")
    scenario = load_scenario(str(file))
    assert (scenario.name, scenario.regions[0].delay.out_s) == ("mine", 0.004)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a: [", "is not YAML"), (b"\xff\xfe\xff", "not a readable YAML file"), (None, "bundled scenarios: ")],
    ids=["broken YAML", "not UTF-8", "no file"],
)
def test_an_unreadable_file_gives_one_clear_line(tmp_path: Path, content: bytes | None, message: str) -> None:
    file = tmp_path / "mine.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ScenarioError) as caught:
        load_scenario(str(file))
    assert message in str(caught.value)
    assert len(caught.value.mistakes) == 1
    assert "\n" not in caught.value.mistakes[0]
