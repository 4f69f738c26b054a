"""Kinds of values: each at its limits, and what is said beyond them."""

from typing import Any

import pytest
from configuring import BACKEND, mistakes, parse
from pydantic import TypeAdapter, ValidationError

from probe.config import values
from probe.model.targets import Check


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> str:
    with pytest.raises(ValidationError) as raised:
        read(kind, value)
    (error,) = raised.value.errors()
    return error["msg"]


@pytest.mark.parametrize(
    ("written", "seconds"), [("35ms", 0.035), ("1s", 1.0), ("0.5", 0.5), ("2", 2.0), ("0.1m", 6.0)]
)
def test_durations_are_text_with_a_unit_or_seconds(written: str, seconds: float) -> None:
    assert parse(f"threshold: {written}\n{BACKEND}").threshold_s == seconds


@pytest.mark.parametrize(
    ("line", "is_fine"),
    [
        ("intervals: {icmp: 100ms}", True),
        ("intervals: {icmp: 99ms}", False),
        ("intervals: {tcp: 999ms}\ntimeouts: {tcp: 500ms}", False),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65535}]", True),
        ("nodes: [{name: n, address: 10.0.0.9, port: 65536}]", False),
        ("listen: localhost:0", True),
        ("listen: 0.0.0.0:9911", True),
        (f"nodes: [{{name: {'n' * 64}, address: 10.0.0.9}}]", True),
        (f"nodes: [{{name: {'n' * 65}, address: 10.0.0.9}}]", False),
    ],
)
def test_limits_of_one_key_hold_exactly(line: str, is_fine: bool) -> None:
    text = BACKEND + line
    if is_fine:
        assert parse(text).targets
    else:
        assert len(mistakes(text)) == 1


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (values.interval(0.1), 0.1, 86400.0),
        (values.interval(1.0), 1.0, 86400.0),
        (values.Timeout, 0.01, 60.0),
        (values.Threshold, 0.001, 10.0),
        (values.ReportInterval, 1.0, 3600.0),
    ],
    ids=["echo interval", "interval", "timeout", "threshold", "report interval"],
)
def test_a_duration_may_be_its_limits_and_nothing_beyond(kind: Any, least: float, most: float) -> None:
    assert (read(kind, least), read(kind, most)) == (least, most)
    assert "is too short; write" in refused(kind, least * 0.999)
    assert "is too long; write" in refused(kind, most * 1.001)


@pytest.mark.parametrize("written", [".nan", ".inf", "1e400", "true", "-1", "[1s]", "1 s", "1d", ""])
def test_what_is_no_duration_is_one_mistake(written: str) -> None:
    (mistake,) = mistakes(f"threshold: {written}\n{BACKEND}")
    assert mistake.startswith("threshold: ")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "is empty"),
        ({}, "is a mapping"),
        (True, "True is true or false"),
        ("a\x1b[2J{message}", "'a\\x1b[2J{message}' is text"),
        ("x" * 200, "'" + "x" * 78 + "… is text"),
    ],
    ids=["null", "mapping", "boolean", "escape and braces", "long"],
)
def test_a_value_of_the_wrong_kind_is_shown_harmless_and_short(value: object, words: str) -> None:
    assert refused(values.Port, value) == f"{words}; a port belongs here, a number from 1 to 65535"


@pytest.mark.parametrize("url", ["http://a", "https://probe.example.com:8443/x", "https://a/" + "x" * 2038])
def test_a_url_of_the_page_is_taken_as_it_is(url: str) -> None:
    assert read(values.Url, url) == url


@pytest.mark.parametrize(
    "url",
    ["ftp://a/", "https://", "https://a:0/", "https://a:99999/", "https://a/\x07", "https://a/" + "x" * 2039],
    ids=["another scheme", "no host", "port 0", "no port", "control character", "a character too long"],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    assert "is not a URL" in refused(values.Url, url)


def test_a_check_is_named_by_its_word_in_the_configuration() -> None:
    assert read(values.CheckName, "tls") is Check.TLS
    assert read(values.CheckName, "health") is Check.HEALTH_COLD
    assert "is none of icmp, tcp, tls, dns" in refused(values.CheckName, "udp")
