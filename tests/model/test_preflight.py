import pytest

from probe.model.preflight import Proposal


@pytest.mark.parametrize(
    ("endpoint", "host"),
    [
        ("https://proxy.example.com", "proxy.example.com"),
        ("https://PROXY.Example.com.", "proxy.example.com"),
        ("https://", None),
        (None, None),
    ],
)
def test_the_private_dns_name_is_what_follows_the_scheme(endpoint: str | None, host: str | None) -> None:
    assert Proposal(region="eu-west-1", uri_endpoint=endpoint).host == host
