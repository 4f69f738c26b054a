"""The simulated proxy and the agent's client: the measurement must distinguish each fault."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Phase, Reason
from probe.model.targets import Check, Role, Target
from probe.network import Network
from probe.probes.health import measure
from probe.probes.health_request import Client
from probe.signing.credential import Credential
from probe.signing.peer_check import unmet_requirement
from probe.signing.sigv4 import Signer
from simulator import Fault, Simulation, start
from simulator.faults import ANSWER
from simulator.scenario.reader import read_scenario
from simulator.scenario.xks_settings import DEFAULT_CREDENTIAL, ProxySettings

pytestmark = pytest.mark.loopback

SCENARIO = read_scenario(
    "mine", {"uri_path_prefix": "/a", "backends": [{"name": "proxy-1"}], "proxy": {"region": "eu-west-1"}}
)
UP, DOWN = KeyManagerStatus.ACTIVE, KeyManagerStatus.UNAVAILABLE


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    with start(SCENARIO, reduced=True) as running:
        yield running


@pytest.fixture
def client(simulation: Simulation) -> Client:
    root = x509.load_pem_x509_certificate(simulation.root_pem.read_bytes()).public_bytes(Encoding.DER)
    credential = Credential(DEFAULT_CREDENTIAL.access_key_id, DEFAULT_CREDENTIAL.secret_access_key)
    return Client(
        path="/a/kms/xks/v1",
        peer_check=unmet_requirement((root,)),
        sign=Signer(credential, "eu-west-1").headers,
        key_id="foo",
    )


def ask(simulation: Simulation, client: Client, fault: Fault, timeout_s: float = 15.0) -> list[Measurement]:
    for no_fault in (Fault.TLS_GOOD, Fault.HEALTHY):
        simulation.set_fault("proxy-1", no_fault)
    simulation.set_fault("proxy-1", fault)
    where = simulation.addressing.endpoints["proxy-1"]
    target = Target(
        name="proxy-1",
        role=Role.BACKEND,
        host=where.address,
        port=where.port,
        server_name=SCENARIO.private_dns_name,
    )
    return list(asyncio.run(measure(target, client, Network(), timeout_s)))


def of(found: list[Measurement], purpose: str) -> HealthDetails:
    details = [m.details for m in found if isinstance(m.details, HealthDetails)]
    return next(each for each in details if each.purpose == purpose)


def test_the_default_settings_fit_each_other() -> None:
    assert SCENARIO.proxy == replace(ProxySettings(), region="eu-west-1")


@pytest.mark.parametrize("fault", [Fault.HEALTHY, Fault.CHUNKED, Fault.ODD_HEADERS, Fault.TLS_1_2_ONLY])
def test_a_healthy_proxy_is_healthy_in_any_form(simulation: Simulation, client: Client, fault: Fault) -> None:
    found = ask(simulation, client, fault)
    assert {m.failure for m in found} == {None}
    assert {m.check for m in found} == {Check.HEALTH_COLD, Check.HEALTH_WARM}
    health, metadata = of(found, "health"), of(found, "key_metadata")
    assert (health.status, health.fault, [state for _, state in health.managers]) == (200, None, [UP, UP])
    assert abs(health.clock_offset_s or 0) <= 1
    assert (metadata.key_spec, metadata.key_usage) == ("AES_256", ("ENCRYPT", "DECRYPT"))
    assert metadata.key_status == "ENABLED"
    statuses = [of(found, purpose).status for purpose in ("unsigned", "get", "large_body")]
    assert statuses == [401, 405, 200]


@pytest.mark.parametrize(
    ("fault", "status", "name", "response_fault"),
    [
        (Fault.UNAUTHORIZED, 401, "AuthenticationFailedException", None),
        (Fault.CLOCK_WRONG, 401, "AuthenticationFailedException", None),
        (Fault.ACCESS_DENIED, 403, "AccessDeniedException", None),
        (Fault.PATH_NOT_FOUND, 404, "InvalidUriPathException", None),
        (Fault.WEB_SERVER_404, 404, None, "the body is HTML or XML, not JSON"),
        (Fault.METHOD_NOT_ALLOWED, 405, None, "the body is empty"),
        (Fault.THROTTLING, 429, "ThrottlingException", None),
        (Fault.INTERNAL, 500, "InternalException", None),
        (Fault.UNSUPPORTED, 501, "UnsupportedOperationException", None),
        (Fault.DEPENDENCY_TIMEOUT, 503, "DependencyTimeoutException", None),
        (Fault.BAD_GATEWAY, 502, None, "the body is HTML or XML, not JSON"),
        (Fault.SERVICE_UNAVAILABLE, 503, None, "the body is HTML or XML, not JSON"),
        (Fault.GATEWAY_TIMEOUT, 504, None, "the body is HTML or XML, not JSON"),
        (Fault.RATE_LIMITED, 429, None, "the body is HTML or XML, not JSON"),
        (Fault.REDIRECTED, 301, None, "the body is empty"),
        (Fault.FIREWALL_403, 403, None, "the body is HTML or XML, not JSON"),
        (Fault.COMPRESSED, 200, None, "the body is compressed"),
        (Fault.BYTE_ORDER_MARK, 200, None, "the body begins with a byte order mark"),
        (Fault.HTML_200, 200, None, "the body is HTML or XML, not JSON"),
        (Fault.BAD_JSON, 200, None, "the body is not JSON"),
        (Fault.EMPTY_FLEET, 200, None, "ekmFleetDetails has 0 entries, but must have 1 to 10"),
        (Fault.ELEVEN_ENTRIES, 200, None, "ekmFleetDetails has 11 entries, but must have 1 to 10"),
        (Fault.MISSING_FIELD, 200, None, "ekmVendor is missing or not a string"),
    ],
)
def test_the_agent_measures_what_the_proxy_returns(
    simulation: Simulation,
    client: Client,
    fault: Fault,
    status: int,
    name: str | None,
    response_fault: str | None,
) -> None:
    health = of(ask(simulation, client, fault), "health")
    assert (health.status, health.error_name, health.fault) == (status, name, response_fault)


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        (Fault.ALL_UNAVAILABLE, [DOWN, DOWN]),
        (Fault.ONE_MANAGER, [UP]),
        (Fault.DEGRADED, [UP, KeyManagerStatus.DEGRADED]),
    ],
)
def test_the_key_managers_are_reported(
    simulation: Simulation, client: Client, fault: Fault, states: list[KeyManagerStatus]
) -> None:
    assert [state for _, state in of(ask(simulation, client, fault), "health").managers] == states


@pytest.mark.parametrize(
    ("fault", "least_s"), [(Fault.SLOW_220_MS, 0.22), (Fault.SLOW_300_MS, 0.3), (Fault.SLOW_400_MS, 0.4)]
)
def test_a_slow_proxy_is_slow_while_it_waits(
    simulation: Simulation, client: Client, fault: Fault, least_s: float
) -> None:
    first = ask(simulation, client, fault, 1.5)[0]
    assert first.failure is None
    assert first.phases_s[Phase.WAIT] >= least_s


def test_a_clock_ten_minutes_ahead_is_visible_in_the_rejection(
    simulation: Simulation, client: Client
) -> None:
    offset_s = of(ask(simulation, client, Fault.CLOCK_WRONG), "health").clock_offset_s
    assert offset_s is not None
    assert abs(offset_s - 600) <= 2


@pytest.mark.parametrize(
    ("fault", "purpose", "status"),
    [(Fault.GET_ALLOWED, "get", 200), (Fault.UNSIGNED_ALLOWED, "unsigned", 200)],
)
def test_requests_that_must_be_refused_can_be_accepted(
    simulation: Simulation, client: Client, fault: Fault, purpose: str, status: int
) -> None:
    found = ask(simulation, client, fault)
    assert of(found, purpose).status == status
    assert of(found, "health").status == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.SILENT_HTTP, Reason.TIMED_OUT),
        (Fault.HUGE_BODY, None),
        (Fault.CLOSES, None),
        (Fault.HTTP_2_ONLY, Reason.PROTOCOL_ERROR),
    ],
)
def test_a_missing_or_too_large_response_is_a_failure(
    simulation: Simulation, client: Client, fault: Fault, reason: Reason | None
) -> None:
    failure = ask(simulation, client, fault)[0].failure
    assert failure is not None
    assert failure.phase in {Phase.WAIT, Phase.RECEIVE}
    assert reason in {None, failure.reason}


def test_only_a_large_body_can_be_lost(simulation: Simulation, client: Client) -> None:
    found = ask(simulation, client, Fault.DROPS_LARGE_BODIES)
    failed = [m for m in found if m.failure is not None]
    assert [m.details.purpose for m in failed if isinstance(m.details, HealthDetails)] == ["large_body"]
    assert of(found, "health").status == 200


def test_a_proxy_without_tls_fails_in_the_handshake(simulation: Simulation, client: Client) -> None:
    failure = ask(simulation, client, Fault.PLAIN_HTTP)[0].failure
    assert failure is not None
    assert failure.phase is Phase.HANDSHAKE


def test_every_response_fault_is_tested_here() -> None:
    tested = {
        value
        for name, test in globals().items()
        if name.startswith("test_")
        for mark in getattr(test, "pytestmark", [])
        if mark.name == "parametrize"
        for row in mark.args[1]
        for value in (row if isinstance(row, tuple) else (row,))
        if isinstance(value, Fault)
    }
    assert set(ANSWER) - tested == {Fault.DROPS_LARGE_BODIES}  # it has its own test
