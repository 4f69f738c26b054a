"""The targets that a requirement judges."""

from dataclasses import replace

import pytest
from support.evidence import (
    HOST,
    NOTHING_AGREED,
    NOW_S,
    evidence,
    in_handshake,
    issue,
    sent,
    target,
    tcp,
    tls,
)

from probe.model.measurements import Certificate, Failure, Measurement, Phase, Reason, TlsDetails
from probe.model.targets import Check, PlannedCheck, Role, Target
from probe.model.verdicts import Outcome
from probe.requirements.declare import Finding, met
from probe.requirements.evidence.targets import (
    common_subject,
    each_handshake,
    each_leaf,
    entry_points,
    latest,
    no_answer,
    tls_targets,
)

A, B = target("nlb-a", Role.NODE), target("nlb-b", Role.NODE)
PROXY, BACKEND = target(), target("proxy-1", Role.BACKEND)
CHAIN = sent(issue(HOST))
IN_CONNECT = {reason: Failure(phase=Phase.CONNECT, reason=reason) for reason in Reason}


def judged(measurement: Measurement) -> tuple[Outcome, str]:
    """The outcome and reason from a judge that accepts every handshake."""

    def judge(_target: Target, _measurement: Measurement, _details: TlsDetails) -> Finding:
        return met("judged")

    (finding,) = each_handshake(evidence(measurement), judge)
    assert finding.subject == measurement.target.name
    return finding.outcome, finding.because


def test_the_entry_points_are_the_nodes_or_else_the_proxy() -> None:
    others = (BACKEND, target("hsm", Role.KEY_MANAGER), target("region", Role.REGION))
    assert entry_points(evidence(also=(A, *others, PROXY, B))) == (A, B)
    assert entry_points(evidence(also=(*others, PROXY))) == (PROXY,)


@pytest.mark.parametrize(
    ("targets", "subject"),
    [
        ((A,), "nlb-a"),
        ((A, B), "cks-1"),
        ((replace(A, key_store=""), B), "cks-1"),
        ((replace(A, key_store=""), replace(B, key_store="")), "key store"),
        ((), "key store"),
    ],
    ids=["one", "two", "the first that has one", "none has one", "no target"],
)
def test_the_common_subject_of_several_targets_is_their_key_store(
    targets: tuple[Target, ...], subject: str
) -> None:
    assert common_subject(targets) == subject


def test_measurements_are_found_by_check_and_target() -> None:
    by_tcp, by_tls, other = tcp(A), tls(A), tcp(B)
    found = evidence(by_tcp, by_tls, other)
    assert latest(found, Check.TCP) == {"nlb-a": by_tcp, "nlb-b": other}
    assert latest(found, Check.TLS) == {"nlb-a": by_tls}
    assert latest(found, Check.DNS) == {}


def test_tls_targets_are_those_with_a_tls_check_or_measurement_and_the_entry_points() -> None:
    unplanned = replace(B, plans=())
    measured_once = replace(BACKEND, plans=())
    manager = tls(target("hsm", Role.KEY_MANAGER))
    probed = tls(measured_once)
    other = replace(BACKEND, name="proxy-2", plans=())
    found = evidence(probed, manager, also=(A, other, unplanned))
    assert list(tls_targets(found)) == [(measured_once, probed), (A, None), (unplanned, None)], (
        "B is an entry point"
    )


def test_an_entry_point_without_a_tls_check_is_unknown() -> None:
    unplanned = replace(B, plans=())
    findings = {
        f.subject: f for f in each_handshake(evidence(tls(A), also=(unplanned,)), lambda *_: met("accepted"))
    }
    assert findings["nlb-a"].outcome is Outcome.MET
    assert (findings["nlb-b"].outcome, findings["nlb-b"].because) == (
        Outcome.UNKNOWN,
        "no TLS check is configured for it",
    )


