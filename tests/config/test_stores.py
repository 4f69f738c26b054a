"""The key stores of the configuration: their settings, and when health requests are possible."""

from pathlib import Path
from typing import Any

import pytest

from probe import config
from probe.config import Surroundings
from probe.model.settings import CredentialSource, Settings
from probe.model.targets import Check

NODES = "nodes: [{name: n, address: 10.0.0.1}]\n"
PROXY = "proxy: {private_dns_name: P.example.com}\n"
CREDENTIAL_VARIABLES = {"XKS_PROXY_ACCESS_KEY_ID": "A", "XKS_PROXY_SECRET_ACCESS_KEY": "b"}


def parse(text: str, environment: dict[str, str] | None = None, instance: str | None = None) -> Settings:
    surroundings = Surroundings(environment=environment or {}, instance_region=lambda: instance)
    return config.parse(text, "test.yaml", Path("/etc/xks"), surroundings)


def mistakes(text: str, **given: Any) -> tuple[str, ...]:
    with pytest.raises(config.ConfigError) as raised:
        parse(text, **given)
    return raised.value.errors


def stores_with_health(settings: Settings) -> set[str]:
    return {target.key_store for target in settings.targets if target.plan(Check.HEALTH_COLD)}


def test_a_file_without_a_key_store_has_one_with_an_empty_id() -> None:
    (store,) = parse(PROXY + NODES).stores
    assert (store.id, store.host, store.region, store.uri_path) == ("", "p.example.com", "", None)


def test_the_settings_of_a_key_store_are_read_from_the_file() -> None:
    text = "key_store: {id: cks-1, region: eu-west-1, uri_path: /a/kms/xks/v1, key_id: k}\n"
    (store,) = parse(text + PROXY + NODES).stores
    assert (store.id, store.region, store.uri_path, store.key_id) == (
        "cks-1",
        "eu-west-1",
        "/a/kms/xks/v1",
        "k",
    )


@pytest.mark.parametrize(
    ("region", "has_kms"),
    [("{id: a, region: eu-west-1}", True), ("{id: a, region: mars-north-1}", False), ("{id: a}", None)],
)
def test_whether_a_region_has_kms_is_looked_up_if_the_region_is_given(
    region: str, *, has_kms: bool | None
) -> None:
    (store,) = parse(f"key_store: {region}\n{PROXY}{NODES}").stores
    assert store.region_has_kms is has_kms


@pytest.mark.parametrize(
    ("key_store", "environment", "is_planned"),
    [
        ("{id: cks-1}", CREDENTIAL_VARIABLES, False),
        ("{id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1}", {}, False),
        ("{id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1}", CREDENTIAL_VARIABLES, True),
        ("{id: cks-1, uri_path: /kms/xks/v1}", {**CREDENTIAL_VARIABLES, "AWS_REGION": "eu-west-1"}, True),
        ("{id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1, credential: {file: a}}", {}, True),
    ],
    ids=["no path", "no credential", "environment", "credential and Region from environment", "file"],
)
def test_health_is_planned_only_with_a_uri_path_and_a_credential(
    key_store: str, environment: dict[str, str], *, is_planned: bool
) -> None:
    settings = parse(f"key_store: {key_store}\n" + NODES, environment)
    assert stores_with_health(settings) == ({"cks-1"} if is_planned else set())
    plans = [plan for plans in settings.plans.values() for plan in plans]
    assert any(plan.check is Check.HEALTH_COLD for plan in plans) is is_planned


