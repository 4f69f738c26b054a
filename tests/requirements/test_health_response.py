"""The requirement about the proxy's response: each way to be invalid, its errors of KMS and its fix."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import the_one
from support.evidence import tls
from support.health_evidence import BY_ID, CLOSED, MANAGERS, A, cold, error, with_health

from probe.model.evidence import Evidence
from probe.model.measurements import BodyForm, Failure, HealthDetails, Phase, Reason
from probe.model.verdicts import Basis, Operation, Outcome
from probe.requirements.declare import Finding
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors

MET, VIOLATED, UNKNOWN = Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN


def test_a_proxy_error_with_its_own_requirement_is_left_to_that_requirement() -> None:
    for name in ("AuthenticationFailedException", "AccessDeniedException", "InvalidUriPathException"):
        assert the_one(BY_ID["health-response-is-valid"], error(name)).outcome is UNKNOWN


def test_the_number_of_key_managers_is_in_the_text() -> None:
    for managers, text in ((MANAGERS, "2 key managers"), (MANAGERS[:1], "1 key manager")):
        found = the_one(BY_ID["health-response-is-valid"], with_health(cold(managers=managers)))
        assert found.because.endswith(text)


@pytest.mark.parametrize(("status", "told_by"), [(404, ("uri-path-is-served",)), (403, ()), (503, ())])
def test_only_a_404_of_a_front_end_is_told_by_the_requirement_about_the_path(
    status: int, told_by: tuple[str, ...]
) -> None:
    page = cold(status=status, fault="the body is HTML or XML, not JSON", form=BodyForm.MARKUP)
    found = the_one(BY_ID["health-response-is-valid"], with_health(page))
    assert (found.outcome, found.told_by) == (VIOLATED, told_by)
    assert found.because.startswith("what is in front of the proxy ")
    assert found.remedy is not None
    assert found.kms_errors == health_errors.INVALID_RESPONSE


def test_a_connection_that_ends_without_a_response_has_three_causes() -> None:
    cut = replace(cold(failure=CLOSED), details=HealthDetails(purpose="health", server="nginx"))
    found = the_one(BY_ID["health-response-is-valid"], with_health(cut))
    assert (found.outcome, found.kms_errors) == (VIOLATED, health_errors.NO_ANSWER)
    assert found.remedy is not None
    assert "A firewall cuts the connection" in found.remedy.text


@pytest.mark.parametrize("status", [200, 502])
def test_a_server_that_sent_a_status_is_not_suspected_to_speak_only_http_2(status: int) -> None:
    cut = replace(cold(failure=CLOSED), details=HealthDetails(purpose="health", status=status))
    found = the_one(BY_ID["health-response-is-valid"], with_health(cut))
    assert (found.outcome, found.kms_errors) == (VIOLATED, health_errors.NO_ANSWER)
    assert found.remedy is not None
    assert "Content-Length is larger than the body" in found.remedy.text
    assert "HTTP/2" not in found.remedy.text + found.remedy.cli


def unread(reason: Reason, phase: Phase = Phase.RECEIVE, **response: Any) -> Finding:
    """What the requirement about the response finds if the response was not read completely."""
    failure = Failure(phase=phase, reason=reason, detail="told by the reader")
    response = {"status": None, "managers": (), "clock_offset_s": None, **response}
    measured = replace(cold(**response), failure=failure)
    return the_one(BY_ID["health-response-is-valid"], with_health(measured))


PAGE = {
    "status": 502,
    "form": BodyForm.MARKUP,
    "fault": "the body is HTML or XML, not JSON",
    "body": "<html>",
}


PACKED = {"status": 200, "form": BodyForm.COMPRESSED, "fault": "the body is compressed"}


@pytest.mark.parametrize("reason", [Reason.CLOSED, Reason.TIMED_OUT, Reason.OVER_LIMIT, Reason.RESET])
def test_a_page_or_a_compressed_body_is_known_by_its_beginning_whatever_ended_it(reason: Reason) -> None:
    page, packed = unread(reason, **PAGE), unread(reason, **PACKED)
    assert (page.outcome, packed.outcome) == (VIOLATED, VIOLATED)
    assert "gets no valid answer from the proxy behind it" in page.because
    assert "compresses the response" in packed.because
    assert page.kms_errors == packed.kms_errors == health_errors.INVALID_RESPONSE


@pytest.mark.parametrize("reason", [Reason.PROTOCOL_ERROR, Reason.CLOSED, Reason.TIMED_OUT])
def test_another_server_on_the_port_is_named_by_its_first_bytes(reason: Reason) -> None:
    found = unread(reason, not_http=b"SSH-2.0-OpenSSH\r\n")
    assert (found.outcome, found.kms_errors) == (VIOLATED, None)  # None: the requirement's own errors
    assert found.because == r'the response is not HTTP/1.1; it begins with "SSH-2.0-OpenSSH\r\n"'
    assert found.remedy is not None
    assert "another server answers here" in found.remedy.text


def test_a_response_that_is_too_large_to_read_is_unknown_and_has_a_fix() -> None:
    found = unread(Reason.OVER_LIMIT)
    assert (found.outcome, found.kms_errors) == (UNKNOWN, None)
    assert "a limit of xks-probe was exceeded (told by the reader)" in found.because
    assert found.remedy is not None
    assert "shorten it" in found.remedy.text


@pytest.mark.parametrize(
    ("reason", "phase"),
    [(Reason.OVER_LIMIT, Phase.SEND), (Reason.NOT_PERMITTED, Phase.SEND), (Reason.TIMED_OUT, Phase.RECEIVE)],
)
def test_a_limit_of_this_machine_and_silence_say_nothing_about_the_response(
    reason: Reason, phase: Phase
) -> None:
    found = unread(reason, phase)
    assert (found.outcome, found.remedy) == (UNKNOWN, None)


def test_malformed_http_is_an_invalid_response_and_not_a_cut_connection() -> None:
    """The specification's table: "Proxy returns a malformed response"."""
    found = unread(Reason.PROTOCOL_ERROR, is_malformed=True)
    assert (found.outcome, found.kms_errors) == (VIOLATED, None)
    assert "the answer violated the protocol (told by the reader)" in found.because
    assert found.remedy is not None
    assert "If the response violates HTTP/1.1 there, too" in found.remedy.text


