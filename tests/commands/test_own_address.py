"""The source address."""

import pytest

from probe.commands.exits import UsageError
from probe.commands.own_address import check_source


@pytest.mark.parametrize("source", [None, "127.0.0.1"])
def test_a_source_address_is_accepted(source: str | None) -> None:
    assert check_source(source) == source


@pytest.mark.parametrize("source", ["::1", "localhost", "10.0.0.256", "", "\x1b[31m"])
def test_a_source_that_is_not_an_ipv4_address_is_rejected(source: str) -> None:
    with pytest.raises(UsageError, match="not an IPv4 address"):
        check_source(source)
