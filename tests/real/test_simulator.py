"""The simulation tested with other programs and libraries: pings, TCP_INFO, openssl, and its own records."""

import math
import os
import shutil
import socket
import statistics
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from simulator import Fault, Simulation, SimulationError, load_scenario, run_in_simulation, start

pytestmark = pytest.mark.real

NAME = "myproxy-private.xks.example.com"
TCPI_RTT = 68  # <linux/tcp.h>: the offset of tcpi_rtt in struct tcp_info, microseconds
WITHIN_S = 0.0005


@pytest.fixture(scope="module")
def simulation(can_simulate: object) -> Iterator[Simulation]:
    with start(load_scenario("default"), reduced=False, enter=False) as running:
        yield running


@pytest.fixture(autouse=True)
def restored(simulation: Simulation) -> Iterator[None]:
    yield
    for fault in (Fault.ALIVE, Fault.GOOD, Fault.TLS_GOOD):
        simulation.set_fault("*", fault)
    simulation.set_fault("nlb-euc1-az1", Fault.ALIVE)


def connects(address: str, count: int) -> Callable[[], list[float]]:
    """The kernel's round-trip times of ``count`` connects, in seconds."""

    def take() -> list[float]:
        rtts_s = []
        for _ in range(count):
            with socket.create_connection((address, 443), 30) as connection:
                info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
                rtts_s.append(struct.unpack_from("=I", info, TCPI_RTT)[0] / 1e6)
        return rtts_s

    return take


def pings(address: str, count: int, timeout_s: float = 30.0) -> Callable[[], list[float]]:
    """Round-trip times of pings on a datagram socket with kernel receive timestamps, in seconds."""

    def take() -> list[float]:
        import time

        rtts_s = []
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP) as echoes:
            echoes.settimeout(timeout_s)
            echoes.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
            for sequence in range(1, count + 1):
                sent_ns = time.time_ns()
                echoes.sendto(struct.pack("!BBHHH", 8, 0, 0, 0, sequence), (address, 0))
                _, ((_, _, stamp),), _, _ = echoes.recvmsg(1500, 64)
                seconds, nanoseconds = struct.unpack("@ll", stamp)
                rtts_s.append((seconds * 1_000_000_000 + nanoseconds - sent_ns) / 1e9)
        return rtts_s

    return take


def outcome(address: str) -> Callable[[], str]:
    def take() -> str:
        try:
            socket.create_connection((address, 443), 2.0).close()
        except TimeoutError:
            return "silent"
        except ConnectionRefusedError:
            return "refused"
        return "accepted"

    return take


def shortest_s(simulation: Simulation, name: str, *, below_s: float) -> float:
    """The shortest delay applied to a host's connects from now on.

    A busy machine lengthens most delays; connects are repeated until one is ``below_s``, at most 200 times.
    """
    address = simulation.address(name)
    before = len(simulation.round_trips_s(address, "tcp-syn"))
    shortest = math.inf
    for _ in range(40):
        simulation.call(connects(address, 5), 60)
        shortest = min(simulation.round_trips_s(address, "tcp-syn")[before:])
        if shortest < below_s:
            break
    return shortest


@pytest.mark.parametrize("name", ["eu-central-1", "hsm-1", "proxy-1"])
def test_connects_take_the_applied_delay(simulation: Simulation, name: str) -> None:
    address = simulation.address(name)
    measured = simulation.call(connects(address, 20), 60)
    applied = simulation.round_trips_s(address, "tcp-syn")[-20:]
    assert len(applied) == 20
    assert abs(statistics.median(measured) - statistics.median(applied)) < WITHIN_S


def test_the_link_applies_the_delay_of_the_scenario(simulation: Simulation) -> None:
    assert 0.0356 <= shortest_s(simulation, "eu-west-3", below_s=0.0370) < 0.0370


