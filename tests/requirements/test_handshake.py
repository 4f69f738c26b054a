"""Version, cipher suite and client certificate, each judged separately."""

from typing import TYPE_CHECKING, Any

import pytest
from support.evidence import NOTHING_AGREED, evidence, in_handshake, issue, only, sent, target, tls

from probe.model.measurements import ClientHelloProfile, Failure, Measurement, Phase, Reason
from probe.model.store import KeyStoreSpec
from probe.model.verdicts import KmsError, Operation, Outcome
from probe.requirements.declare import Finding, Rule
from probe.requirements.handshake import (
    cipher_suite_is_supported,
    client_certificate_is_not_required,
    tls_version_is_supported,
)
from probe.requirements.kms_errors import path as path_errors

if TYPE_CHECKING:
    from probe.model.evidence import Evidence

PROXY = target()
ALL = (tls_version_is_supported, cipher_suite_is_supported, client_certificate_is_not_required)
ALERT_40 = in_handshake(Reason.PROTOCOL_ERROR, "alert 40")
REQUESTED = {"client_certificate_requested": True, "kms_certificate_requested": True}
OLDER = {"version": "TLSv1.2", "cipher": "ECDHE-RSA-AES256-GCM-SHA384"}


def judged(declared: Rule, failure: Failure | None = None, **details: Any) -> Finding:
    return only(declared, evidence(tls(PROXY, failure=failure, **details)))


def connect_error(finding: Finding) -> str:
    (error,) = (e for e in finding.kms_errors or () if e.operation is Operation.CONNECT)
    return error.error


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.id)
def test_nothing_measured_is_unknown(declared: Rule) -> None:
    assert only(declared, evidence(also=(PROXY,))).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.id)
def test_without_a_connection_all_of_tls_is_unknown(declared: Rule) -> None:
    refused = Failure(phase=Phase.CONNECT, reason=Reason.REFUSED)
    finding = judged(declared, refused, **NOTHING_AGREED)
    assert finding.outcome is Outcome.UNKNOWN
    assert "no handshake" in finding.because


@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.id)
def test_a_measurement_without_details_is_unknown(declared: Rule) -> None:
    bare = tls(PROXY)
    measured = Measurement(
        target=PROXY, check=bare.check, started_at_s=0, failure=in_handshake(Reason.TIMED_OUT)
    )
    assert only(declared, evidence(measured)).outcome is Outcome.UNKNOWN


def test_a_lost_syn_does_not_hide_the_handshake_that_followed() -> None:
    lost = Failure(phase=Phase.CONNECT, reason=Reason.PACKET_LOST)
    assert judged(tls_version_is_supported, lost, kms_handshake_succeeded=True).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ("TLSv1", Outcome.VIOLATED),
        ("TLSv1.1", Outcome.VIOLATED),
        ("TLSv1.2", Outcome.MET),
        ("TLSv1.3", Outcome.MET),
    ],
)
def test_the_version_negotiated_in_either_handshake_decides(version: str, outcome: Outcome) -> None:
    finding = judged(tls_version_is_supported, ALERT_40, offer=ClientHelloProfile.DIAGNOSING, version=version)
    assert finding.outcome is outcome


@pytest.mark.parametrize("reason", [Reason.RESET, Reason.CLOSED, Reason.PROTOCOL_ERROR, Reason.TIMED_OUT])
@pytest.mark.parametrize("declared", ALL, ids=lambda each: each.id)
def test_without_any_answer_version_suite_and_client_certificate_are_unknown(
    declared: Rule, reason: Reason
) -> None:
    finding = judged(declared, in_handshake(reason), **NOTHING_AGREED)
    assert finding.outcome is Outcome.UNKNOWN
    assert "not answered" in finding.because
    assert finding.told_by == ("tls-handshake-is-answered", "tls-version-is-supported")


