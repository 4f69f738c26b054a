"""The endpoints of Regions, from botocore's data or from a user's file."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.targets import Role
from probe.survey import locations
from probe.survey import measure as survey
from probe.survey.endpoints import endpoints, load_endpoints
from probe.wire.input_error import InputError


def test_all_aws_regions_have_endpoints_in_botocore() -> None:
    found = endpoints([])
    assert set(found) == set(locations.locations()), "locations.csv and botocore must list the same Regions"
    assert found["eu-central-1"] == ("kms.eu-central-1.amazonaws.com", 443)
    assert all(host == locations.kms_host(region) for region, (host, _) in found.items())


def test_a_given_region_may_be_in_another_partition() -> None:
    assert endpoints(["eusc-de-east-1"]) == {"eusc-de-east-1": ("kms.eusc-de-east-1.amazonaws.eu", 443)}


def test_every_invalid_region_is_reported() -> None:
    with pytest.raises(InputError) as raised:
        endpoints(["eu-west-1", "eu-wset-2", "cn-north-1", "\x1b[2J"])
    assert raised.value.errors == (
        "'eu-wset-2': is not a Region; did you mean 'eu-west-2'?",
        "cn-north-1: external key stores are not available in this Region; remove it",
        r"'\x1b[2J': is not a Region; use a name such as eu-central-1",
    )


def test_endpoints_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text("eu-west-1: 127.0.0.1:8443\neu-west-2: kms.example.com\n", encoding="utf-8")
    found = load_endpoints(path)
    assert found == {"eu-west-1": ("127.0.0.1", 8443), "eu-west-2": ("kms.example.com", 443)}
    assert [(t.name, t.host, t.port, t.role) for t in survey.plan(found)] == [
        ("region-eu-west-1", "127.0.0.1", 8443, Role.REGION),
        ("region-eu-west-2", "kms.example.com", 443, Role.REGION),
    ]


def test_all_errors_of_an_endpoint_file_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(
        "eu-west-1: 7\neu-west-2: kms.example.com:0\nEU west: 10.0.0.1\neu-west-3: '::1'\n", encoding="utf-8"
    )
    with pytest.raises(InputError) as raised:
        load_endpoints(path)
    assert raised.value.errors == (
        "eu-west-1: '7' is not text; expected host or host:port",
        "eu-west-2: 'kms.example.com:0' is not a port; use a number from 1 to 65535",
        "EU west: is not a Region; use a name such as eu-central-1",
        "eu-west-3: '::1' is an IPv6 address, but XKS supports only IPv4; use the IPv4 address",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "is empty; add lines of the form"), ("{}", "has no Regions"), ("- a", "is not a mapping")],
    ids=["empty", "no Region", "a list"],
)
def test_a_file_without_regions_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "endpoints.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        load_endpoints(path)


def endpoints_or_errors(path: Path) -> Mapping[str, tuple[str, int]] | tuple[str, ...]:
    try:
        return load_endpoints(path)
    except InputError as error:
        return error.errors


@given(st.text(max_size=80) | st.from_regex(r"[a-z-]{1,9}: [a-z0-9.:]{1,20}", fullmatch=True))
def test_any_text_gives_endpoints_or_printable_errors(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-endpoints.yaml"
    path.write_text(text, encoding="utf-8", errors="replace")
    found = endpoints_or_errors(path)
    assert found
    if isinstance(found, tuple):
        assert all(line.isprintable() for line in found)
    else:
        assert all(host and 0 < port < 65536 for host, port in found.values())