def test_the_region_is_taken_from_the_file_then_the_environment_then_the_instance() -> None:
    text = "key_store: {id: cks-1, uri_path: /kms/xks/v1, credential: {file: a}}\n" + NODES
    assert parse(text, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-3").stores[0].region == "eu-west-2"
    assert parse(text, {}, "eu-west-3").stores[0].region == "eu-west-3"
    assert mistakes(text)[0].startswith("key_store.region: is missing; request signatures need it")
    assert mistakes(text, environment={"AWS_REGION": "x\x1b[2J"}) == (
        "key_store.region: 'x\\x1b[2J' from the environment is not a Region; set it here",
    )


def test_without_health_checks_no_region_is_needed_and_ec2_is_not_queried() -> None:
    def never_called() -> str | None:
        raise AssertionError

    surroundings = Surroundings(environment={}, instance_region=never_called)
    assert config.parse(NODES, "test.yaml", Path(), surroundings).stores[0].region == ""


def test_the_path_of_a_credential_file_is_relative_to_the_configuration_file() -> None:
    text = "key_store: {id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1, credential: {file: a.json}}\n"
    settings = parse(text + NODES)
    assert settings.credentials == {"cks-1": CredentialSource(file="/etc/xks/a.json")}


def test_systemds_credential_file_is_named_after_the_key_store_or_belongs_to_the_only_one(
    tmp_path: Path,
) -> None:
    environment = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    (tmp_path / "xks-proxy").write_text("{}")
    one = "{id: cks-1, region: eu-west-1, uri_path: /kms/xks/v1, nodes: [{name: a, address: 10.0.0.1}]}"
    two = "{id: cks-2, region: eu-west-1, uri_path: /kms/xks/v1, nodes: [{name: b, address: 10.0.0.2}]}"
    assert stores_with_health(parse(f"key_store: [{one}]", environment)) == {"cks-1"}
    assert (
        stores_with_health(parse(f"key_store: [{one}, {two}]", environment | CREDENTIAL_VARIABLES)) == set()
    )
    (tmp_path / "cks-2").write_text("{}")
    assert stores_with_health(parse(f"key_store: [{one}, {two}]", environment)) == {"cks-2"}


def test_several_key_stores_each_have_their_own_targets() -> None:
    settings = parse(
        "key_store:\n"
        "  - {id: cks-1, proxy: {private_dns_name: a.example.com}, nodes: [{name: a, address: 10.0.0.1}]}\n"
        "  - {id: cks-2, proxy: {private_dns_name: b.example.com}, nodes: [{name: b, address: 10.0.0.1}]}\n"
        "regions: [eu-west-1]\n"
    )
    assert [store.host for store in settings.stores] == ["a.example.com", "b.example.com"]
    assert [(t.name, t.key_store, t.server_name) for t in settings.targets] == [
        ("a", "cks-1", "a.example.com"),
        ("b", "cks-2", "b.example.com"),
        ("region-eu-west-1", "", "kms.eu-west-1.amazonaws.com"),
    ]


def test_a_single_key_store_owns_targets_at_the_top_level_and_in_its_mapping() -> None:
    settings = parse("key_store: {id: cks-1, nodes: [{name: m, address: 10.0.0.2}]}\n" + PROXY + NODES)
    assert [(t.name, t.key_store, t.server_name) for t in settings.targets] == [
        ("n", "cks-1", "P.example.com"),
        ("m", "cks-1", "P.example.com"),
    ]


SERVICE = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"


@pytest.mark.parametrize(
    ("text", "id_", "region", "service"),
    [
        ("key_store: {id: cks-1, region: eu-west-1}", "cks-1", "eu-west-1", None),
        ("key_store: {id: cks-1}\naws: {region: eu-west-2}", "cks-1", "eu-west-2", None),
        (f"endpoint_service: {SERVICE}", "", "eu-west-1", SERVICE),
        (f"key_store: {{endpoint_service: {SERVICE}}}", "", "eu-west-1", SERVICE),
        (f"key_store: {{id: label, endpoint_service: {SERVICE}}}", "label", "eu-west-1", SERVICE),
        (f"endpoint_service: {SERVICE}\naws: {{region: eu-west-2}}", "", "eu-west-2", SERVICE),
    ],
)
def test_an_id_of_a_key_store_or_an_endpoint_service_is_a_whole_configuration(
    text: str, id_: str, region: str, service: str | None
) -> None:
    settings = parse(text, {"AWS_REGION": "eu-west-3"})
    (store,) = settings.stores
    assert settings.targets == ()
    assert settings.discovered == {id_}
    assert (store.id, store.region, store.service_name) == (id_, region, service)


@pytest.mark.parametrize(
    ("text", "environment"),
    [
        (PROXY + NODES, {"AWS_REGION": "eu-west-1"}),
        ("key_store: {id: label, region: eu-west-1}\n" + NODES, {}),
        ("key_store: {id: cks-1}\n" + NODES, {}),
        ("discovery: false\nkey_store: {id: cks-1, region: eu-west-1}\n" + NODES, {}),
        (f"discovery: false\nendpoint_service: {SERVICE}\n{NODES}", {}),
        ("discovery: true\nkey_store: {id: cks-1, region: eu-west-1, discovery: false}\n" + NODES, {}),
    ],
    ids=["no key store", "a label", "no Region is known", "off", "off for a service", "off for this store"],
)
def test_typed_targets_without_anything_to_discover_make_no_aws_call(
    text: str, environment: dict[str, str]
) -> None:
    assert parse(text, environment).discovered == frozenset()


def test_each_of_several_key_stores_may_switch_discovery_on_or_off() -> None:
    stores = "".join(
        f"- {{id: cks-{name}, region: eu-west-1, discovery: {own}, nodes: [{{name: {name}, address: {address}}}]}}\n"
        for name, own, address in (("a", "true", "10.0.0.1"), ("b", "false", "10.0.0.2"))
    )
    assert parse(f"key_store:\n{stores}").discovered == {"cks-a"}
    assert parse(f"discovery: false\nkey_store:\n{stores}").discovered == {"cks-a"}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("key_store: {id: cks-1, discovery: true}\n" + NODES, "aws.region: is missing"),
        ("key_store: {id: cks-1}", "aws.region: is missing"),
        ("discovery: true\nkey_store: {id: cks-1}\n" + NODES, "aws.region: is missing"),
        ("discovery: false\nkey_store: {id: cks-1}", "key_store: no targets"),
        ("key_store: {id: label}", "key_store: no targets"),
        ("key_store: {region: eu-west-1}\n" + NODES, "key_store.id: is missing"),
        ("endpoint_service: vpce-svc-1", "endpoint_service: 'vpce-svc-1' is not com.amazonaws.vpce"),
        (
            f"endpoint_service: {SERVICE}\nkey_store: {{endpoint_service: {SERVICE}}}",
            "key_store.endpoint_serv",
        ),
        (
            f"key_store: [{{id: a, endpoint_service: {SERVICE}}}, {{endpoint_service: {SERVICE}}}]",
            "key_store[1].id",
        ),
        (
            f"endpoint_service: {SERVICE}\nkey_store: [{{id: a}}, {{id: b}}]\n",
            "endpoint_service: there are several",
        ),
        (
            f"key_store: {{endpoint_service: {SERVICE}, uri_endpoint: https://p.example.com}}\n{PROXY}",
            "key_store.uri_endpoint: the proxy's private_dns_name says the same",
        ),
        (
            f"key_store: {{endpoint_service: {SERVICE}, uri_endpoint: http://p.example.com}}",
            "key_store.uri_endpoint",
        ),
        (f"key_store: {{endpoint_service: {SERVICE}, owner: 1234}}", "key_store.owner: 1234 is a number"),
    ],
)
def test_an_error_of_discovery_has_its_path(text: str, path: str) -> None:
    assert mistakes(text)[0].startswith(path)


def test_health_of_a_discovered_key_store_needs_only_a_credential() -> None:
    text = "key_store: {id: cks-1, region: eu-west-1, credential: {file: a}}"
    plans = [plan for plans in parse(text).plans.values() for plan in plans]
    assert any(plan.check is Check.HEALTH_COLD for plan in plans)


@pytest.mark.parametrize(
    ("times", "errors"),
    [
        ("intervals: {audit: 30s}", ()),
        (
            "intervals: {audit: 29s}",
            ("intervals.audit: 29s is shorter than timeouts.audit (30s); use 30s or more",),
        ),
        ("intervals: {audit: 10s}\ntimeouts: {audit: 10s}", ()),
        ("intervals: {audit: 9s}", ("intervals.audit: '9s' is too short; use 10s or more",)),
        ("intervals: {record: 10m}", ()),
        ("intervals: {record: 11m}", ("intervals.record: '11m' is too long; use 10m or less",)),
    ],
)
def test_the_intervals_of_audit_and_record_have_bounds(times: str, errors: tuple[str, ...]) -> None:
    text = f"{times}\n{NODES}"
    assert (mistakes(text) if errors else ()) == errors