def test_certificates_without_a_version_leave_the_version_unknown() -> None:
    details = NOTHING_AGREED | {"chain": sent(issue("proxy"))}
    finding = judged(tls_version_is_supported, in_handshake(Reason.RESET), **details)
    assert finding.outcome is Outcome.UNKNOWN
    assert "ended before a version was agreed (the TLS handshake: reset" in finding.because


def test_certificates_without_a_version_or_a_failure_leave_the_version_unknown() -> None:
    finding = judged(tls_version_is_supported, **{**NOTHING_AGREED, "chain": sent(issue("proxy"))})
    assert (finding.outcome, finding.because) == (
        Outcome.UNKNOWN,
        "the handshake ended before a version was agreed",
    )


def test_our_own_limit_is_not_a_fault_of_the_server() -> None:
    finding = judged(tls_version_is_supported, in_handshake(Reason.OVER_LIMIT), **NOTHING_AGREED)
    assert finding.outcome is Outcome.UNKNOWN


def test_a_handshake_that_failed_over_the_client_certificate_makes_the_version_unknown() -> None:
    details = NOTHING_AGREED | {"client_certificate_requested": True}
    assert judged(tls_version_is_supported, ALERT_40, **details).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "cipher",
    [
        "TLS_AES_256_GCM_SHA384",
        "TLS_CHACHA20_POLY1305_SHA256",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
    ],
)
def test_each_of_the_four_suites_is_supported(cipher: str) -> None:
    assert judged(cipher_suite_is_supported, cipher=cipher).outcome is Outcome.MET


def test_a_server_with_only_aes_128_violates_the_suite_but_not_the_version() -> None:
    details: dict[str, Any] = {"offer": ClientHelloProfile.DIAGNOSING, "version": "TLSv1.2"}
    details["cipher"] = "ECDHE-RSA-AES128-GCM-SHA256"
    assert judged(tls_version_is_supported, ALERT_40, **details).outcome is Outcome.MET
    suite = judged(cipher_suite_is_supported, ALERT_40, **details)
    assert suite.outcome is Outcome.VIOLATED
    assert "ECDHE-RSA-AES128-GCM-SHA256" in suite.because


def test_a_server_with_only_tls_1_1_violates_version_and_suite() -> None:
    details: dict[str, Any] = {
        "offer": ClientHelloProfile.DIAGNOSING,
        "version": "TLSv1.1",
        "cipher": "ECDHE-RSA-AES256-SHA",
    }
    assert judged(tls_version_is_supported, ALERT_40, **details).outcome is Outcome.VIOLATED
    assert judged(cipher_suite_is_supported, ALERT_40, **details).outcome is Outcome.VIOLATED


def test_chacha20_is_not_supported_in_govcloud() -> None:
    def outcome(cipher: str) -> Outcome:
        measured: Evidence = evidence(tls(PROXY, cipher=cipher), spec=KeyStoreSpec(region="us-gov-west-1"))
        return only(cipher_suite_is_supported, measured).outcome

    assert outcome("TLS_CHACHA20_POLY1305_SHA256") is Outcome.VIOLATED
    assert outcome("TLS_AES_256_GCM_SHA384") is Outcome.MET


@pytest.mark.parametrize("offer", list(ClientHelloProfile))
def test_a_supported_suite_is_violated_if_the_handshake_of_kms_failed(offer: ClientHelloProfile) -> None:
    finding = judged(cipher_suite_is_supported, in_handshake(Reason.RESET), offer=offer)
    assert finding.outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("reason", "fix", "errors"),
    [
        (Reason.RESET, "and then ended the handshake", None),
        (Reason.CLOSED, "and then ended the handshake", None),
        (Reason.PROTOCOL_ERROR, "and then ended the handshake", None),
        (Reason.TIMED_OUT, "Allow ICMP 'fragmentation needed'", path_errors.SILENT_HANDSHAKE),
    ],
)
def test_a_handshake_that_fails_after_the_suite_was_chosen_is_not_fixed_by_a_suite(
    reason: Reason, fix: str, errors: tuple[KmsError, ...] | None
) -> None:
    finding = judged(cipher_suite_is_supported, in_handshake(reason))
    assert (finding.outcome, finding.kms_errors) == (Outcome.VIOLATED, errors)
    assert finding.remedy is not None
    assert fix in finding.remedy.text
    assert "Enable" not in finding.remedy.text


