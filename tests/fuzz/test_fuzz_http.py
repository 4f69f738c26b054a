"""HTTP responses of random bytes, and a proxy's responses with random content: no exception, and no false *met*."""

import asyncio
import copy
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.accounts.healthy import looked_at, node
from support.evidence import NOW_S
from support.fuzzing import Path, hostile, paths, share
from support.network.fakes import FakeClock
from support.network.xks_proxy import HEALTHY
from support.reports import output_safety

from exporters.report import health as shown
from probe.commands.output import as_json, as_text
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails, Measurement, Phase, Timestamps
from probe.model.targets import Check
from probe.model.verdicts import Outcome, Scope, Verdict
from probe.network.clock import Timing
from probe.network.http import (
    MAX_BODY_BYTES,
    Chunk,
    HttpConnection,
    HttpRequest,
    HttpResponse,
)
from probe.probes.health_request import RequestKind, details_of
from probe.verdicts.judge import judge

POST = HttpRequest(
    method="POST",
    target="/kms/xks/v1/health",
    headers=(("Host", "proxy.example.com"), ("Content-Length", "2")),
    body=b"{}",
)
GET = HttpRequest(method="GET", target="/kms/xks/v1/health", headers=(("Host", "proxy.example.com"),))
USABLE = {"keySpec": "AES_256", "keyUsage": ["ENCRYPT", "DECRYPT"], "keyStatus": "ENABLED"}
A = node("eu-west-1a")
OF_HEALTH = frozenset({Scope.HEALTH})


class FakeTimestamps:
    """A fake of a socket with timestamps: each read is one segment and takes a millisecond."""

    def __init__(self) -> None:
        self.segments = 0

    def data_segments_in(self) -> int:
        return self.segments

    def timing(self) -> Timing:
        return Timing(duration_ns=self.segments * 1_000_000, timestamps=Timestamps.KERNEL)


class FixedResponse:
    """A channel whose peer sends the given bytes in pieces, then closes."""

    at_record_boundary = True

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self.stamped: Any = FakeTimestamps()
        self._pieces = []
        for size in [*sizes, max(1, len(data))]:
            self._pieces.append(data[:size])
            data = data[size:]

    async def send(self, data: bytes) -> None:
        """The data is ignored."""

    async def receive(self) -> Chunk:
        if not self._pieces:
            return Chunk(b"", ended=True)
        piece = self._pieces.pop(0)
        self.stamped.segments += bool(piece)
        return Chunk(piece, ended=not piece)

    async def close_notify(self) -> None:
        """The peer has already closed."""


def exchanged(data: bytes, sizes: list[int], request: HttpRequest = POST) -> HttpResponse:
    return asyncio.run(
        HttpConnection(FixedResponse(data, sizes), FakeClock()).exchange(request, timeout_s=5.0)
    )


