"""Targets and their planned checks, created from the sections of the configuration."""

import pytest
from support.settings_from_text import BACKEND, parse

from probe.config.schema import Document
from probe.config.targets import Owner, drafts
from probe.model.kinds import CHECKS, ROLES
from probe.model.targets import Check, Role


def test_the_proxy_is_not_probed_without_an_address_or_host() -> None:
    settings = parse("proxy: {private_dns_name: proxy.example.com}\n" + BACKEND)
    assert [target.role for target in settings.targets] == [Role.BACKEND]
    assert settings.targets[0].server_name == "proxy.example.com"


def test_a_proxy_with_a_host_is_probed() -> None:
    (target,) = parse("proxy: {private_dns_name: proxy.example.com, host: nlb.example.com}").targets
    assert (target.host, target.server_name) == ("nlb.example.com", "proxy.example.com")


@pytest.mark.parametrize(
    ("role", "text"),
    [
        (Role.PROXY, "proxy: {private_dns_name: p.example.com, address: 10.0.0.1}"),
        (Role.NODE, "nodes: [{name: n, address: 10.0.0.1}]"),
        (Role.BACKEND, BACKEND),
        (Role.KEY_MANAGER, "key_managers: [{name: k, host: 10.0.0.1}]"),
        (Role.REGION, "regions: [eu-west-1]"),
        (Role.RESOLVER, "resolvers: [{name: r, address: 10.0.0.1}]"),
    ],
)
def test_each_role_has_its_checks_with_default_intervals_and_timeouts(role: Role, text: str) -> None:
    (target,) = parse(text).targets
    assert target.role is role
    expected = [check for check in ROLES[role].checks if check is not Check.HEALTH_COLD]
    assert [plan.check for plan in target.plans] == expected
    for plan in target.plans:
        assert plan.interval_s == CHECKS[plan.check].interval_s
        assert plan.timeout_s == CHECKS[plan.check].timeout_s


@pytest.mark.parametrize(
    ("region", "host"),
    [
        ("us-east-1", "kms.us-east-1.amazonaws.com"),
        ("us-gov-west-1", "kms.us-gov-west-1.amazonaws.com"),
        ("cn-north-1", "kms.cn-north-1.amazonaws.com.cn"),
        ("eusc-de-east-1", "kms.eusc-de-east-1.amazonaws.eu"),
    ],
)
def test_a_region_has_an_endpoint_in_the_domain_of_its_partition(region: str, host: str) -> None:
    assert parse(f"regions: [{region}]").targets[0].host == host


def test_intervals_and_timeouts_of_a_target_override_the_values_of_the_file() -> None:
    settings = parse(
        "intervals: {tcp: 20s, tls: 2m}\ntimeouts: {tcp: 1s}\n"
        "backends:\n  - {name: b, address: 10.0.0.1, intervals: {tcp: 5s}, timeouts: {tls: 500ms}}\n"
    )
    times = {plan.check: (plan.interval_s, plan.timeout_s) for plan in settings.targets[0].plans}
    assert times == {Check.ICMP: (1.0, 2.0), Check.TCP: (5.0, 1.0), Check.TLS: (120.0, 0.5)}


@pytest.mark.parametrize(
    ("text", "server_name"),
    [
        ("key_managers: [{name: k, host: hsm.example.com}]", "hsm.example.com"),
        ("key_managers: [{name: k, host: 10.0.0.1}]", None),
        ("regions: [eu-west-1]", "kms.eu-west-1.amazonaws.com"),
        ("resolvers: [{name: r, address: 10.0.0.1}]", None),
    ],
)
def test_targets_off_the_path_have_their_own_name_as_server_name(text: str, server_name: str | None) -> None:
    (target,) = parse(text + "\nproxy: {private_dns_name: p.example.com}").targets
    assert target.server_name == server_name


def test_a_draft_has_its_yaml_path_and_the_paths_of_its_intervals_and_timeouts() -> None:
    node = {"name": "n", "address": "10.0.0.1", "intervals": {"tcp": "5s"}}
    (draft,) = drafts(Document.model_validate({"nodes": [node]}), {"nodes": [3]}, [Owner()])
    assert draft.path == "nodes[3]"
    assert draft.where("intervals", Check.TCP) == "nodes[3].intervals.tcp"
    assert draft.where("intervals", Check.TLS) == "intervals.tls"
    assert draft.where("timeouts", Check.TCP) == "timeouts.tcp"
