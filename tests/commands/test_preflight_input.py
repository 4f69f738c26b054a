"""The vantage of a preflight, and the Region of its AWS API calls."""

from pathlib import Path

import pytest
from support.accounts.collected import REGION, healthy, written

from probe.aws.metadata import Instance
from probe.commands import preflight_input
from probe.commands.exits import UsageError
from probe.commands.preflight import _vantage
from probe.commands.preflight_options import PreflightOptions

HERE = Instance(
    region="eu-central-1", zone="eu-central-1a", zone_id="euc1-az2", vpc_id="vpc-1", instance_id="i-1"
)


@pytest.fixture(autouse=True)
def _no_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def region_of_calls(region: str | None, here: Instance | None = None, account: Path | None = None) -> str:
    return preflight_input.caller(account, region, 1.0, here).region


def test_the_given_region_is_used() -> None:
    assert region_of_calls("eu-west-3", HERE) == "eu-west-3"


def test_without_a_given_region_the_aws_settings_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-2")
    assert region_of_calls(None, HERE) == "eu-west-2"


@pytest.mark.parametrize("default", [None, "eu-west-2"])
def test_aws_region_is_used_although_boto3_does_not_read_it(
    default: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    if default:
        monkeypatch.setenv("AWS_DEFAULT_REGION", default)
    assert region_of_calls(None, HERE) == "eu-west-1"


def test_without_aws_settings_the_region_of_the_instance_is_used() -> None:
    assert region_of_calls(None, HERE) == "eu-central-1"


@pytest.mark.parametrize(
    ("here", "expected"), [(HERE, "eu-central-1"), (None, "eu-west-1")], ids=["on EC2", "elsewhere"]
)
def test_the_region_of_the_endpoint_service_is_used_if_there_is_no_other(
    here: Instance | None, expected: str
) -> None:
    service = "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
    assert preflight_input.caller(None, None, 1.0, here, service=service).region == expected


@pytest.mark.parametrize("service", ["", "vpce-svc-0123456789abcdef0", "com.amazonaws.vpce.eu-west-1.x"])
def test_no_region_is_read_from_a_name_that_is_not_a_services(service: str) -> None:
    with pytest.raises(UsageError, match="no Region is known"):
        preflight_input.caller(None, None, 1.0, None, service=service)


def test_without_a_region_the_error_names_the_option_to_give() -> None:
    with pytest.raises(UsageError, match=r"give one \(--region eu-west-1\)"):
        region_of_calls(None)


def test_the_region_of_a_collected_account_is_used(tmp_path: Path) -> None:
    assert region_of_calls(None, HERE, written(healthy(), tmp_path)) == REGION


@pytest.mark.parametrize("region", ["x;y", "eu-west-1.evil.example", "", "eu_west_1"])
def test_an_invalid_region_is_rejected(region: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="is not a Region"):
        region_of_calls(region)
    monkeypatch.setenv("AWS_REGION", region or "?")
    monkeypatch.setenv("AWS_DEFAULT_REGION", region or "?")
    with pytest.raises(UsageError, match=r"AWS_REGION: .* is not a Region"):
        region_of_calls(None)


@pytest.mark.parametrize("key_store", [None, "cks-1234567890abcdef0"])
def test_targets_that_are_given_belong_to_the_key_store(key_store: str | None) -> None:
    """Otherwise they get no server name, and no health request is signed for them."""
    asked = PreflightOptions(key_store=key_store, node=["10.0.1.10"], key_manager=["192.168.1.9:9000"])
    found = preflight_input.typed_targets(asked)
    assert [(each.host, each.port) for each in found] == [("10.0.1.10", 443), ("192.168.1.9", 9000)]
    assert {each.key_store for each in found} == {key_store or ""}


def test_on_ec2_the_vantage_has_zone_vpc_and_instance() -> None:
    assert _vantage(HERE).endswith(" i-1 eu-central-1a (euc1-az2) vpc-1")


def test_outside_ec2_the_vantage_is_the_host_name() -> None:
    assert " " not in _vantage(None)