def test_a_tls_session_that_fails_within_the_response_is_not_malformed_http() -> None:
    found = unread(Reason.PROTOCOL_ERROR, status=200)
    assert (found.outcome, found.kms_errors) == (VIOLATED, health_errors.NO_ANSWER)
    assert found.remedy is not None
    assert "The proxy failed while it answered" in found.remedy.text


@pytest.mark.parametrize(
    ("content_type", "words"),
    [("text/html", 'its Content-Type is "text/html"'), ("", "it has no Content-Type")],
)
def test_a_valid_body_with_another_content_type_is_unknown(content_type: str, words: str) -> None:
    seen = with_health(*[cold(other_content_type=content_type)] * 5)
    found = the_one(BY_ID["health-response-is-valid"], seen)
    assert found.outcome is UNKNOWN
    assert words in found.because
    assert found.remedy is not None
    assert "Content-Type: application/json" in found.remedy.text
    for others in ("credential-is-accepted", "uri-path-is-served", "key-manager-is-available"):
        assert the_one(BY_ID[others], seen).outcome is MET


def test_a_content_type_is_not_told_of_a_response_that_is_invalid_for_another_reason() -> None:
    page = cold(status=403, fault="the body is HTML or XML, not JSON", other_content_type="text/html")
    assert "Content-Type" not in the_one(BY_ID["health-response-is-valid"], with_health(page)).because


def test_a_disabled_key_store_has_its_own_fix() -> None:
    """The specification allows InvalidStateException for every call, but its table has only CreateKey."""
    found = the_one(BY_ID["health-response-is-valid"], error("InvalidStateException"))
    assert found.remedy is not None
    assert "Enable the key store on the proxy" in found.remedy.text
    assert {each.basis for each in found.kms_errors or () if each.operation is not Operation.CREATE_KEY} == {
        Basis.INFERRED
    }


ENDED = Failure(phase=Phase.HANDSHAKE, reason=Reason.PROTOCOL_ERROR, detail="alert 80 (internal_error)")


def ended_tls(sent_bytes: int = 100, **handshake: Any) -> Evidence:
    """Requests to which the server answered with an alert, and a TLS handshake with it that succeeded."""
    details = HealthDetails(purpose="health", sent_body_bytes=sent_bytes)
    asked = [replace(cold(failure=ENDED), details=details)] * 2
    return with_health(*asked, tls(A, **handshake))


def test_tls_that_ends_after_the_request_is_violated_although_the_handshake_succeeded() -> None:
    found = the_one(BY_ID["health-response-is-valid"], ended_tls(version="TLSv1.3"))
    assert (found.outcome, found.kms_errors) == (VIOLATED, path_errors.NO_HANDSHAKE)
    assert found.because.startswith(
        "the server ended TLS instead of answering the request (the TLS handshake: "
    )
    assert "alert 80 (internal_error)" in found.because
    assert found.remedy is not None
    assert "terminates TLS" in found.remedy.text
    assert the_one(BY_ID["credential-is-accepted"], ended_tls()).outcome is UNKNOWN


def test_a_refusal_for_lack_of_a_client_certificate_is_left_to_the_requirement_about_it() -> None:
    found = the_one(BY_ID["health-response-is-valid"], ended_tls(client_certificate_requested=True))
    assert found.outcome is UNKNOWN


def test_a_handshake_that_fails_before_the_request_says_nothing_about_the_response() -> None:
    found = the_one(BY_ID["health-response-is-valid"], ended_tls(sent_bytes=0))
    assert found.outcome is UNKNOWN
    assert found.because.startswith("no request could be sent (the TLS handshake: ")