def test_a_suite_that_was_chosen_only_from_all_is_fixed_by_a_suite() -> None:
    found = judged(
        cipher_suite_is_supported, in_handshake(Reason.PROTOCOL_ERROR), offer=ClientHelloProfile.DIAGNOSING
    )
    assert found.remedy is None  # the requirement's own remedy


def test_a_timeout_after_the_suite_was_chosen_predicts_a_timeout() -> None:
    finding = judged(cipher_suite_is_supported, in_handshake(Reason.TIMED_OUT))
    assert connect_error(finding) == "XKS_PROXY_TIMED_OUT"


def test_our_own_limit_makes_the_suite_unknown() -> None:
    assert judged(cipher_suite_is_supported, in_handshake(Reason.OVER_LIMIT)).outcome is Outcome.UNKNOWN


def test_a_handshake_that_failed_over_the_client_certificate_meets_the_suite() -> None:
    assert judged(cipher_suite_is_supported, ALERT_40, **REQUESTED, alert=40).outcome is Outcome.MET


@pytest.mark.parametrize(
    ("failure", "details", "suite", "client"),
    [
        (ALERT_40, {"alert": 40}, Outcome.MET, Outcome.VIOLATED),
        (in_handshake(Reason.CLOSED), OLDER, Outcome.MET, Outcome.VIOLATED),
        (in_handshake(Reason.RESET), OLDER, Outcome.MET, Outcome.VIOLATED),
        (in_handshake(Reason.RESET), {}, Outcome.VIOLATED, Outcome.UNKNOWN),
        (in_handshake(Reason.TIMED_OUT), OLDER, Outcome.VIOLATED, Outcome.UNKNOWN),
        (in_handshake(Reason.PROTOCOL_ERROR), OLDER, Outcome.VIOLATED, Outcome.UNKNOWN),
        (in_handshake(Reason.PROTOCOL_ERROR), OLDER | {"alert": 51}, Outcome.VIOLATED, Outcome.UNKNOWN),
    ],
    ids=[
        *(
            "alert 40",
            "closed at 1.2",
            "reset at 1.2",
            "reset at 1.3 before the client certificate was sent",
            "timed out",
        ),
        *("protocol error", "unrelated alert"),
    ],
)
def test_a_handshake_that_failed_after_a_certificate_request_violates_exactly_one_requirement(
    failure: Failure, details: dict, suite: Outcome, client: Outcome
) -> None:
    """How the handshake ended shows whether the server required a client certificate or has another fault."""
    assert judged(cipher_suite_is_supported, failure, **REQUESTED, **details).outcome is suite
    assert judged(client_certificate_is_not_required, failure, **REQUESTED, **details).outcome is client


def test_a_certificate_request_in_the_diagnosing_handshake_does_not_explain_a_failure_of_kms() -> None:
    finding = judged(
        cipher_suite_is_supported,
        ALERT_40,
        client_certificate_requested=True,
        kms_certificate_requested=False,
    )
    assert finding.outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("details", "outcome"),
    [
        ({"client_certificate_requested": False}, Outcome.MET),
        ({"client_certificate_requested": True, "answered_without_client_certificate": True}, Outcome.MET),
        (
            {"client_certificate_requested": True, "answered_without_client_certificate": False},
            Outcome.VIOLATED,
        ),
        ({"client_certificate_requested": True, "alert": 40}, Outcome.VIOLATED),
        ({"client_certificate_requested": True, "alert": 42}, Outcome.VIOLATED),
        ({"client_certificate_requested": True, "alert": 49}, Outcome.VIOLATED),
        ({"client_certificate_requested": True, "alert": 116}, Outcome.VIOLATED),
        ({"client_certificate_requested": None, "alert": 116}, Outcome.VIOLATED),
        ({"client_certificate_requested": None, "alert": 40}, Outcome.UNKNOWN),
        ({"client_certificate_requested": True}, Outcome.UNKNOWN),
    ],
    ids=[
        "none requested",
        "requested, answered without",
        "requested, refused",
        "alert 40 after the request",
        "alert 42 after the request",
        "alert 49 after the request",
        "alert 116 after the request",
        "alert 116 without a request",
        "alert 40 before any request",
        "no response",
    ],
)
def test_a_client_certificate_may_be_requested_but_not_required(details: dict, outcome: Outcome) -> None:
    assert judged(client_certificate_is_not_required, **details).outcome is outcome


