import pytest

from probe.model.store import KeyStoreSpec


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://proxy.example.com", "proxy.example.com"),
        ("https://PROXY.Example.com.", "proxy.example.com"),
        ("https://", None),
        (None, None),
    ],
)
def test_the_private_dns_name_is_the_host_of_the_endpoint_in_lower_case(
    endpoint: str | None, host: str | None
) -> None:
    assert KeyStoreSpec(region="eu-west-1", uri_endpoint=endpoint).host == host


@pytest.mark.parametrize(
    ("id_", "exists"), [("cks-1234567890abcdef0", True), ("production", False), ("", False)]
)
def test_only_a_key_store_with_an_id_of_kms_exists(id_: str, exists: bool) -> None:
    assert KeyStoreSpec(id=id_).exists is exists


@pytest.mark.parametrize(
    ("spec", "partition"),
    [
        (KeyStoreSpec(region="us-gov-west-1"), "aws-us-gov"),
        (KeyStoreSpec(is_govcloud=True), "aws-us-gov"),
        (KeyStoreSpec(region="eu-west-1"), "aws"),
        (KeyStoreSpec(), "aws"),
    ],
)
def test_the_partition_follows_from_the_region_or_the_govcloud_setting(
    spec: KeyStoreSpec, partition: str
) -> None:
    assert spec.partition == partition
