"""A key store and its targets written as a configuration: it reads back as the same targets."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.accounts.healthy import ACCOUNT, HOST, SPEC

from probe import config
from probe.agent.targets import StoreTargets, targets_of
from probe.config.written import written
from probe.model.settings import Settings
from probe.model.store import PUBLIC_CONNECTIVITY
from probe.model.targets import Role, Target

TARGETS = targets_of([StoreTargets(spec=SPEC, account=ACCOUNT)], [], {})


def parsed(text: str) -> Settings:
    return config.parse(text, "test.yaml", Path("/"), config.Surroundings(environment={}))


def test_every_node_and_backend_is_read_back_and_aws_is_not_called() -> None:
    settings = parsed(written(SPEC, TARGETS))
    assert {each.identity for each in settings.targets} == {each.identity for each in TARGETS}
    assert [each.name for each in settings.targets] == [each.name for each in TARGETS]
    assert settings.discovered == frozenset()
    (store,) = settings.stores
    assert (store.region, store.host, store.uri_path) == (SPEC.region, HOST, SPEC.uri_path)
    assert store.service_name == SPEC.service_name


def test_with_discovery_the_file_is_completed_from_the_account() -> None:
    text = written(replace(SPEC, id="cks-1"), TARGETS).replace("discovery: false\n", "")
    assert parsed(text).discovered == {"cks-1"}


def test_a_public_endpoint_is_probed_by_its_name() -> None:
    spec = replace(SPEC, id="cks-1", connectivity=PUBLIC_CONNECTIVITY, service_name=None)
    targets = targets_of([StoreTargets(spec=spec)], [], {})
    assert [(t.role, t.host) for t in parsed(written(spec, targets)).targets] == [(Role.PROXY, HOST)]


def test_a_port_other_than_443_and_a_repeated_name_are_kept_apart() -> None:
    node = Target(name="n#2", role=Role.NODE, host="10.0.0.1", zone="eu-west-1a", server_name=HOST)
    backend = Target(name="10.0.0.2:8443", role=Role.BACKEND, host="10.0.0.2", port=8443, server_name=HOST)
    found = parsed(written(replace(SPEC, id="x"), [node, backend])).targets
    assert [(t.name, t.port, t.zone) for t in found] == [
        ("n-2", 443, "eu-west-1a"),
        ("10.0.0.2-8443", 8443, ""),
    ]


@pytest.mark.parametrize("name", ["true", "TRUE", "Null", "False", "12", "1.5"])
def test_a_name_that_yaml_would_read_as_another_type_stays_text(name: str) -> None:
    node = Target(name=name, role=Role.NODE, host="10.0.0.1", server_name=HOST)
    (found,) = parsed(written(replace(SPEC, id="x"), [node])).targets
    assert found.name == name


@given(
    text=st.text(max_size=40)
    | st.sampled_from(["true", "null", "~", "1e3", "a: b", "[x", "#x", "/a/kms/xks/v1"])
)
def test_hostile_text_stays_one_value(text: str) -> None:
    """The path is rejected by name, or read back; it never becomes another key."""
    node = Target(name="n", role=Role.NODE, host="10.0.0.1", server_name=HOST)
    found = read_back(written(replace(SPEC, id="x", uri_path=text), [node]))
    assert found == text or (isinstance(found, tuple) and all("uri_path" in line for line in found)), found


def read_back(text: str) -> object:
    """The URI path in a configuration, or its errors."""
    try:
        return parsed(text).stores[0].uri_path
    except config.ConfigError as error:
        return error.errors
