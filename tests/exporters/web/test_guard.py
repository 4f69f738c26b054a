"""The Host header check."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.web import guard
from exporters.web.guard import SECURITY_HEADERS, host_of, hosts


@pytest.mark.parametrize(
    "header", ["127.0.0.1:9911", "localhost", "LOCALHOST:80", "[::1]:9911", "localhost."]
)
def test_a_page_on_loopback_accepts_the_loopback_names(header: str) -> None:
    assert hosts("127.0.0.1").admit(header)


@pytest.mark.parametrize(
    "header",
    [
        "attacker.example",
        "127.0.0.1.attacker.example",
        "localhost@attacker.example",
        "10.0.0.1",
        "",
        None,
        "a b",
    ],
)
def test_a_page_on_loopback_rejects_all_other_names(header: str | None) -> None:
    assert not hosts("127.0.0.1").admit(header)


def test_a_page_on_one_address_accepts_that_address() -> None:
    assert hosts("10.0.0.5").admit("10.0.0.5:9911")
    assert not hosts("10.0.0.5").admit("localhost:9911")


def test_a_page_on_all_addresses_accepts_any_address_but_no_name() -> None:
    everywhere = hosts("0.0.0.0")
    assert everywhere.admit("10.1.2.3:9911")
    assert everywhere.admit("localhost")
    assert not everywhere.admit("rebound.example")


def test_the_external_name_is_accepted_with_and_without_its_port() -> None:
    allowed = hosts("127.0.0.1", "https://Probe.example.com:8443/xks/")
    assert allowed.admit("probe.example.com")
    assert allowed.admit("probe.example.com:8443")
    assert not allowed.admit("probe.example.com.attacker.example")


@given(st.text())
def test_no_host_header_raises_an_exception(header: str) -> None:
    host_of(header)
    assert not hosts("10.0.0.5").admit(header) or "10.0.0.5" in header


def test_the_examples_in_the_docstrings_are_correct() -> None:
    assert doctest.testmod(guard).failed == 0


def test_the_policy_allows_no_script() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "script" not in policy
    assert "unsafe" not in policy
