"""The types of values: their limits, and the errors beyond them."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from support.settings_from_text import BACKEND, mistakes, parse

from probe.config import values
from probe.model.targets import Check


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def error_for(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as raised:
        read(kind, value)
    (error,) = raised.value.errors()
    return error["msg"]


@pytest.mark.parametrize(
    ("written", "seconds"), [("35ms", 0.035), ("1s", 1.0), ("0.5", 0.5), ("2", 2.0), ("0.1m", 6.0)]
)
def test_durations_are_text_with_a_unit_or_a_number_of_seconds(written: str, seconds: float) -> None:
    assert parse(f"threshold: {written}\n{BACKEND}").threshold_s == seconds


@pytest.mark.parametrize(
    ("line", "is_valid"),
    [
        ("intervals: {icmp: 100ms}", True),
        ("intervals: {icmp: 99ms}", False),
        ("intervals: {tcp: 999ms}\ntimeouts: {tcp: 500ms}", False),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65535}]", True),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65536}]", False),
        ("listen: localhost:0", True),
        ("listen: 0.0.0.0:9911", True),
        (f"vantage: {'é' * 64}", True),
        (f"vantage: {'é' * 65}", False),
        ("vantage: Frankfurt, 2nd floor", True),
        ('vantage: ""', True),
        ('vantage: " Frankfurt"', False),
        ('vantage: "a\\eb"', False),
        ("vantage: 7", False),
        (f"nodes: [{{name: {'n' * 64}, address: 10.0.0.9}}]", True),
        (f"nodes: [{{name: {'n' * 65}, address: 10.0.0.9}}]", False),
    ],
)
def test_limits_of_a_single_key_are_exact(line: str, is_valid: bool) -> None:
    text = BACKEND + line
    if is_valid:
        assert parse(text).targets
    else:
        assert len(mistakes(text)) == 1


@pytest.mark.parametrize(
    ("kind", "minimum", "maximum"),
    [
        (values.interval(0.1), 0.1, 86400.0),
        (values.interval(1.0), 1.0, 86400.0),
        (values.Timeout, 0.01, 60.0),
        (values.Threshold, 0.001, 10.0),
        (values.ReportInterval, 1.0, 60.0),
    ],
    ids=["ping interval", "interval", "timeout", "threshold", "report interval"],
)
def test_a_duration_may_equal_its_limits_but_not_exceed_them(
    kind: Any, minimum: float, maximum: float
) -> None:
    assert (read(kind, minimum), read(kind, maximum)) == (minimum, maximum)
    assert "is too short; use" in error_for(kind, minimum * 0.999)
    assert "is too long; use" in error_for(kind, maximum * 1.001)


@pytest.mark.parametrize("written", [".nan", ".inf", "1e400", "true", "-1", "[1s]", "1 s", "1d", ""])
def test_an_invalid_duration_is_one_error(written: str) -> None:
    (mistake,) = mistakes(f"threshold: {written}\n{BACKEND}")
    assert mistake.startswith("threshold: ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "is empty"),
        ({}, "is a mapping"),
        (True, "true is a boolean"),
        ("a\x1b[2J{message}", "'a\\x1b[2J{message}' is text"),
        ("x" * 200, "'" + "x" * 78 + "… is text"),
    ],
    ids=["null", "mapping", "boolean", "escape and braces", "long"],
)
def test_a_value_of_the_wrong_type_is_shown_escaped_and_shortened(value: object, words: str) -> None:
    assert error_for(values.Port, value) == f"{words}; expected a port, an integer from 1 to 65535"


@pytest.mark.parametrize("url", ["http://a", "https://probe.example.com:8443/x", "https://a/" + "x" * 2038])
def test_a_valid_url_is_accepted_unchanged(url: str) -> None:
    assert read(values.Url, url) == url


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "https://", "https://a:0/", "https://a:99999/", "https://a/\x07", "https://a/" + "x" * 2039],
    ids=["another scheme", "no host", "port 0", "invalid port", "control character", "a character too long"],
)
def test_an_invalid_url_is_rejected(url: str) -> None:
    assert "is not a URL" in error_for(values.Url, url)


def test_a_check_is_selected_by_its_configuration_key() -> None:
    assert read(values.CheckName, "tls") is Check.TLS
    assert read(values.CheckName, "health") is Check.HEALTH_COLD
    assert "must be one of icmp, tcp, tls, dns" in error_for(values.CheckName, "udp")