JSON = b"Content-Type: application/json"
_STATUSES = st.sampled_from(
    [
        b"200 OK",
        b"200 OK",
        b"200 OK",
        b"400 X",
        b"401 X",
        b"404 ",
        b"405 X",
        b"500 X",
        b"301 X",
        b"204 X",
        b"304 X",
        b"999 X",
    ]
)
_HEADS = st.lists(
    st.sampled_from(
        [b"Date: Wed, 25 Nov 2026 12:00:00 GMT", b"Date: Wed, 25 Nov 0001 00:00:00 -9999", b"Date: x", b"Date: ", b"Date: 99 99 99",
         JSON, JSON, b"Content-Type: text/html", b"Content-Encoding: gzip", b"Connection: close", b"Set-Cookie: \x1b[31m", b"Transfer-Encoding: chunked",
         b"Content-Length: 0", b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 99999999999999999999", b"Upgrade: h2c", b"X: " + b"y" * 20000]
    ),
    max_size=3,
)  # fmt: skip
_NEAR = st.sampled_from(
    [None, True, 0, -1, 1, 1.0, "1", 10**40, "", "ACTIVE", "active", "ACTIVE ", [], {}, [[]], [None], "AES_256", "DISABLED"]
) | hostile  # fmt: skip
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
_BASES: tuple[dict[str, Any], ...] = (
    HEALTHY,
    USABLE,
    {"errorName": "InternalException", "errorMessage": "broken"},
)


Change = tuple[Path, str, Any]


def _changes(base: dict[str, Any]) -> st.SearchStrategy[list[Change]]:
    put = st.tuples(st.just("put"), _NEAR | _ANY)
    other = st.tuples(st.sampled_from(["gone", "many", "gone"]), st.sampled_from([2, 5, 11, 3000]))
    changed_paths = st.sampled_from([path for path in paths(base) if path])
    return st.lists(st.tuples(changed_paths, put | other).map(lambda both: (both[0], *both[1])), max_size=2)


def _changed(base: dict[str, Any], changes: list[Change]) -> bytes:
    document = copy.deepcopy(base)
    for path, kind, value in changes:
        parent: Any = document
        try:
            for key in path[:-1]:
                parent = parent[key]
            old = parent[path[-1]]
            if kind == "put":
                parent[path[-1]] = copy.deepcopy(value)  # all examples share the sampled object
            elif kind == "gone":
                del parent[path[-1]]
            elif isinstance(old, list):
                parent[path[-1]] = old * value
        except (KeyError, IndexError, TypeError):  # an earlier change removed the path
            continue
    return json.dumps(document).encode()


json_bodies = st.one_of([st.builds(_changed, st.just(base), _changes(base)) for base in _BASES])
bodies = st.one_of(
    json_bodies, json_bodies, json_bodies.map(lambda body: b" \r\n" + body), st.binary(max_size=60),
    st.sampled_from([b"", b"<html>\x1b[31m<script>", b"[" * 70_000, b"NaN", b"1" * 5000, b'"x"', b"\xef\xbb\xbf{}", b"{" + b" " * 70_000]),
)  # fmt: skip
Reply = tuple[bytes, list[bytes], bytes, str, list[tuple[int, int]], int | None]
replies = st.tuples(
    _STATUSES,
    st.just([]) | _HEADS,
    bodies,
    st.sampled_from(["length", "length", "length", "chunked", "end", "bare"]),
    st.just([]) | st.lists(st.tuples(st.integers(0, 500), st.integers(0, 255)), max_size=3),
    st.none() | st.none() | st.integers(0, 400),
)
sizes = st.just([]) | st.lists(st.integers(1, 200), max_size=4)


def wire(reply: Reply) -> bytes:
    """The response as bytes, with some bytes changed or the end removed."""
    status, heads, body, framing, spots, cut = reply
    if framing == "length":
        heads = [*heads, b"Content-Length: %d" % len(body)]
    if framing == "chunked":
        heads = [*heads, b"Transfer-Encoding: chunked"]
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body) if body else b"0\r\n\r\n"
    data = bytearray(b"\r\n".join([b"HTTP/1.1 " + status, *heads, b"", body]))
    for at, byte in spots:
        data[at % len(data)] = byte
    return bytes(data[:cut])


def measured(answer: HttpResponse, purpose: RequestKind) -> list[Measurement]:
    one = Measurement(
        target=A,
        check=Check.HEALTH_COLD,
        started_at_s=NOW_S,
        phases_s={Phase.CONNECT: 0.01, **answer.phases_s},
        failure=answer.failure,
        details=details_of(answer, purpose, NOW_S, len(POST.body)),
    )
    return [one] * (5 if purpose is RequestKind.HEALTH else 1)


def verdicts(seen: list[Measurement]) -> tuple[Evidence, dict[str, Verdict]]:
    evidence = looked_at(targets=(A,), latest=tuple(seen), recent=tuple(seen), scopes=OF_HEALTH)
    report = judge(evidence)
    for verdict in report.verdicts:
        assert not verdict.because.startswith("bug in xks-probe"), verdict
    return evidence, {verdict.requirement: verdict for verdict in report.verdicts}


def as_specified(body: bytes) -> tuple[int, int] | None:
    """The GetHealthStatus response, read as the API specification requires, without the reader under test.

    Returns the number of key managers, and of the available ones.
    """
    try:
        document = json.loads(body.decode())
        texts = [document["xksProxyVendor"], document["xksProxyModel"], document["ekmVendor"]]
        fleet = document["ekmFleetDetails"]
        size = document["xksProxyFleetSize"]
        texts += [text for each in fleet for text in (each["id"], each["model"])]
        states = [each["healthStatus"] for each in fleet]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    of_type = type(size) is int and type(fleet) is list and all(type(text) is str for text in texts)
    known = all(state in ("ACTIVE", "DEGRADED", "UNAVAILABLE") for state in states)
    if not of_type or size < 1 or not 1 <= len(fleet) <= 10 or not known:
        return None
    return len(states), sum(state != "UNAVAILABLE" for state in states)


