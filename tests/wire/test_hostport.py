"""Parsing of hosts, addresses and ports in user input."""

import ipaddress
import re
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from probe.wire.hostport import check_address, check_host, check_name, is_ipv4, parse_host_port
from probe.wire.input_error import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("kms.eu-west-3.amazonaws.com", ("kms.eu-west-3.amazonaws.com", 443)),
        ("10.0.0.1:1", ("10.0.0.1", 1)),
        ("localhost:65535", ("localhost", 65535)),
        ("example.com.", ("example.com", 443)),
    ],
)
def test_a_port_may_follow_a_host(text: str, expected: tuple[str, int]) -> None:
    assert parse_host_port(text, 443) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://proxy.example.com/kms/xks/v1", "is a URL; give only its host"),
        ("http://10.0.0.1:8443", "is a URL; give only its host"),
        ("://", "is a URL; give only its host"),
        ("[::1]:443", "is an IPv6 address, but XKS supports only IPv4"),
        ("[2001:db8::1]", "is an IPv6 address, but XKS supports only IPv4"),
        ("2001:db8::1", "is an IPv6 address, but XKS supports only IPv4"),
        ("10.0.0.1:https", "is not a port"),
    ],
)
def test_the_error_says_what_the_text_is(text: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        parse_host_port(text, 443)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":443",
        "a:",
        "a:0",
        "a:65536",
        "a:+1",
        "a:१",
        "::1",
        "[::1]:443",
        "10.0.0.256",
        "1.2.3",
        "https://a/",
        "a b",
        "-a",
        "a..b",
        "é.com",
    ],
)
def test_an_invalid_host_or_port_is_one_printable_error(text: str) -> None:
    with pytest.raises(InputError) as raised:
        parse_host_port(text, 443)
    assert str(raised.value).isprintable()


@pytest.mark.parametrize(("length", "is_valid"), [(63, True), (64, False)])
def test_a_label_has_at_most_63_characters(length: int, is_valid: bool) -> None:
    if is_valid:
        assert check_name("a" * length)
    else:
        with pytest.raises(ValueError, match="is not a DNS name"):
            check_name("a" * length)


@pytest.mark.parametrize(("last", "is_valid"), [(61, True), (62, False)])
def test_a_name_has_at_most_253_characters(last: int, is_valid: bool) -> None:
    name = ".".join(["a" * 63] * 3 + ["b" * last])
    assert len(name) == 192 + last
    if is_valid:
        assert check_name(name) == name
    else:
        with pytest.raises(ValueError, match="at most 253"):
            check_name(name)


@given(st.text())
def test_any_text_is_accepted_or_a_value_error(text: str) -> None:
    for check in (check_address, check_name, check_host, lambda t: parse_host_port(t, 443)):
        with suppress(ValueError):
            assert check(text)


@given(st.ip_addresses(v=4).map(str))
def test_an_address_is_not_a_dns_name(address: str) -> None:
    with pytest.raises(ValueError, match="is an address"):
        check_name(address)


@given(st.from_regex(r"[0-9]{0,3}(\.[0-9]{0,3}){2,4}\n?", fullmatch=True) | st.text(max_size=20))
@example("255.255.255.255")
@example("256.0.0.0")
@example("01.2.3.4")
@example("\u0661.2.3.4")
def test_is_ipv4_agrees_with_the_standard_library(text: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        assert not is_ipv4(text)
    else:
        assert is_ipv4(text)