def test_pings_take_the_applied_delay(simulation: Simulation) -> None:
    address = simulation.address("hsm-1")
    measured = simulation.call(pings(address, 20), 60)
    applied = simulation.round_trips_s(address, "icmp")
    assert abs(statistics.median(measured) - statistics.median(applied)) < WITHIN_S


@pytest.mark.long
def test_medians_stay_accurate_with_every_core_busy(simulation: Simulation) -> None:
    address = simulation.address("eu-central-1")
    busy_loop = [sys.executable, "-c", "while True: pass"]
    busy_loops = [subprocess.Popen(busy_loop) for _ in range(os.cpu_count() or 1)]
    try:
        measured = simulation.call(connects(address, 40), 60)
    finally:
        for process in busy_loops:
            process.kill()
            process.wait()
    applied = simulation.round_trips_s(address, "tcp-syn")[-40:]
    assert abs(statistics.median(measured) - statistics.median(applied)) < WITHIN_S


def test_a_node_forwards_to_its_backend_and_does_not_answer_pings(simulation: Simulation) -> None:
    node = simulation.address("nlb-euc1-az1")
    measured = simulation.call(connects(node, 20), 60)
    applied = simulation.round_trips_s(node, "tcp-syn")[-20:]
    assert abs(statistics.median(measured) - statistics.median(applied)) < WITHIN_S
    with pytest.raises(SimulationError, match="TimeoutError"):
        simulation.call(pings(node, 1, 1.0), 60)


def test_a_flow_through_a_node_and_a_direct_one_may_share_a_local_port(simulation: Simulation) -> None:
    def both() -> bool:
        with socket.socket() as through, socket.socket() as direct:
            for each, name in ((through, "nlb-euc1-az1"), (direct, "proxy-1")):
                each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                each.settimeout(3)
                each.bind(("", 25_678))  # not an ephemeral port, so no other socket gets it
                each.connect((simulation.address(name), 443))
            return True

    assert simulation.call(both, 60)


def test_faults_can_be_set_and_removed_while_the_simulation_runs(simulation: Simulation) -> None:
    node, proxy = simulation.address("nlb-euc1-az1"), simulation.address("proxy-1")
    seen = []
    for name, fault in [
        ("proxy-1", "refused"),
        ("proxy-1", "silent"),
        ("proxy-1", "alive"),
        ("nlb-euc1-az1", "dead"),
    ]:
        simulation.set_fault(name, fault)
        seen.append((simulation.call(outcome(node), 60), simulation.call(outcome(proxy), 60)))
    assert seen == [
        ("refused", "refused"),
        ("silent", "silent"),
        ("accepted", "accepted"),
        ("silent", "accepted"),
    ]


def test_a_dead_zone_is_silent(simulation: Simulation) -> None:
    assert simulation.call(outcome(simulation.address("nlb-euc1-az2")), 60) == "silent"


def test_a_delay_changes_while_the_simulation_runs(simulation: Simulation) -> None:
    simulation.set_delay("eu-west-1", 0.060)
    assert 0.060 <= shortest_s(simulation, "eu-west-1", below_s=0.062) < 0.062


