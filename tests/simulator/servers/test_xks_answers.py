"""The proxy's responses without a fault, and with each fault of the group ANSWER."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.network.xks_requests import HEALTH, METADATA, NOW_S, requested, signed

from simulator.faults import ANSWER, Fault
from simulator.scenario.xks_settings import ProxySettings
from simulator.servers.http_answers import Form, Reply, Request
from simulator.servers.xks_answers import Behaviour, XksProxy, behaviour_of, clock_offset_s, reply_to
from simulator.sigv4 import Signed

PROXY = XksProxy(key_managers=("hsm-1", "hsm-2", "hsm-3"))
ENCRYPT = signed(
    "/kms/xks/v1/keys/foo/encrypt",
    json.dumps({"requestMetadata": METADATA, "plaintext": "SGk=", "encryptionAlgorithm": "AES_GCM"}).encode(),
)
UNSIGNED = replace(signed(), headers=[])
GET = replace(UNSIGNED, method="GET", body=b"")
# Faults that change only when a response is sent or how it is formatted, and not its content.
TIMING_OR_FORM = (
    *(Fault.SLOW_400_MS, Fault.SLOW_300_MS, Fault.SLOW_220_MS),
    *(Fault.SILENT_HTTP, Fault.CLOSES, Fault.DROPS_LARGE_BODIES),
    *(Fault.CHUNKED, Fault.ODD_HEADERS, Fault.CLOCK_WRONG),
)


def reply(of: Signed, fault: Fault = Fault.HEALTHY, proxy: XksProxy = PROXY, now_s: float = NOW_S) -> Reply:
    return reply_to(requested(of), of.body, proxy, fault, now_s)


def answered(of: Signed, fault: Fault = Fault.HEALTHY, proxy: XksProxy = PROXY) -> tuple[int, dict[str, Any]]:
    found = reply(of, fault, proxy)
    return found.status, json.loads(found.body or b"{}")


def states(of: Signed, fault: Fault, proxy: XksProxy = PROXY) -> list[str]:
    return [entry["healthStatus"] for entry in answered(of, fault, proxy)[1]["ekmFleetDetails"]]


def test_a_healthy_proxy_answers_only_signed_requests() -> None:
    assert answered(signed())[0] == answered(ENCRYPT)[0] == 200
    assert answered(UNSIGNED)[0] == answered(replace(ENCRYPT, body=ENCRYPT.body + b" "))[0] == 401
    assert answered(signed("/other/kms/xks/v1/health"))[1]["errorName"] == "InvalidUriPathException"
    for method in ("GET", "HEAD", "PUT"):
        found = reply(replace(signed(), method=method))
        assert (found.status, found.allow, found.body) == (405, "POST", b"")
    assert reply(replace(GET, path="/")).status == 404


def test_the_path_is_checked_before_the_signature_and_the_signature_before_the_body() -> None:
    assert answered(replace(UNSIGNED, path="/x"))[1]["errorName"] == "InvalidUriPathException"
    assert answered(replace(UNSIGNED, body=b""))[1]["errorName"] == "AuthenticationFailedException"
    assert answered(signed(body=b"{}"))[1]["errorName"] == "ValidationException"


@pytest.mark.parametrize(
    ("fault", "status", "name"),
    [
        (Fault.UNAUTHORIZED, 401, "AuthenticationFailedException"),
        (Fault.ACCESS_DENIED, 403, "AccessDeniedException"),
        (Fault.PATH_NOT_FOUND, 404, "InvalidUriPathException"),
        (Fault.THROTTLING, 429, "ThrottlingException"),
        (Fault.INTERNAL, 500, "InternalException"),
        (Fault.UNSUPPORTED, 501, "UnsupportedOperationException"),
        (Fault.DEPENDENCY_TIMEOUT, 503, "DependencyTimeoutException"),
    ],
)
def test_an_error_has_its_name_and_get_is_still_refused(fault: Fault, status: int, name: str) -> None:
    for request in (signed(), ENCRYPT):
        found, document = answered(request, fault)
        assert (found, document["errorName"]) == (status, name)
    assert reply(GET, fault).status == 405
    assert answered(UNSIGNED, fault)[0] in {401, status}


@pytest.mark.parametrize("fault", [Fault.ACCESS_DENIED, Fault.INTERNAL, Fault.UNSUPPORTED, Fault.BAD_JSON])
def test_errors_after_the_signature_check_still_need_a_signature(fault: Fault) -> None:
    assert answered(UNSIGNED, fault)[1]["errorName"] == "AuthenticationFailedException"


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault.WEB_SERVER_404, 404), (Fault.BAD_GATEWAY, 502), (Fault.HTML_200, 200)]
)
@pytest.mark.parametrize("request_", [signed(), GET, replace(GET, path="/")], ids=["signed", "get", "root"])
def test_another_program_answers_everything_with_html(fault: Fault, status: int, request_: Signed) -> None:
    found = reply(request_, fault)
    assert (found.status, found.content_type, found.body[:6]) == (
        status,
        "text/html; charset=utf-8",
        b"<html>",
    )


def test_post_can_be_refused_as_a_method() -> None:
    assert reply(signed(), Fault.METHOD_NOT_ALLOWED) == Reply(status=405, allow="POST")


def test_forbidden_requests_can_be_allowed_by_a_fault() -> None:
    assert answered(GET, Fault.GET_ALLOWED)[0] == 200
    assert answered(UNSIGNED, Fault.GET_ALLOWED)[0] == 401
    assert answered(UNSIGNED, Fault.UNSIGNED_ALLOWED)[0] == 200
    assert reply(GET, Fault.UNSIGNED_ALLOWED).status == 405


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.HEALTHY, ["ACTIVE"] * 3),
        (Fault.EMPTY_FLEET, []),
        (Fault.ELEVEN_ENTRIES, ["ACTIVE"] * 11),
        (Fault.ALL_UNAVAILABLE, ["UNAVAILABLE"] * 3),
        (Fault.ONE_MANAGER, ["ACTIVE"]),
        (Fault.DEGRADED, ["ACTIVE", "ACTIVE", "DEGRADED"]),
    ],
)
def test_a_fault_determines_the_states_of_the_key_managers(fault: Fault, expected: list[str]) -> None:
    assert states(signed(), fault) == expected


@pytest.mark.parametrize(("managers", "entries"), [(0, 2), (1, 2), (2, 2), (10, 10), (11, 10)])
def test_a_healthy_fleet_has_two_to_ten_managers_in_any_scenario(managers: int, entries: int) -> None:
    proxy = XksProxy(key_managers=tuple(f"hsm-{index}" for index in range(managers)))
    _, document = answered(signed(), proxy=proxy)
    assert len({entry["id"] for entry in document["ekmFleetDetails"]}) == entries
    assert all(name in str(document) for name in proxy.key_managers[:10])


def test_a_field_can_be_missing_in_each_operation() -> None:
    assert set(answered(signed())[1]) - set(answered(signed(), Fault.MISSING_FIELD)[1]) == {"ekmVendor"}
    assert set(answered(ENCRYPT)[1]) - set(answered(ENCRYPT, Fault.MISSING_FIELD)[1]) == {"authenticationTag"}


def test_json_can_be_incomplete_and_a_body_can_be_huge() -> None:
    broken = reply(signed(), Fault.BAD_JSON)
    assert broken.status == 200
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(broken.body)
    assert len(reply(signed(), Fault.HUGE_BODY).body) > 65_536
    assert answered(signed(), Fault.HUGE_BODY)[0] == 200


@pytest.mark.parametrize(
    ("fault", "body_bytes", "behaviour"),
    [
        (Fault.HEALTHY, 9999, Behaviour()),
        (Fault.SLOW_400_MS, 0, Behaviour(delay_s=0.4)),
        (Fault.SLOW_300_MS, 0, Behaviour(delay_s=0.3)),
        (Fault.SLOW_220_MS, 0, Behaviour(delay_s=0.22)),
        (Fault.SILENT_HTTP, 0, Behaviour(is_silent=True)),
        (Fault.CLOSES, 0, Behaviour(closes=True)),
        (Fault.DROPS_LARGE_BODIES, 1500, Behaviour()),
        (Fault.DROPS_LARGE_BODIES, 1501, Behaviour(is_silent=True)),
        (Fault.CHUNKED, 0, Behaviour(form=Form.CHUNKED)),
        (Fault.ODD_HEADERS, 0, Behaviour(form=Form.UNUSUAL)),
    ],
)
def test_a_fault_changes_timing_and_form(fault: Fault, body_bytes: int, behaviour: Behaviour) -> None:
    assert behaviour_of(fault, body_bytes) == behaviour


@pytest.mark.parametrize("fault", TIMING_OR_FORM)
def test_a_fault_in_timing_or_form_keeps_the_content(fault: Fault) -> None:
    assert reply(signed(), fault) == reply(signed())


def test_a_wrong_clock_adds_to_the_scenarios_offset_and_affects_signatures() -> None:
    proxy = XksProxy(settings=ProxySettings(clock_offset_s=-30))
    assert clock_offset_s(proxy, Fault.HEALTHY) == -30
    assert clock_offset_s(proxy, Fault.CLOCK_WRONG) == 570
    assert reply(signed(), Fault.CLOCK_WRONG, now_s=NOW_S + 600).status == 401


@pytest.mark.parametrize("fault", [fault for fault in ANSWER if fault is not Fault.HEALTHY])
def test_no_fault_is_without_effect(fault: Fault) -> None:
    """Each fault changes the response to a signed, unsigned or GET request, or its timing or form."""
    requests = (signed(), UNSIGNED, GET)
    differs = any(reply(request, fault) != reply(request) for request in requests)
    conducts = behaviour_of(fault, 9999) != Behaviour() or clock_offset_s(PROXY, fault) != 0
    assert differs or conducts


PATHS = st.sampled_from(["/kms/xks/v1/health", "/kms/xks/v1/keys/foo/encrypt", "/"]) | st.text("/a?%\xff")


@given(
    st.sampled_from(ANSWER), st.sampled_from(["GET", "POST", "HEAD"]) | st.text("A\xff"), PATHS, st.binary()
)
def test_any_request_gets_a_response(fault: Fault, method: str, path: str, body: bytes) -> None:
    request = Request(method=method, path=path, body_bytes=len(body), keeps_alive=True)
    assert reply_to(request, body, PROXY, fault, NOW_S).status in range(200, 600)


@given(st.binary(max_size=200))
def test_any_signed_body_gets_a_response(body: bytes) -> None:
    assert answered(signed(body=body))[1]["errorName"] == "ValidationException"


def test_the_sample_request_is_a_health_request() -> None:
    assert signed().body == HEALTH
