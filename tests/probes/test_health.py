"""Health requests to a proxy on loopback that verifies signatures independently."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from support.network.xks_proxy import HEALTHY, HOST, KEY_ID, REGION, SECRET, Asked, XksServer
from support.pace import slowdown
from support.tls.authority import Authority

from probe.model.kinds import CONFORMANCE_INTERVAL_S, CONFORMANCE_RETRY_S
from probe.model.measurements import (
    CHECK_TIMED_OUT,
    HealthDetails,
    KeyManagerStatus,
    Measurement,
    Phase,
    Reason,
    Timestamps,
    TlsDetails,
)
from probe.model.targets import Check, Role, Target
from probe.network import Network
from probe.network.clock import SYSTEM_CLOCK
from probe.probes.health import COLD_EXCHANGES, HealthProbe, measure
from probe.probes.health_connection import EXCHANGE_S, MIN_S
from probe.probes.health_request import Client
from probe.signing.credential import Credential
from probe.signing.peer_check import unmet_requirement
from probe.signing.sigv4 import Signer

pytestmark = pytest.mark.loopback
Started = Callable[..., tuple[Target, XksServer]]


@pytest.fixture
def proxy(authority: Authority, tmp_path: Path, tcp_server: Any) -> Started:
    """``proxy(name, **changes)``: a target, and the server behind it."""

    def start(name: str = HOST, **changes: Any) -> tuple[Target, XksServer]:
        server = XksServer(
            certificate=str(authority.issue(name, dns_names=(name,)).write(tmp_path)), **changes
        )
        port = tcp_server(server.serve)
        return Target(name="node", role=Role.NODE, host="127.0.0.1", port=port, server_name=HOST), server

    return start


@pytest.fixture
def client(authority: Authority) -> Client:
    signer = Signer(Credential(KEY_ID, SECRET), REGION)
    extra = (authority.root.public_bytes(Encoding.DER),)
    return Client(path="/kms/xks/v1", peer_check=unmet_requirement(extra), sign=signer.headers)


def ask(target: Target, client: Client, timeout_s: float = 5.0) -> list[Measurement]:
    return list(asyncio.run(measure(target, client, Network(), timeout_s)))


def of(found: list[Measurement], purpose: str, check: Check = Check.HEALTH_COLD) -> list[HealthDetails]:
    return [
        each.details
        for each in found
        if isinstance(each.details, HealthDetails) and each.details.purpose == purpose and each.check is check
    ]


def test_no_exchange_is_started_that_the_deadline_would_cut_off(proxy: Started, client: Client) -> None:
    target, _ = proxy(delay_s=0.2)
    before_s = time.time()
    found = ask(target, client, timeout_s=1.2)
    assert of(found, "health")
    assert of(found, "large_body") == []
    # On a busy machine, an exchange may start a little later than decided, and still be cut off.
    assert max(each.started_at_s for each in found) < before_s + 1.2 - MIN_S / 2


def test_a_healthy_proxy_gets_the_same_requests_as_from_kms(proxy: Started, client: Client) -> None:
    target, server = proxy()
    found = ask(target, client)
    health = of(found, "health")
    assert [each.status for each in health] == [200] * COLD_EXCHANGES
    assert {each.fault for each in health} == {None}
    assert health[0].managers == (("hsm-1", KeyManagerStatus.ACTIVE), ("hsm-2", KeyManagerStatus.DEGRADED))
    assert [each.status for each in of(found, "health", Check.HEALTH_WARM)] == [200]
    assert [each.status for each in of(found, "unsigned")] == [401]
    assert [each.status for each in of(found, "get")] == [405]
    (large,) = of(found, "large_body")
    assert (large.status, large.sent_body_bytes > 1500) == (200, True)
    first = server.asked[0]
    assert (first.method, first.path, first.headers["host"]) == ("POST", "/kms/xks/v1/health", HOST)
    assert first.headers["user-agent"].startswith("xks-probe/")
    metadata = json.loads(first.body)["requestMetadata"]
    assert metadata["kmsOperation"] == "KmsHealthCheck"
    assert (
        len({json.loads(each.body)["requestMetadata"]["kmsRequestId"] for each in server.asked if each.body})
        > 5
    )


def test_each_phase_has_kernel_timestamps(proxy: Started, client: Client) -> None:
    target, _ = proxy()
    cold = ask(target, client)[0]
    assert set(cold.phases_s) == {Phase.CONNECT, Phase.HANDSHAKE, Phase.WAIT, Phase.RECEIVE}
    assert cold.timestamps is Timestamps.KERNEL
    warm = next(each for each in ask(target, client) if each.check is Check.HEALTH_WARM)
    assert set(warm.phases_s) == {Phase.WAIT, Phase.RECEIVE}


def test_nothing_is_signed_for_a_server_with_another_name(proxy: Started, client: Client) -> None:
    target, server = proxy("evil.example.com")
    found = ask(target, client)
    assert [each.withheld for each in of(found, "health")] == ["common-name-matches"]
    assert not any("authorization" in request.headers for request in server.asked)
    assert [each.status for each in of(found, "unsigned")] == [401]


def test_nothing_is_signed_for_a_ca_that_kms_does_not_trust(proxy: Started, client: Client) -> None:
    target, server = proxy()
    found = ask(target, replace(client, peer_check=unmet_requirement(())))
    assert of(found, "health")[0].withheld == "certificate-path-validates"
    assert not any("authorization" in request.headers for request in server.asked)


def test_the_event_loop_continues_while_the_certificates_are_checked(proxy: Started, client: Client) -> None:
    released = threading.Event()

    def check(_target: Target, _details: TlsDetails) -> None:
        assert released.wait(60)

    async def run() -> tuple[Measurement, ...]:
        asyncio.get_running_loop().call_later(0.01, released.set)
        return await measure(target, replace(client, peer_check=check), Network(), 5.0)

    target, _ = proxy()
    assert of(list(asyncio.run(run())), "health")[0].withheld is None


def test_nothing_is_sent_if_the_certificates_are_not_checked_in_time(proxy: Started, client: Client) -> None:
    released = threading.Event()

    def check(_target: Target, _details: TlsDetails) -> None:
        assert released.wait(60)

    async def run() -> tuple[Measurement, ...]:
        found = await measure(target, replace(client, peer_check=check), Network(), 2.0)
        released.set()
        return found

    target, server = proxy()
    assert [each.withheld for each in of(list(asyncio.run(run())), "health")] == [CHECK_TIMED_OUT]
    assert not any("authorization" in request.headers for request in server.asked)


def test_a_check_that_takes_longer_than_an_exchange_does_not_count_against_the_proxy(
    proxy: Started, client: Client
) -> None:
    waits_s = iter([EXCHANGE_S + 0.1])

    def check(_target: Target, _details: TlsDetails) -> None:
        time.sleep(next(waits_s, 0.0))

    target, _ = proxy()
    found = asyncio.run(measure(target, replace(client, peer_check=check), Network(), 60.0))
    first = of(list(found), "health")[0]
    assert (first.withheld, first.status) == (None, 200)


def test_without_a_credential_only_unsigned_requests_are_sent(proxy: Started, client: Client) -> None:
    target, server = proxy()
    found = ask(target, replace(client, sign=None))
    assert [each.withheld for each in of(found, "health")] == ["no credential"]
    assert not any("authorization" in request.headers for request in server.asked)
    assert [each.status for each in of(found, "get")] == [405]


@pytest.mark.parametrize("path", ["/kms/xks/v1", "/a//b/kms/xks/v1"])
def test_the_path_is_signed_as_sent(proxy: Started, client: Client, path: str) -> None:
    target, _ = proxy(path=path)
    assert of(ask(target, replace(client, path=path)), "health")[0].status == 200


@pytest.mark.parametrize("change", [{"region": "eu-west-2"}, {"secret": "another"}])
def test_a_signature_with_another_region_or_secret_is_refused(
    proxy: Started, client: Client, change: dict[str, str]
) -> None:
    target, _ = proxy(**change)
    (first, *_rest) = of(ask(target, client), "health")
    assert (first.status, first.error_name) == (401, "AuthenticationFailedException")


def test_key_metadata_is_requested_if_a_key_id_is_given(proxy: Started, client: Client) -> None:
    target, server = proxy()
    (metadata,) = of(ask(target, replace(client, key_id="foo")), "key_metadata")
    assert (metadata.key_spec, metadata.key_usage, metadata.key_status) == (
        "AES_256",
        ("ENCRYPT", "DECRYPT"),
        "ENABLED",
    )
    assert server.asked[-1].path == "/kms/xks/v1/keys/foo/metadata"


def test_after_two_exchanges_without_a_response_the_run_ends(proxy: Started, client: Client) -> None:
    target, server = proxy(delay_s=1.3)
    started_s = time.monotonic()
    found = ask(target, client, 10.0)
    assert [each.failure and each.failure.reason for each in found] == [Reason.TIMED_OUT] * 2
    assert time.monotonic() - started_s < 8.0 * slowdown()
    assert len(server.asked) <= 2


def test_a_run_ends_within_its_timeout(proxy: Started, client: Client) -> None:
    target, _ = proxy(delay_s=0.3)
    started_s = time.monotonic()
    found = ask(target, client, 0.7)
    assert time.monotonic() - started_s < 3.0 * slowdown()
    assert found


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"<html>", "the body is HTML or XML, not JSON"),
        (
            json.dumps({**HEALTHY, "xksProxyFleetSize": 0}).encode(),
            "xksProxyFleetSize is not a positive integer",
        ),
    ],
)
def test_an_invalid_response_is_described(proxy: Started, client: Client, body: bytes, fault: str) -> None:
    target, _ = proxy(answer=lambda request: (200, body) if request.method == "POST" else None)
    assert of(ask(target, client), "health")[0].fault == fault


@pytest.mark.parametrize(
    ("date", "low", "high"),
    [
        ("", -2, 2),
        ("Thu, 01 Jan 1970 00:00:00 GMT", -1e11, -1e9),
        ("not a date", None, None),
        (None, None, None),
    ],
)
def test_the_proxys_clock_offset_is_read_from_its_date_header(
    proxy: Started, client: Client, date: str | None, low: float | None, high: float | None
) -> None:
    target, _ = proxy(date=date)
    offset_s = of(ask(target, client), "health")[0].clock_offset_s
    if low is None or high is None:
        assert offset_s is None
    else:
        assert offset_s is not None
        assert low <= offset_s <= high


def test_a_refused_connection_is_a_failure_and_not_an_exception(client: Client, tcp_server: Any) -> None:
    port = tcp_server(lambda connection: connection.close())
    target = Target(name="node", role=Role.NODE, host="127.0.0.1", port=port, server_name=HOST)
    found = ask(target, client)
    assert [each.failure is not None for each in found] == [True, True]


def test_no_measurement_contains_the_credential(proxy: Started, client: Client) -> None:
    def echo(request: Asked) -> tuple[int, bytes]:
        return 400, json.dumps(
            {"errorName": "ValidationException", "errorMessage": str(request.headers)}
        ).encode()

    target, _ = proxy(answer=echo)
    text = repr(ask(target, client)) + repr(client)
    assert SECRET not in text


class Runs:
    """Repeated runs of one probe, with a clock that the test can move forward."""

    def __init__(self, client: Client) -> None:
        self.clock = SettableClock()
        self.network = Network(clock=self.clock)  # type: ignore[arg-type]
        self.probe = HealthProbe(client, self.network)

    def run(self, target: Target) -> list[str]:
        """The requests sent, in order."""
        found: list[Measurement] = []
        asyncio.run(self.probe.measure(target, 5.0, found.append))
        return [f"{each.check.value} {each.purpose}" for each in found]


class SettableClock:
    """The system clock plus ``later_s``."""

    def __init__(self) -> None:
        self.later_s = 0.0

    def monotonic_ns(self) -> int:
        return SYSTEM_CLOCK.monotonic_ns() + int(self.later_s * 1e9)

    def now_s(self) -> float:
        return SYSTEM_CLOCK.now_s()

    def offset_ns(self) -> int:
        return SYSTEM_CLOCK.offset_ns()


COLD, WARM = "health_cold health", "health_warm health"
CONFORMANCE = ["health_cold unsigned", "health_cold get", "health_cold large_body"]
FIRST = [*[COLD] * COLD_EXCHANGES, WARM, *CONFORMANCE]


def test_the_first_run_has_five_cold_exchanges_and_later_ones_have_one_cold_and_one_warm(
    proxy: Started, client: Client
) -> None:
    runs, (target, _) = Runs(client), proxy()
    assert runs.run(target) == FIRST
    assert runs.run(target) == [COLD, WARM]


def test_conformance_requests_are_repeated_after_six_hours_and_not_before(
    proxy: Started, client: Client
) -> None:
    runs, (target, _) = Runs(client), proxy()
    runs.run(target)
    runs.clock.later_s = CONFORMANCE_INTERVAL_S - 60
    assert runs.run(target) == [COLD, WARM]
    runs.clock.later_s = CONFORMANCE_INTERVAL_S + 60
    assert runs.run(target) == [COLD, WARM, *CONFORMANCE]
    assert runs.run(target) == [COLD, WARM]


def test_a_failed_conformance_request_is_repeated_after_ten_minutes(proxy: Started, client: Client) -> None:
    runs, (target, server) = Runs(client), proxy(drops="GET")
    assert runs.run(target) == FIRST
    server.drops = ""
    runs.clock.later_s = CONFORMANCE_RETRY_S - 60
    assert runs.run(target) == [COLD, WARM]
    runs.clock.later_s = CONFORMANCE_RETRY_S + 60
    assert runs.run(target) == [COLD, WARM, *CONFORMANCE]
    runs.clock.later_s = CONFORMANCE_INTERVAL_S
    assert runs.run(target) == [COLD, WARM]


def test_a_different_result_is_followed_by_enough_exchanges_for_a_verdict(
    proxy: Started, client: Client
) -> None:
    """Otherwise a proxy that becomes slow, or recovers, would be detected only after five minutes."""
    runs, (target, server) = Runs(client), proxy()
    runs.run(target)
    server.delay_s = 0.3
    assert runs.run(target) == [COLD, WARM, *[COLD] * (COLD_EXCHANGES - 1)]
    assert runs.run(target) == [COLD, WARM]
    server.delay_s = 0.0
    assert runs.run(target) == [COLD, WARM, *[COLD] * (COLD_EXCHANGES - 1)]


def test_a_proxy_that_stops_responding_gets_two_exchanges_and_then_one_per_run(
    proxy: Started, client: Client
) -> None:
    runs, (target, server) = Runs(client), proxy()
    runs.run(target)
    server.delay_s = 9.0
    assert runs.run(target) == [COLD, COLD]
    assert runs.run(target) == [COLD]


def test_a_proxy_that_responds_later_gets_the_remaining_requests_then(proxy: Started, client: Client) -> None:
    runs, (target, server) = Runs(client), proxy(delay_s=2.0)
    assert runs.run(target) == [COLD, COLD]
    server.delay_s = 0.0
    # The server handles one connection at a time, so the first new connections still wait.
    later = [runs.run(target) for _ in range(8)]
    assert [COLD, WARM, *[COLD] * (COLD_EXCHANGES - 1), *CONFORMANCE] in later
    assert all(each == [COLD] for each in later[: later.index(max(later, key=len))])


def test_a_removed_target_starts_again_when_it_is_added(proxy: Started, client: Client) -> None:
    runs, (target, _) = Runs(client), proxy()
    runs.run(target)
    runs.probe.sync(client, {target.identity})
    assert runs.run(target) == [COLD, WARM]
    runs.probe.sync(client, set())
    assert runs.run(target) == FIRST
