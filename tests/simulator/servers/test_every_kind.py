"""The service of each kind of host, without a socket; test_servers.py tests the services over loopback."""

import pytest
from support.network.host_kinds import NAME, document_of

from simulator.scenario.addressing import assign_addresses
from simulator.scenario.kinds import KINDS, HostKind, Transport
from simulator.scenario.reader import read_scenario
from simulator.servers.servers import Servers


@pytest.mark.parametrize("kind", KINDS, ids=[kind.key for kind in KINDS])
def test_the_service_of_a_host_supports_each_transport_of_its_kind(kind: HostKind) -> None:
    scenario = read_scenario("mine", document_of(kind))
    service = Servers(scenario, assign_addresses(scenario, reduced_block=7))._service(kind, NAME)
    assert service is not None, f"there is no service for {kind.key}"
    known = {Transport.TCP: service.serve, Transport.UDP: service.answer}
    for transport in Transport:
        assert (known[transport] is not None) is (transport in kind.transports), (
            f"{kind.key}: `transports` and the service differ"
        )