@pytest.mark.parametrize("offer", [ClientHelloProfile.KMS, ClientHelloProfile.DIAGNOSING])
@pytest.mark.parametrize(
    ("reason", "error"), [(Reason.TIMED_OUT, "XKS_PROXY_TIMED_OUT"), (Reason.RESET, None), (None, None)]
)
def test_a_supported_suite_without_a_handshake_predicts_its_own_error_only_after_a_timeout(
    offer: ClientHelloProfile, reason: Reason | None, error: str | None
) -> None:
    failure = in_handshake(reason) if reason else None
    finding = judged(cipher_suite_is_supported, failure, kms_handshake_succeeded=False, offer=offer, **OLDER)
    assert finding.outcome is Outcome.VIOLATED
    assert (connect_error(finding) if finding.kms_errors else None) == error
    assert ("only when all suites" in finding.because) is (offer is ClientHelloProfile.DIAGNOSING)
    assert (": " in finding.because) is (reason is not None)


def test_a_handshake_without_failure_did_not_end_because_of_the_client_certificate() -> None:
    finding = judged(cipher_suite_is_supported, None, kms_handshake_succeeded=False, **REQUESTED, **OLDER)
    assert finding.outcome is Outcome.VIOLATED


@pytest.mark.parametrize("alert", [None, 42])
def test_the_alert_that_rejected_an_empty_certificate_is_reported(alert: int | None) -> None:
    finding = judged(
        client_certificate_is_not_required,
        in_handshake(Reason.PROTOCOL_ERROR),
        answered_without_client_certificate=False,
        alert=alert,
        **REQUESTED,
    )
    assert finding.outcome is Outcome.VIOLATED
    assert finding.because.endswith("refused (alert 42)" if alert else "refused")


def test_a_certificate_request_without_any_reply_is_unknown() -> None:
    finding = judged(client_certificate_is_not_required, None, **REQUESTED)
    assert finding.outcome is Outcome.UNKNOWN
    assert "no answer" in finding.because


@pytest.mark.parametrize(
    ("host", "parent"), [("proxy.xks.example.com", "xks.example.com"), ("localhost", "localhost")]
)
def test_a_finding_about_tls_has_the_values_for_its_commands(host: str, parent: str) -> None:
    finding = only(tls_version_is_supported, evidence(tls(target(server_name=host))))
    assert {
        key: finding.values[key] for key in ("ADDRESS", "ADDRESS:443", "PRIVATE-DNS-NAME", "PARENT-DOMAIN")
    } == {
        "ADDRESS": "127.0.0.1",
        "ADDRESS:443": "127.0.0.1:443",
        "PRIVATE-DNS-NAME": host,
        "PARENT-DOMAIN": parent,
    }


@pytest.mark.parametrize("alert", [*range(40, 51), 116])
def test_the_alerts_that_reject_an_empty_certificate(alert: int) -> None:
    finding = judged(
        client_certificate_is_not_required, in_handshake(Reason.PROTOCOL_ERROR), alert=alert, **REQUESTED
    )
    rejects = alert in {40, 41, 42, 43, 46, 48, 49, 116}
    assert (finding.outcome is Outcome.VIOLATED) is rejects
