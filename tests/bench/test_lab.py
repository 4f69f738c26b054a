import pytest

from bench.lab import addresses


def test_addresses_are_distinct_and_end_neither_in_0_nor_in_255() -> None:
    found = addresses(5000)
    assert len(set(found)) == 5000
    assert found[0] == "10.78.0.1"
    assert found[254] == "10.78.1.1"
    assert all(1 <= int(address.rpartition(".")[2]) <= 254 for address in found)


def test_more_hosts_than_the_simulation_has_are_rejected() -> None:
    with pytest.raises(ValueError, match="65024"):
        addresses(65_025)


def test_the_last_host_is_in_the_simulations_network() -> None:
    octets = [int(part) for part in addresses(64_000)[-1].split(".")]
    assert octets[:2] == [10, 78]
    assert octets[2] < 255
