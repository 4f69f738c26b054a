"""Constraints between several keys."""

import pytest
from support.settings_from_text import BACKEND, backends, mistakes, parse


@pytest.mark.parametrize(
    ("line", "is_valid"),
    [
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1s}", True),
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1001ms}", False),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30s}}]", True),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30.001s}}]", False),
    ],
)
def test_constraints_between_two_keys_are_exact(line: str, is_valid: bool) -> None:
    text = BACKEND + line
    if is_valid:
        assert parse(text).targets
    else:
        assert len(mistakes(text)) == 1


@pytest.mark.parametrize(
    ("times", "check", "maximum"),
    [("intervals: {icmp: 100ms}\n", "icmp", 2000), ("intervals: {tcp: 2s}\n", "tcp", 400)],
)
def test_the_limits_on_total_rates_are_exact(times: str, check: str, maximum: int) -> None:
    assert len(parse(times + backends(maximum, check)).targets) == maximum
    (mistake,) = mistakes(times + backends(maximum + 1, check))
    assert "in total, but the maximum is" in mistake
