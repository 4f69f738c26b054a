"""Rules that span several keys."""

import pytest
from configuring import BACKEND, backends, mistakes, parse


@pytest.mark.parametrize(
    ("line", "is_fine"),
    [
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1s}", True),
        ("intervals: {tcp: 1s}\ntimeouts: {tcp: 1001ms}", False),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30s}}]", True),
        ("key_managers: [{name: k, host: k.example.com, intervals: {tcp: 30.001s}}]", False),
    ],
)
def test_limits_of_two_keys_hold_exactly(line: str, is_fine: bool) -> None:
    text = BACKEND + line
    if is_fine:
        assert parse(text).targets
    else:
        assert len(mistakes(text)) == 1


@pytest.mark.parametrize(
    ("times", "check", "most"),
    [("intervals: {icmp: 100ms}\n", "icmp", 2000), ("intervals: {tcp: 2s}\n", "tcp", 400)],
)
def test_the_caps_in_sum_hold_exactly(times: str, check: str, most: int) -> None:
    assert len(parse(times + backends(most, check)).targets) == most
    (mistake,) = mistakes(times + backends(most + 1, check))
    assert "in sum, at most" in mistake