def test_five_megabytes_pass_through_a_node_intact(simulation: Simulation) -> None:
    """Offloads are off and checksums are correct; otherwise segments would be cut or dropped."""

    def send_five_megabytes() -> int:
        import ssl

        context = ssl.create_default_context(cafile=str(simulation.root_pem))
        with (
            socket.create_connection((simulation.address("nlb-euc1-az1"), 443), 5) as plain,
            context.wrap_socket(plain, server_hostname=NAME) as secure,
        ):
            body = b"0" * 60_000
            head = f"POST /kms/xks/v1/health HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n"
            statuses = set()
            for _ in range(83):
                secure.sendall(head.encode() + body)
                statuses.add(secure.recv(65_536)[:12])
            assert statuses == {b"HTTP/1.1 401"}  # each body is read completely; the requests are not signed
            return len(body) * 83

    assert simulation.call(send_five_megabytes, 60) == 4_980_000


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs the program openssl")
@pytest.mark.parametrize(
    ("fault", "options", "expected"),
    [
        ("good", "", "Verification: OK"),
        ("expires-soon", "", "Verification: OK"),
        ("expired", "", "certificate has expired"),
        ("wrong-common-name", f"-verify_hostname {NAME}", "hostname mismatch"),
        ("missing-intermediate", "", "unable to get local issuer certificate"),
        ("unlisted-authority", "", "unable to get local issuer certificate"),
        ("aes-128-only", "-tls1_2 -cipher ECDHE-ECDSA-AES256-GCM-SHA384", "handshake failure"),
        ("aes-128-only", "", "TLS_AES_128_GCM_SHA256"),
        ("tls-1.1-only", "-tls1_2", "unsupported protocol"),
        ("tls-1.1-only", "-tls1_1 -cipher ALL:@SECLEVEL=0", "New, TLSv1.0, Cipher is ECDHE-ECDSA-AES256-SHA"),
        ("client-certificate-demanded", "", "certificate required"),
        ("client-certificate-requested", "", "Verification: OK"),
        ("reset-in-handshake", "", "errno=104"),
    ],
)
def test_openssl_sees_the_fault_through_a_node(
    simulation: Simulation, fault: str, options: str, expected: str
) -> None:
    simulation.set_fault("*", fault)
    connect = [
        "-connect",
        f"{simulation.address('nlb-euc1-az1')}:443",
        "-servername",
        NAME,
        "-CAfile",
        "{ca}",
    ]
    # -ign_eof with a request: in TLS 1.3, a missing client certificate is reported only at the first read.
    shell = 'printf "GET / HTTP/1.0\\r\\n\\r\\n" | openssl s_client -ign_eof "$@" 2>&1'
    done = simulation.run(["sh", "-c", shell, "sh", *connect, *options.split()], 60)
    assert expected in done.stdout


def test_a_name_server_answers_through_the_link(simulation: Simulation) -> None:
    import dns.message
    import dns.query

    def ask() -> str:
        query = dns.message.make_query("hsm-1.example.com", "A")
        answer = dns.query.udp(query, simulation.address("dns-1"), timeout=3)
        return str(answer.answer[0][0].to_text())

    assert simulation.call(ask, 60) == simulation.address("hsm-1")


def test_a_command_runs_in_the_simulation_with_its_configuration(can_simulate: object) -> None:
    done = run_in_simulation(
        load_scenario("healthy"), ["cat", "{config}", "{ca}", "/proc/net/dev"], timeout_s=100
    )
    assert done.returncode == 0
    for expected in ("private_dns_name: myproxy-private.xks.example.com", "BEGIN CERTIFICATE", "agent0"):
        assert expected in done.stdout


def test_a_command_that_does_not_end_is_killed(simulation: Simulation) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        simulation.run(["sleep", "60"], 0.2)


def test_the_death_of_a_simulation_process_is_reported(can_simulate: object) -> None:
    with start(load_scenario("healthy"), reduced=False, enter=False) as simulation:
        link = simulation._processes.link
        assert link is not None
        link.process.kill()
        with pytest.raises(SimulationError, match=r"the link process ended \(status -9\)"):
            simulation.applied("10.78.1.11")


def test_entering_keeps_earlier_sockets_and_root_can_return(can_simulate: object) -> None:
    program = """
import os, socket
from simulator import load_scenario, start
before = os.readlink("/proc/self/ns/net")
with socket.create_server(("127.0.0.1", 0)) as page:
    with start(load_scenario("healthy"), reduced=False) as simulation:
        socket.create_connection((simulation.address("hsm-1"), 443), 3).close()
        try:
            socket.create_connection(page.getsockname(), 3).close()
        except ConnectionRefusedError:
            print("the page is not reachable")
    if os.readlink("/proc/self/ns/net") == before:
        print("back")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=250, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["the page is not reachable"] + ["back"] * (os.geteuid() == 0)
