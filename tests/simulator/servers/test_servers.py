"""The servers of a reduced simulation, over loopback: real sockets, real TLS."""

import socket
import ssl
import stat
from collections.abc import Iterator

import dns.message
import dns.query
import pytest
from OpenSSL import SSL
from support.network.host_kinds import NAME as HOST
from support.network.host_kinds import document_of

from simulator import Fault, ScenarioError, Simulation, load_scenario, start
from simulator.scenario.kinds import KINDS, HostKind, Transport
from simulator.scenario.reader import read_scenario

pytestmark = pytest.mark.loopback

NAME = "myproxy-private.xks.example.com"


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with start(load_scenario("default"), reduced=True) as running:
        yield running


@pytest.fixture(autouse=True)
def restored(simulation: Simulation) -> Iterator[None]:
    yield
    for fault in (Fault.ALIVE, Fault.GOOD, Fault.TLS_GOOD, Fault.HEALTHY):
        simulation.set_fault("*", fault)


def where(simulation: Simulation, name: str) -> tuple[str, int]:
    endpoint = simulation.addressing.endpoints[name]
    return endpoint.address, endpoint.port


def get(simulation: Simulation, name: str = "proxy-1", path: str = "/") -> bytes:
    context = ssl.create_default_context(cafile=str(simulation.root_pem))
    with (
        socket.create_connection(where(simulation, name), 5) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := secure.recv(65_536):
            answer += data
        return answer


def handshake(
    simulation: Simulation, suites: bytes, minimum_version: int = SSL.TLS1_VERSION
) -> tuple[str, str | None, int]:
    """Version, cipher and number of certificates, from a client that accepts anything."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(minimum_version)
    context.set_cipher_list(suites)
    with socket.create_connection(where(simulation, "proxy-1"), 5) as plain:
        plain.settimeout(None)
        connection = SSL.Connection(context, plain)
        connection.set_tlsext_host_name(NAME.encode())
        connection.set_connect_state()
        connection.do_handshake()
        chain = connection.get_peer_cert_chain() or []
        return connection.get_protocol_version_name(), connection.get_cipher_name(), len(chain)


def test_a_reduced_simulation_has_a_notice(simulation: Simulation) -> None:
    assert simulation.reduced
    assert "no delays" in simulation.notes[0]


def test_a_proxy_serves_tls_with_a_certificate_under_its_root(simulation: Simulation) -> None:
    assert get(simulation).startswith(b"HTTP/1.1 404 ")
    assert get(simulation, path="/kms/xks/v1/health").startswith(b"HTTP/1.1 405 ")


def test_a_node_forwards_to_a_backend_and_a_dead_node_refuses(simulation: Simulation) -> None:
    assert get(simulation, "nlb-euc1-az1").startswith(b"HTTP/1.1 404 ")
    with pytest.raises(ConnectionRefusedError):
        get(simulation, "nlb-euc1-az2")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Fault.EXPIRED, "certificate has expired"),
        (Fault.NOT_YET_VALID, "not yet valid"),
        (Fault.WRONG_COMMON_NAME, "Hostname mismatch"),
        (Fault.MISSING_INTERMEDIATE, "unable to get local issuer certificate"),
        (Fault.UNLISTED_AUTHORITY, "unable to get (local )?issuer certificate"),
    ],
)
def test_another_tls_client_sees_the_certificate_fault(
    simulation: Simulation, fault: Fault, message: str
) -> None:
    simulation.set_fault("proxy-1", fault)
    with pytest.raises(ssl.SSLCertVerificationError, match=message):
        get(simulation)
    assert get(simulation, "proxy-2")  # the other proxy is unchanged


@pytest.mark.parametrize("fault", [Fault.COMMON_NAME_MISSING, Fault.SAN_RIGHT_CN_WRONG, Fault.EXPIRES_SOON])
def test_faults_that_only_kms_rejects_pass_with_another_client(simulation: Simulation, fault: Fault) -> None:
    simulation.set_fault("proxy-1", fault)
    assert get(simulation).startswith(b"HTTP/1.1 404 ")


def test_aes_128_only_refuses_a_client_without_aes_128(simulation: Simulation) -> None:
    simulation.set_fault("*", Fault.AES_128_ONLY)
    assert handshake(simulation, b"DEFAULT") == ("TLSv1.3", "TLS_AES_128_GCM_SHA256", 2)
    context = ssl.create_default_context(cafile=str(simulation.root_pem))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    with (
        socket.create_connection(where(simulation, "proxy-1"), 5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        context.wrap_socket(plain, server_hostname=NAME)


def test_tls_1_1_only_works_with_a_client_that_supports_it(simulation: Simulation) -> None:
    simulation.set_fault("*", Fault.TLS_1_1_ONLY)
    version, _, certificates = handshake(simulation, b"ALL:@SECLEVEL=0")
    assert (version, certificates) == ("TLSv1.1", 2)
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version|legacy sigalg"):
        get(simulation)


def test_a_required_client_certificate_gives_an_alert_and_a_requested_one_does_not(
    simulation: Simulation,
) -> None:
    simulation.set_fault("*", Fault.CLIENT_CERTIFICATE_DEMANDED)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
        get(simulation)
    simulation.set_fault("*", Fault.CLIENT_CERTIFICATE_REQUESTED)
    assert get(simulation).startswith(b"HTTP/1.1 404 ")


def test_a_reset_in_the_handshake_is_a_reset(simulation: Simulation) -> None:
    simulation.set_fault("proxy-1", Fault.RESET)
    with pytest.raises(ConnectionResetError):
        get(simulation)


def test_a_proxy_stops_and_starts(simulation: Simulation) -> None:
    simulation.set_fault("proxy-1", "refused")
    with pytest.raises(ConnectionRefusedError):
        get(simulation)
    simulation.set_fault("proxy-1", "alive")
    assert get(simulation)


@pytest.mark.parametrize(
    ("name", "fault"), [("nlb-euc1-az1", "expired"), ("eu-west-1", "good"), ("ghost", "dead")]
)
def test_a_fault_that_a_host_cannot_have_is_an_error(simulation: Simulation, name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot have the fault {fault}"):
        simulation.set_fault(name, fault)


def test_the_name_server_answers_over_both_transports(simulation: Simulation) -> None:
    address, port = where(simulation, "dns-1")
    query = dns.message.make_query("kms.eu-central-1.amazonaws.com", "A")
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(query, address, timeout=250, port=port)
        assert answer.answer[0][0].to_text() == simulation.address("eu-central-1")


def test_the_responses_of_proxies_can_change_while_the_simulation_runs(simulation: Simulation) -> None:
    simulation.set_fault("*", "bad-gateway")
    simulation.set_fault("proxy-2", "html-200")
    assert get(simulation).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert get(simulation, "proxy-2").startswith(b"HTTP/1.1 200 OK\r\n")
    simulation.set_fault("*", Fault.HEALTHY)
    assert get(simulation).startswith(b"HTTP/1.1 404 ")


def answers_by(transport: Transport, address: tuple[str, int]) -> bool:
    """Whether a server listens at the address; a datagram to a closed port causes an ICMP error."""
    if transport is Transport.TCP:
        try:
            socket.create_connection(address, 5).close()
        except ConnectionRefusedError:
            return False
        except ConnectionResetError:  # a node without a backend accepts, then resets immediately
            pass
        return True
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(0.1)
        try:
            client.send(bytes(48))
            client.recv(512)
        except ConnectionRefusedError:
            return False
        except TimeoutError:
            pass
    return True


@pytest.mark.parametrize("kind", KINDS, ids=[kind.key for kind in KINDS])
def test_a_host_of_every_kind_listens_by_its_transports_until_it_is_dead(kind: HostKind) -> None:
    with start(read_scenario("mine", document_of(kind)), reduced=True) as simulation:
        address = where(simulation, HOST)
        for fault, is_there in ((Fault.ALIVE, True), (Fault.DEAD, False), (Fault.ALIVE, True)):
            simulation.set_fault(HOST, fault)
            listens = [answers_by(transport, address) for transport in kind.transports]
            assert listens == [is_there] * len(kind.transports)
        for fault in set(Fault) - set(kind.faults):
            with pytest.raises(ValueError, match=f"{HOST} cannot have the fault {fault}"):
                simulation.set_fault(HOST, fault)


def test_records_are_replaced_completely_or_not_at_all() -> None:
    def text() -> list[str]:
        query = dns.message.make_query("x.example.com", "TXT")
        answer = dns.query.udp(query, address, timeout=250, port=port)
        return [item.to_text() for rrset in answer.answer for item in rrset]

    with start(read_scenario("mine", {"name_servers": [{"name": "dns-1"}]}), reduced=True) as simulation:
        address, port = where(simulation, "dns-1")
        assert text() == []
        simulation.set_records([{"name": "x.example.com", "type": "TXT", "answers": ["new"]}])
        assert text() == ['"new"']
        with pytest.raises(ScenarioError, match=r"records\[0\]\.servers: 'ghost' is not among"):
            simulation.set_records([{"name": "x.example.com", "type": "TXT", "servers": ["ghost"]}])
        assert text() == ['"new"']
        simulation.set_records([])
        assert text() == []


def test_stopping_leaves_neither_processes_nor_files() -> None:
    scenario = read_scenario("mine", {"backends": [{"name": "p", "rtt": "1ms"}]})
    with start(scenario, reduced=True) as simulation:
        servers = simulation._processes.servers
        assert servers is not None
        assert simulation.root_pem.exists()
        assert simulation.configuration()["key_store"]["credential"] == {
            "file": str(simulation.credential_file)
        }
        assert stat.S_IMODE(simulation.credential_file.stat().st_mode) == 0o600
        simulation.stop()
        simulation.stop()  # a second call does nothing
    assert servers.process.returncode is not None
    assert not simulation.directory.exists()
