"""The verdict on the answer to a ClientHello of two TCP segments, compared with the answer to a small one."""

from dataclasses import replace
from typing import Any

import pytest
from support.evidence import NOTHING_AGREED, NOW_S, evidence, found, in_handshake, only, target, tls

from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Failure, Measurement, Phase, Reason
from probe.model.targets import Role
from probe.model.verdicts import Level, Outcome
from probe.requirements.declare import Finding
from probe.requirements.large_client_hello import large_client_hello_is_answered
from probe.verdicts.judge import judge

NODE = target("node", Role.NODE)
ANSWERED = tls(NODE)
RESET, TIMED_OUT = in_handshake(Reason.RESET), in_handshake(Reason.TIMED_OUT)
ALERT = in_handshake(Reason.PROTOCOL_ERROR, "alert 80 (internal_error)")


def large(answer: HelloAnswer, failure: Failure | None = None, **more: Any) -> LargeClientHello:
    return replace(
        LargeClientHello(
            target=NODE, started_at_s=NOW_S, answer=answer, failure=failure, sent_bytes=1470, allowed_s=5.0
        ),
        **more,
    )


def judged(hello: LargeClientHello, small: Measurement = ANSWERED) -> Finding:
    finding = only(large_client_hello_is_answered, evidence(small, large_client_hellos=(hello,)))
    assert finding.subject == "node"
    return finding


SENT = "a ClientHello of 1,470 bytes in two TCP segments"
RETRIED = "was answered with a HelloRetryRequest, so it costs one more round trip"


@pytest.mark.parametrize("small", [ANSWERED, tls(NODE, failure=RESET, **NOTHING_AGREED)])
@pytest.mark.parametrize("failure", [None, RESET], ids=["completed", "reset later"])
@pytest.mark.parametrize(
    ("answer", "words"),
    [(HelloAnswer.SERVER_HELLO, "was answered"), (HelloAnswer.HELLO_RETRY_REQUEST, RETRIED)],
)
def test_a_server_hello_and_a_retry_request_are_answers_whatever_comes_later(
    answer: HelloAnswer, words: str, failure: Failure | None, small: Measurement
) -> None:
    finding = judged(large(answer, failure), small)
    assert (finding.outcome, finding.because) == (Outcome.MET, f"{SENT} {words}")


@pytest.mark.parametrize(
    ("answer", "failure", "words"),
    [
        (HelloAnswer.RESET, RESET, f"{SENT} was refused (the TLS handshake: reset by the peer)"),
        (HelloAnswer.ALERT, ALERT, "alert 80 (internal_error)"),
        (HelloAnswer.TIMED_OUT, TIMED_OUT, f"{SENT} was not answered within 5.0 s, but a small one was"),
        (HelloAnswer.OTHER, in_handshake(Reason.CLOSED), "closed by the peer"),
        (HelloAnswer.OTHER, TIMED_OUT, "no answer within the timeout"),
    ],
)
def test_no_answer_is_violated_only_if_a_small_client_hello_was_answered(
    answer: HelloAnswer, failure: Failure, words: str
) -> None:
    finding = judged(large(answer, failure))
    assert finding.outcome is Outcome.VIOLATED
    assert words in finding.because
    assert ("black hole" in finding.because) is (answer is HelloAnswer.TIMED_OUT)

    refused = judged(large(answer, failure), tls(NODE, failure=RESET, **NOTHING_AGREED))
    assert refused.outcome is Outcome.UNKNOWN
    assert (
        refused.because
        == "a small ClientHello was not answered either (the TLS handshake: reset by the peer)"
    )


@pytest.mark.parametrize(
    "hello",
    [large(HelloAnswer.RESET, RESET), large(HelloAnswer.TIMED_OUT, TIMED_OUT)],
    ids=["reset", "silent"],
)
@pytest.mark.parametrize(
    "small",
    [(), (tls(NODE, **NOTHING_AGREED, kms_handshake_succeeded=False),)],
    ids=["not tried", "failed without a known reason"],
)
def test_no_answer_is_unknown_if_no_small_client_hello_is_known_to_be_answered(
    small: tuple[Measurement, ...], hello: LargeClientHello
) -> None:
    finding = only(large_client_hello_is_answered, evidence(*small, large_client_hellos=(hello,)))
    because = "a small ClientHello was not answered either"
    assert (finding.outcome, finding.because) == (Outcome.UNKNOWN, because)


def test_a_small_client_hello_was_answered_if_a_client_certificate_was_requested_after_it() -> None:
    small = tls(NODE, failure=ALERT, kms_certificate_requested=True)
    assert judged(large(HelloAnswer.RESET, RESET), small).outcome is Outcome.VIOLATED


@pytest.mark.parametrize(
    ("allowed_s", "outcome"), [(0.9, Outcome.UNKNOWN), (1.0, Outcome.VIOLATED), (1.1, Outcome.VIOLATED)]
)
def test_less_than_a_second_is_too_short_to_see_a_black_hole(allowed_s: float, outcome: Outcome) -> None:
    assert judged(large(HelloAnswer.TIMED_OUT, TIMED_OUT, allowed_s=allowed_s)).outcome is outcome


@pytest.mark.parametrize(
    ("failure", "because"),
    [
        (Failure(phase=Phase.CONNECT, reason=Reason.REFUSED), "no handshake (the TCP connection: refused)"),
        (
            Failure(phase=Phase.RESOLVE, reason=Reason.NAME_NOT_FOUND),
            "no handshake (resolving the name: the name does not resolve)",
        ),
        (None, "no handshake"),
    ],
)
def test_without_a_connection_it_is_unknown(failure: Failure | None, because: str) -> None:
    finding = judged(large(HelloAnswer.OTHER, failure))
    assert (finding.outcome, finding.because) == (Outcome.UNKNOWN, because)


@pytest.mark.parametrize("reason", [Reason.NOT_PERMITTED, Reason.OVER_LIMIT])
def test_a_failure_of_this_machine_is_no_fault_of_the_path(reason: Reason) -> None:
    assert judged(large(HelloAnswer.OTHER, in_handshake(reason))).outcome is Outcome.UNKNOWN


def test_it_is_not_judged_if_it_was_not_tested() -> None:
    assert found(large_client_hello_is_answered, evidence(ANSWERED)) == ()


def test_it_never_predicts_an_error() -> None:
    hello = large(HelloAnswer.TIMED_OUT, TIMED_OUT)
    with_it = judge(evidence(ANSWERED, large_client_hellos=(hello,)))
    (verdict,) = [each for each in with_it.verdicts if each.requirement == large_client_hello_is_answered.id]
    assert (verdict.level, verdict.outcome, verdict.step) == (Level.ADVICE, Outcome.VIOLATED, None)
    assert verdict.kms_errors == ()
    assert with_it.predictions == judge(evidence(ANSWERED)).predictions
