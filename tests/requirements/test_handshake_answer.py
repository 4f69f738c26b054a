"""Whether a TLS handshake is answered at all, with the evidence and the target groups on the path."""

from dataclasses import replace
from typing import Any

import pytest
from support.accounts.healthy import ACCOUNT, BALANCER, GROUP, SPEC
from support.evidence import NOTHING_AGREED, evidence, in_handshake, issue, only, sent, target, tls

from probe.model.account import Account
from probe.model.measurements import ClientHelloProfile, Failure, Reason
from probe.model.targets import Role, Target
from probe.model.verdicts import Outcome
from probe.requirements.declare import Finding
from probe.requirements.handshake_answer import tls_handshake_is_answered
from probe.requirements.kms_errors import path as path_errors
from probe.verdicts.judge import judge

RESET = in_handshake(Reason.RESET)
ALERT_112 = in_handshake(Reason.PROTOCOL_ERROR, "alert 112 (unrecognized_name)")
DIAGNOSING = ClientHelloProfile.DIAGNOSING


def judged(
    failure: Failure | None,
    of: Target | None = None,
    account: Account | None = None,
    **details: Any,
) -> Finding:
    measured = tls(of or target(), failure=failure, **{**NOTHING_AGREED, **details})
    spec = SPEC if account else None
    return only(tls_handshake_is_answered, evidence(measured, account=account, spec=spec))


@pytest.mark.parametrize(
    "details",
    [
        {"version": "TLSv1.3"},
        {"version": "TLSv1.1", "offer": DIAGNOSING},
        {"client_certificate_requested": True},
    ],
    ids=["a version", "an old version, for the diagnosing ClientHello", "a request for a client certificate"],
)
def test_any_answer_meets_it_also_if_the_handshake_failed_later(details: dict[str, Any]) -> None:
    assert judged(None if "offer" not in details else RESET, **details).outcome is Outcome.MET


def test_certificates_without_an_agreed_version_violate_it() -> None:
    finding = judged(RESET, chain=sent(issue("proxy")))
    assert finding.outcome is Outcome.VIOLATED
    assert "sent certificates, but" in finding.because


@pytest.mark.parametrize("reason", [Reason.NOT_PERMITTED, Reason.OVER_LIMIT])
def test_a_failure_of_this_machine_is_unknown(reason: Reason) -> None:
    assert judged(in_handshake(reason)).outcome is Outcome.UNKNOWN


def test_a_wanted_name_is_unknown_if_none_was_sent_and_violated_if_one_was() -> None:
    nameless = judged(ALERT_112, target(server_name=None), alert=112)
    assert nameless.outcome is Outcome.UNKNOWN
    assert nameless.remedy is not None
    assert "--server-name" in nameless.remedy.text

    named = judged(ALERT_112, alert=112)
    assert named.outcome is Outcome.VIOLATED
    assert 'no certificate for this name "proxy.xks.example.com"' in named.because


def test_without_a_server_name_another_failure_says_that_none_was_sent() -> None:
    nameless = judged(RESET, target(server_name=None))
    assert nameless.outcome is Outcome.VIOLATED
    assert "no server name was sent" in nameless.because
    assert "no server name was sent" not in judged(RESET).because


def test_a_failure_without_any_bytes_is_told_without_a_name_or_bytes() -> None:
    assert judged(RESET).because == (
        "the server accepted the connection, and cut it instead of answering the TLS handshake "
        "(the TLS handshake: reset by the peer)"
    )


def test_the_errors_of_kms_depend_on_what_came_instead() -> None:
    assert judged(RESET).kms_errors == path_errors.NO_HANDSHAKE
    assert judged(in_handshake(Reason.TIMED_OUT)).kms_errors == path_errors.SILENT_HANDSHAKE


def test_the_first_bytes_are_shown_escaped_and_cut() -> None:
    finding = judged(in_handshake(Reason.PROTOCOL_ERROR), not_tls=b"220 \x1b[31m\xff\r\n" + b"x" * 52)
    assert '"220 \\x1b[31m\\xff\\r\\nxxx' in finding.because
    assert "\x1b" not in finding.because
    assert "…" in finding.because
    assert len(finding.because) < 250