@pytest.mark.parametrize(
    ("interval_s", "age_s", "fresh"),
    [(15.0, 60.0, True), (15.0, 60.1, False), (60.0, 180.0, True), (60.0, 180.1, False)],
    ids=["a minute", "over a minute", "three intervals", "over three intervals"],
)
def test_a_stale_measurement_is_ignored(interval_s: float, age_s: float, *, fresh: bool) -> None:
    plan = PlannedCheck(check=Check.TLS, interval_s=interval_s, timeout_s=2.0)
    old = tls(replace(A, plans=(plan,)), at_s=NOW_S - age_s)
    assert (latest(evidence(old), Check.TLS) == {"nlb-a": old}) is fresh
    assert judged(old)[0] is (Outcome.MET if fresh else Outcome.UNKNOWN)


def test_a_measurement_without_an_interval_is_never_stale() -> None:
    old = tls(replace(A, plans=()), at_s=NOW_S - 3600.0)
    assert latest(evidence(old), Check.TLS) == {"nlb-a": old}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [(in_handshake(Reason.RESET), " (the TLS handshake: reset by the peer)"), (None, "")],
    ids=["reset", "no reason known"],
)
def test_without_an_answer_nothing_is_known_and_the_requirements_about_the_handshake_say_why(
    failure: Failure | None, reason: str
) -> None:
    unanswered = tls(A, failure=failure, **NOTHING_AGREED)
    assert isinstance(unanswered.details, TlsDetails)
    finding = no_answer(unanswered, unanswered.details)
    assert finding is not None
    because = f"the TLS handshake was not answered, so nothing else about TLS is known{reason}"
    assert (finding.outcome, finding.because) == (Outcome.UNKNOWN, because)
    assert finding.told_by == ("tls-handshake-is-answered", "tls-version-is-supported")


@pytest.mark.parametrize(
    ("measurement", "because"),
    [
        (tls(A), "judged"),
        (tls(A, failure=in_handshake(Reason.RESET), **NOTHING_AGREED), "judged"),
        (tls(A, failure=IN_CONNECT[Reason.PACKET_LOST]), "judged"),
        (tls(A, CHAIN, IN_CONNECT[Reason.PACKET_LOST], version=None), "judged"),
        (tls(A, failure=IN_CONNECT[Reason.REFUSED], **NOTHING_AGREED), "no handshake (the TCP connection"),
        (replace(tls(A), details=None), "no handshake"),
    ],
    ids=[
        *("completed", "reset during it", "lost SYN before it", "chain after a lost SYN"),
        *("refused before it", "no details"),
    ],
)
def test_a_judge_gets_every_handshake_that_was_started(measurement: Measurement, because: str) -> None:
    outcome, reason = judged(measurement)
    assert reason.startswith(because)
    assert outcome is (Outcome.MET if because == "judged" else Outcome.UNKNOWN)


def test_a_target_that_was_not_measured_is_unknown() -> None:
    (finding,) = each_handshake(evidence(also=(A,)), lambda *_: met("never"))
    assert (finding.subject, finding.outcome, finding.because) == (
        "nlb-a",
        Outcome.UNKNOWN,
        "not measured yet",
    )


@pytest.mark.parametrize(
    ("chain", "because"),
    [
        (CHAIN, "serial"),
        ((), "no certificate was received"),
        ((replace(CHAIN[0], not_after_s=None),), "the server certificate cannot be read"),
    ],
    ids=["readable", "none", "unreadable"],
)
def test_a_judge_gets_the_leaf_if_it_can_be_read(chain: tuple[Certificate, ...], because: str) -> None:
    def judge(_target: Target, _details: TlsDetails, leaf: Certificate) -> Finding:
        return met(f"serial {leaf.serial}")

    (finding,) = each_leaf(evidence(tls(A, chain)), judge)
    assert finding.because.startswith(because)
    assert finding.outcome is (Outcome.MET if because == "serial" else Outcome.UNKNOWN)