def check_each_met(answer: HttpResponse, found: dict[str, Verdict]) -> None:
    """Status and body must justify each *met*."""
    met = {name for name, verdict in found.items() if verdict.outcome is Outcome.MET}
    of_body = as_specified(answer.body) if answer.status == 200 and answer.failure is None else None
    if "health-response-is-valid" in met:
        assert of_body is not None
        types = [value for name, value in answer.headers if name == "content-type"]
        assert types[:1] == ["application/json"]
    if "key-manager-is-available" in met:
        assert of_body is not None
        assert of_body[1] >= 1
    if "two-key-managers" in met:
        assert of_body is not None
        assert of_body[1] >= 2
    if met & {
        "credential-is-accepted",
        "uri-path-is-served",
        "proxy-admits-kms",
        "health-answers-within-250-ms",
    }:
        assert answer.failure is None
        assert answer.status not in (401, 403) or met.isdisjoint(
            {"credential-is-accepted", "proxy-admits-kms"}
        )
    if "proxy-admits-kms" in met:
        assert of_body is not None
    assert answer.status != 404 or "uri-path-is-served" not in met or b"errorName" in answer.body


@given(replies, sizes, st.sampled_from(["none", "none", "none", "none", "json", "json", "text"]))
@share(0.09)
def test_no_response_to_a_health_request_causes_an_exception_or_a_false_met(
    reply: Reply, pieces: list[int], form: str
) -> None:
    data = wire(reply)
    answer = exchanged(data, pieces)
    assert len(answer.body) <= MAX_BODY_BYTES
    if answer.status is not None:
        assert str(answer.status).encode() in data
    seen = measured(answer, RequestKind.HEALTH)
    evidence, found = verdicts(seen)
    check_each_met(answer, found)
    report = judge(evidence) if form != "none" else None
    if report is not None and form == "json":
        output_safety.document(as_json(shown.document(seen, report)))
    if report is not None and form == "text":
        output_safety.text(as_text(shown.render(seen, report)))


@given(st.binary(max_size=200), st.booleans(), sizes)
@share(0.03)
def test_any_bytes_are_a_response_or_a_failure(data: bytes, with_header: bool, pieces: list[int]) -> None:
    answer = exchanged(b"HTTP/1.1 200 OK\r\n" + data if with_header else data, pieces)
    assert answer.failure is not None or answer.status is not None
    _, found = verdicts(measured(answer, RequestKind.HEALTH))
    check_each_met(answer, found)


_OTHERS = st.sampled_from(
    [RequestKind.GET, RequestKind.UNSIGNED, RequestKind.KEY_METADATA, RequestKind.LARGE_BODY]
)


@given(replies, _OTHERS)
@share(0.05)
def test_no_response_to_another_request_causes_a_false_met(reply: Reply, purpose: RequestKind) -> None:
    answer = exchanged(wire(reply), [], GET if purpose is RequestKind.GET else POST)
    healthy = HttpResponse(status=200, body=json.dumps(HEALTHY).encode())
    _, found = verdicts([*measured(healthy, RequestKind.HEALTH), *measured(answer, purpose)])
    met = {name for name, verdict in found.items() if verdict.outcome is Outcome.MET}
    if met & {
        "get-is-refused",
        "unsigned-request-is-refused",
        "large-body-is-answered",
        "key-metadata-is-usable",
    }:
        assert answer.failure is None
    if "get-is-refused" in met:
        assert answer.status == 405
    if "unsigned-request-is-refused" in met:
        assert answer.status is not None
        assert 400 <= answer.status < 500
    if "key-metadata-is-usable" in met:
        document = json.loads(answer.body)
        assert answer.status == 200
        assert (document["keySpec"], document["keyStatus"]) == ("AES_256", "ENABLED")
        assert {"ENCRYPT", "DECRYPT"} <= {each for each in document["keyUsage"] if isinstance(each, str)}


def test_the_unchanged_response_is_healthy() -> None:
    """Otherwise the tests above would prove nothing."""
    answer = exchanged(wire((b"200 OK", [JSON], json.dumps(HEALTHY).encode(), "length", [], None)), [7, 30])
    _, found = verdicts(measured(answer, RequestKind.HEALTH))
    assert found["health-response-is-valid"].outcome is found["two-key-managers"].outcome is Outcome.MET
    assert as_specified(answer.body) == (2, 2)
    details = measured(answer, RequestKind.HEALTH)[0].details
    assert isinstance(details, HealthDetails)
    assert details.managers