def test_a_missing_client_certificate_is_told_by_its_own_requirement() -> None:
    failure = in_handshake(Reason.PROTOCOL_ERROR, "alert 116 (certificate_required)")
    report = judge(evidence(tls(target(), failure=failure, alert=116, **NOTHING_AGREED)), single_server=True)
    (verdict,) = (v for v in report.verdicts if v.requirement == "tls-handshake-is-answered")
    assert (verdict.outcome, verdict.told_by) == (Outcome.VIOLATED, ("client-certificate-is-not-required",))


def test_another_failure_is_told_by_no_other_requirement() -> None:
    assert judged(RESET).told_by == ()


def with_header(setting: str) -> Account:
    group = replace(GROUP, attributes={"proxy_protocol_v2.enabled": setting} if setting else {})
    return replace(ACCOUNT, load_balancers=(replace(BALANCER, target_groups=(group,)),))


def of(role: Role) -> Target:
    nodes, targets = BALANCER.nodes, GROUP.targets
    assert isinstance(nodes, tuple)
    assert isinstance(targets, tuple)
    host = nodes[0].address if role is Role.NODE else targets[0].id
    return replace(target(role.value, role), host=host)


@pytest.mark.parametrize("failure", [RESET, in_handshake(Reason.TIMED_OUT)])
@pytest.mark.parametrize("role", [Role.NODE, Role.BACKEND])
def test_a_target_group_without_the_header_is_named_as_a_possible_cause(role: Role, failure: Failure) -> None:
    finding = judged(failure, of(role), with_header("false"))
    assert finding.outcome is Outcome.VIOLATED
    assert f'Proxy protocol v2 is off at target group "{GROUP.name}"' in finding.because
    assert "Proxy protocol v2 is off" not in judged(failure, of(role), with_header("")).because


def test_all_that_may_have_caused_a_failure_is_named() -> None:
    """What came, the target group without the header, and the missing server name."""
    backend = replace(of(Role.BACKEND), server_name=None)
    because = judged(RESET, backend, with_header("false")).because
    came, header, name = because.split("; ")
    assert "cut it instead of answering" in came
    assert "Proxy protocol v2 is off" in header
    assert "no server name was sent" in name


def test_a_backend_behind_a_group_that_sends_the_header_is_not_judged_by_a_direct_connection() -> None:
    backend = judged(RESET, of(Role.BACKEND), with_header("true"))
    assert backend.outcome is Outcome.UNKNOWN
    assert "sends a PROXY protocol header first" in backend.because
    node = judged(RESET, of(Role.NODE), with_header("true"))
    assert (node.outcome, "Proxy protocol" in node.because) == (Outcome.VIOLATED, False)


def test_plain_http_from_a_backend_is_not_excused_by_the_header() -> None:
    failure = in_handshake(Reason.PROTOCOL_ERROR, "the server replied in plain HTTP")
    finding = judged(failure, of(Role.BACKEND), with_header("true"), not_tls=b"HTTP/1.1 400 Bad Request")
    assert finding.outcome is Outcome.VIOLATED


def test_one_cause_has_one_violated_and_one_unknown_entry() -> None:
    report = judge(evidence(tls(target(), failure=RESET, **NOTHING_AGREED)), single_server=True)
    entries = [(v.requirement, v.outcome) for v in report.verdicts if not v.told_by]
    of_tls = [entry for entry in entries if entry[0].startswith("tls-")]
    assert of_tls == [
        ("tls-handshake-is-answered", Outcome.VIOLATED),
        ("tls-version-is-supported", Outcome.UNKNOWN),
    ]
    told = {v.requirement for v in report.verdicts if v.told_by}
    assert {"cipher-suite-is-supported", "common-name-matches", "chain-is-complete"} <= told


def test_without_a_connection_all_of_tls_has_one_entry() -> None:
    refused = Failure(phase=in_handshake(Reason.RESET).phase.CONNECT, reason=Reason.REFUSED)
    report = judge(evidence(tls(target(), failure=refused, **NOTHING_AGREED)), single_server=True)
    of_tls = [v for v in report.verdicts if v.step is not None and v.step.value == "tls"]
    assert [v.requirement for v in of_tls if not v.told_by and v.outcome is Outcome.UNKNOWN] == [
        "tls-handshake-is-answered"
    ]
