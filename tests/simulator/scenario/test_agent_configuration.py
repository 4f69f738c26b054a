import json
from pathlib import Path

import yaml

from probe import config
from probe.model.kinds import CHECKS, ROLES
from simulator import with_account
from simulator.scenario.addressing import assign_addresses
from simulator.scenario.agent_configuration import configuration_of
from simulator.scenario.kinds import KINDS
from simulator.scenario.load import load_scenario
from simulator.scenario.reader import read_scenario

# Only names: the files are never opened.
ROOT, CREDENTIAL = Path("/tmp/root.pem"), Path("/tmp/credential.json")  # noqa: S108
FORMAT = json.loads(
    (Path(__file__).resolve().parents[3] / "docs" / "schemas" / "configuration.json").read_text("utf-8")
)


def keys(name: str) -> set[str]:
    return set(FORMAT["$defs"][name]["properties"])


def test_every_key_is_in_the_documented_format() -> None:
    default = load_scenario("default")
    for scenario in (default, with_account(default)):
        made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
        assert set(made) <= set(FORMAT["properties"])
        assert set(made["key_store"]) <= keys("KeyStore")
        assert set(made["intervals"]) <= keys("FileIntervals")
        assert set(made["timeouts"]) <= keys("FileTimeouts")


def test_with_an_account_the_key_store_and_its_credential_are_enough() -> None:
    """The CA, the key managers, the Regions and the name servers are the simulation's own."""
    scenario = with_account(load_scenario("healthy"))
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert made["key_store"] == {
        "id": "cks-1234567890abcdef0",
        "region": "eu-central-1",
        "key_id": "foo",
        "credential": {"file": str(CREDENTIAL)},
    }
    assert {"proxy", "nodes", "backends", "discovery"} & set(made) == set()
    assert made["public_resolvers"] == ["10.78.5.53"]
    settings = config.parse(
        yaml.safe_dump({**made, "extra_authorities": []}),
        source="test",
        directory=Path("/"),
        surroundings=config.Surroundings(environment={}),
    )
    assert settings.discovered == {"cks-1234567890abcdef0"}


def test_without_an_account_all_is_configured_and_nothing_is_discovered() -> None:
    scenario = load_scenario("healthy")
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert made["discovery"] is False
    assert (len(made["nodes"]), len(made["backends"])) == (2, 2)
    assert made["proxy"] == {"private_dns_name": "myproxy-private.xks.example.com"}


def test_a_proxy_without_keys_is_not_asked_for_one() -> None:
    document = {**load_scenario("healthy").document, "proxy": {"keys": {}}}
    scenario = with_account(read_scenario("mine", document))
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert "key_id" not in made["key_store"]


def test_every_check_has_an_interval_short_enough_for_a_demo() -> None:
    made = configuration_of(
        load_scenario("default"), assign_addresses(load_scenario("default")), ROOT, CREDENTIAL
    )
    sections = {kind.section for kind in KINDS}
    checks = {check for role in ROLES.values() if role.section in sections for check in role.checks}
    for group in ("intervals", "timeouts"):
        lacking = {CHECKS[check].key for check in checks} - set(made[group])
        assert lacking == set(), f"{group} in simulator/scenario/agent_configuration.py"


def test_it_has_all_settings_for_a_signed_health_request() -> None:
    document = {"uri_path_prefix": "/team", "proxy": {"region": "eu-west-1"}, "key_store": "cks-1"}
    scenario = read_scenario("mine", document)
    assert configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)["key_store"] == {
        "id": "cks-1",
        "region": "eu-west-1",
        "uri_path": "/team/kms/xks/v1",
        "credential": {"file": str(CREDENTIAL)},
    }


def test_without_a_prefix_the_path_is_the_apis_path() -> None:
    scenario = read_scenario("mine", {})
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert made["key_store"]["uri_path"] == "/kms/xks/v1"


def test_the_configuration_contains_no_secret() -> None:
    scenario = load_scenario("default")
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert scenario.proxy.credentials[0].secret_access_key not in yaml.safe_dump(made)


def test_the_configuration_survives_a_round_trip_through_yaml() -> None:
    scenario = load_scenario("regions-34")
    made = configuration_of(scenario, assign_addresses(scenario), ROOT, CREDENTIAL)
    assert yaml.safe_load(yaml.safe_dump(made)) == made
    assert len(made["regions"]) == 34


def test_hosts_are_configured_by_name_with_a_name_server_and_otherwise_by_address() -> None:
    default, healthy = load_scenario("default"), load_scenario("healthy")
    named = configuration_of(default, assign_addresses(default), ROOT, CREDENTIAL)
    numbered = configuration_of(healthy, assign_addresses(healthy), ROOT, CREDENTIAL)
    assert named["key_managers"][0]["host"] == "hsm-1.example.com"
    assert named["regions"][0]["host"] == "kms.eu-central-1.amazonaws.com"
    assert named["resolve_with"] == ["10.78.5.53"]
    assert numbered["key_managers"][0]["host"] == "10.78.4.11"
    assert numbered["resolve_with"] == []


def test_a_reduced_simulation_is_configured_by_address_and_port() -> None:
    default = load_scenario("default")
    made = configuration_of(default, assign_addresses(default, reduced_block=7), ROOT, CREDENTIAL)
    assert made["key_managers"] == [{"name": "hsm-1", "host": "127.7.4.11", "port": 14443}]
    assert made["resolvers"] == made["resolve_with"] == []
