"""The servers of a reduced world, over loopback: real sockets, real TLS."""

import socket
import ssl
import stat
from collections.abc import Iterator

import dns.message
import dns.query
import pytest
from kinds_of_hosts import NAME as HOST
from kinds_of_hosts import document_of
from OpenSSL import SSL

from simulator import Fault, ScenarioError, World, load_scenario, start
from simulator.scenario.kinds import KINDS, HostKind, Transport
from simulator.scenario.reader import read_scenario

pytestmark = pytest.mark.loopback

NAME = "myproxy-private.xks.example.com"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with start(load_scenario("default"), reduced=True) as running:
        yield running


@pytest.fixture(autouse=True)
def healed(world: World) -> Iterator[None]:
    yield
    for fault in (Fault.ALIVE, Fault.GOOD, Fault.TLS_GOOD, Fault.HEALTHY):
        world.set_fault("*", fault)


def where(world: World, name: str) -> tuple[str, int]:
    endpoint = world.layout.endpoints[name]
    return endpoint.address, endpoint.port


def get(world: World, name: str = "proxy-1", path: str = "/") -> bytes:
    context = ssl.create_default_context(cafile=str(world.root_pem))
    with (
        socket.create_connection(where(world, name), 5) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while data := secure.recv(65_536):
            answer += data
        return answer


def handshake(world: World, suites: bytes, least: int = SSL.TLS1_VERSION) -> tuple[str, str | None, int]:
    """Version, cipher and number of certificates, by a client that takes anything."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(least)
    context.set_cipher_list(suites)
    with socket.create_connection(where(world, "proxy-1"), 5) as plain:
        plain.settimeout(None)
        connection = SSL.Connection(context, plain)
        connection.set_tlsext_host_name(NAME.encode())
        connection.set_connect_state()
        connection.do_handshake()
        chain = connection.get_peer_cert_chain() or []
        return connection.get_protocol_version_name(), connection.get_cipher_name(), len(chain)


def test_it_says_that_it_is_reduced(world: World) -> None:
    assert world.reduced
    assert "no delays" in world.notes[0]


def test_a_proxy_answers_over_tls_that_its_root_vouches_for(world: World) -> None:
    assert get(world).startswith(b"HTTP/1.1 404 ")
    assert get(world, path="/kms/xks/v1/health").startswith(b"HTTP/1.1 405 ")


def test_a_node_leads_to_a_backend_and_a_dead_one_refuses(world: World) -> None:
    assert get(world, "nlb-euc1-az1").startswith(b"HTTP/1.1 404 ")
    with pytest.raises(ConnectionRefusedError):
        get(world, "nlb-euc1-az2")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.EXPIRED, "certificate has expired"),
        (Fault.NOT_YET_VALID, "not yet valid"),
        (Fault.WRONG_COMMON_NAME, "Hostname mismatch"),
        (Fault.MISSING_INTERMEDIATE, "unable to get local issuer certificate"),
        (Fault.UNLISTED_AUTHORITY, "unable to get (local )?issuer certificate"),
    ],
)
def test_another_client_sees_the_fault_of_a_certificate(world: World, fault: Fault, words: str) -> None:
    world.set_fault("proxy-1", fault)
    with pytest.raises(ssl.SSLCertVerificationError, match=words):
        get(world)
    assert get(world, "proxy-2")  # the other one is as before


@pytest.mark.parametrize("fault", [Fault.COMMON_NAME_MISSING, Fault.SAN_RIGHT_CN_WRONG, Fault.EXPIRES_SOON])
def test_what_only_kms_minds_passes_with_another_client(world: World, fault: Fault) -> None:
    world.set_fault("proxy-1", fault)
    assert get(world).startswith(b"HTTP/1.1 404 ")


def test_aes_128_only_refuses_a_client_without(world: World) -> None:
    world.set_fault("*", Fault.AES_128_ONLY)
    assert handshake(world, b"DEFAULT") == ("TLSv1.3", "TLS_AES_128_GCM_SHA256", 2)
    context = ssl.create_default_context(cafile=str(world.root_pem))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE-ECDSA-AES256-GCM-SHA384")
    with (
        socket.create_connection(where(world, "proxy-1"), 5) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        context.wrap_socket(plain, server_hostname=NAME)


def test_tls_1_1_only_shakes_hands_with_those_who_still_speak_it(world: World) -> None:
    world.set_fault("*", Fault.TLS_1_1_ONLY)
    version, _, certificates = handshake(world, b"ALL:@SECLEVEL=0")
    assert (version, certificates) == ("TLSv1.1", 2)
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version|legacy sigalg"):
        get(world)


def test_a_demanded_client_certificate_ends_in_an_alert_and_a_requested_one_does_not(world: World) -> None:
    world.set_fault("*", Fault.CLIENT_CERTIFICATE_DEMANDED)
    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
        get(world)
    world.set_fault("*", Fault.CLIENT_CERTIFICATE_REQUESTED)
    assert get(world).startswith(b"HTTP/1.1 404 ")


def test_a_reset_in_the_handshake_is_a_reset(world: World) -> None:
    world.set_fault("proxy-1", Fault.RESET)
    with pytest.raises(ConnectionResetError):
        get(world)


def test_a_proxy_stops_and_starts(world: World) -> None:
    world.set_fault("proxy-1", "refused")
    with pytest.raises(ConnectionRefusedError):
        get(world)
    world.set_fault("proxy-1", "alive")
    assert get(world)


@pytest.mark.parametrize(
    ("name", "fault"), [("nlb-euc1-az1", "expired"), ("eu-west-1", "good"), ("ghost", "dead")]
)
def test_a_fault_that_a_host_cannot_have_is_our_mistake(world: World, name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=f"{name} cannot be {fault}"):
        world.set_fault(name, fault)


def test_the_name_server_answers_over_both_transports(world: World) -> None:
    address, port = where(world, "dns-1")
    query = dns.message.make_query("kms.eu-central-1.amazonaws.com", "A")
    for ask in (dns.query.udp, dns.query.tcp):
        answer = ask(query, address, timeout=5, port=port)
        assert answer.answer[0][0].to_text() == world.address("eu-central-1")


def test_what_proxies_answer_changes_while_the_world_runs(world: World) -> None:
    world.set_fault("*", "bad-gateway")
    world.set_fault("proxy-2", "html-200")
    assert get(world).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert get(world, "proxy-2").startswith(b"HTTP/1.1 200 OK\r\n")
    world.set_fault("*", Fault.HEALTHY)
    assert get(world).startswith(b"HTTP/1.1 404 ")


def answers_by(transport: Transport, address: tuple[str, int]) -> bool:
    """Whether anything listens there; a datagram that nobody takes comes back as an ICMP error."""
    if transport is Transport.TCP:
        try:
            socket.create_connection(address, 5).close()
        except ConnectionRefusedError:
            return False
        except ConnectionResetError:  # a node without a backend accepts, and resets at once
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
    with start(read_scenario("mine", document_of(kind)), reduced=True) as world:
        address = where(world, HOST)
        for fault, is_there in ((Fault.ALIVE, True), (Fault.DEAD, False), (Fault.ALIVE, True)):
            world.set_fault(HOST, fault)
            listens = [answers_by(transport, address) for transport in kind.transports]
            assert listens == [is_there] * len(kind.transports)
        for fault in set(Fault) - set(kind.faults):
            with pytest.raises(ValueError, match=f"{HOST} cannot be {fault}"):
                world.set_fault(HOST, fault)


def test_records_are_replaced_while_the_world_runs_whole_or_not_at_all() -> None:
    def text() -> list[str]:
        query = dns.message.make_query("x.example.com", "TXT")
        answer = dns.query.udp(query, address, timeout=5, port=port)
        return [item.to_text() for rrset in answer.answer for item in rrset]

    with start(read_scenario("mine", {"name_servers": [{"name": "dns-1"}]}), reduced=True) as world:
        address, port = where(world, "dns-1")
        assert text() == []
        world.set_records([{"name": "x.example.com", "type": "TXT", "answers": ["new"]}])
        assert text() == ['"new"']
        with pytest.raises(ScenarioError, match=r"records\[0\]\.servers: 'ghost' is not among"):
            world.set_records([{"name": "x.example.com", "type": "TXT", "servers": ["ghost"]}])
        assert text() == ['"new"']
        world.set_records([])
        assert text() == []


def test_stopping_leaves_neither_processes_nor_files() -> None:
    scenario = read_scenario("mine", {"backends": [{"name": "p", "rtt": "1ms"}]})
    with start(scenario, reduced=True) as world:
        servers = world._processes.servers
        assert servers is not None
        assert world.root_pem.exists()
        assert world.configuration()["key_store"]["credential"] == {"file": str(world.credential_file)}
        assert stat.S_IMODE(world.credential_file.stat().st_mode) == 0o600
        world.stop()
        world.stop()  # once more does nothing
    assert servers.process.returncode is not None
    assert not world.directory.exists()
