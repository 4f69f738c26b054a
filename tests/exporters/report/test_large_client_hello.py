"""The answers to a large ClientHello in the report: one line per kind of answer, safe against untrusted text."""

from dataclasses import replace

import pytest
from rich.console import Console
from support.reports.examples import handshake, report
from support.reports.schema_check import faults

from exporters.report import large_client_hello, tls
from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.measurements import Failure, Phase, Reason, Timestamps
from probe.model.targets import Role, Target

RESET = Failure(phase=Phase.HANDSHAKE, reason=Reason.RESET)


def hello(name: str = "nlb-1", **more: object) -> LargeClientHello:
    made = LargeClientHello(
        target=Target(name=name, role=Role.NODE, host="10.0.0.1"),
        started_at_s=1.0,
        answer=HelloAnswer.SERVER_HELLO,
        address="10.0.0.1",
        sent_bytes=1470,
        wait_s=0.0203941,
        timestamps=Timestamps.KERNEL,
        group="X25519MLKEM768",
    )
    return replace(made, **more)


def reset(name: str = "nlb-2") -> LargeClientHello:
    return hello(name, answer=HelloAnswer.RESET, wait_s=None, timestamps=None, group=None, failure=RESET)


NOT_SENT = hello(
    sent_bytes=0, answer=HelloAnswer.OTHER, address=None, wait_s=None, group=None, timestamps=None
)


@pytest.mark.parametrize(
    "large", [None, hello(), reset(), NOT_SENT, hello(answer=HelloAnswer.ALERT, alert=80)]
)
def test_the_document_of_tls_fulfils_its_schema(large: LargeClientHello | None) -> None:
    assert faults(tls.document(handshake(), report(), large), "tls") == []


def test_a_client_hello_that_was_not_sent_has_no_size() -> None:
    assert large_client_hello.document(NOT_SENT)["client_hello_bytes"] is None


def test_targets_with_the_same_answer_share_a_line() -> None:
    found = large_client_hello.lines([hello("a"), reset("b"), hello("c")])
    assert found == [
        (True, "answered, 1,470 bytes sent, key exchange X25519MLKEM768: a, c"),
        (False, "connection reset, 1,470 bytes sent: b"),
    ]


def test_only_the_first_targets_of_many_are_named() -> None:
    ((_, text),) = large_client_hello.lines([hello(f"n{number}") for number in range(10)])
    assert text.endswith("n6, n7 and 2 more")


@pytest.mark.parametrize("answer", HelloAnswer)
def test_each_answer_has_words(answer: HelloAnswer) -> None:
    assert large_client_hello.words(hello(answer=answer, group=None)).endswith(", 1,470 bytes sent")


def test_an_alert_and_other_failures_have_their_reason() -> None:
    alert = Failure(phase=Phase.HANDSHAKE, reason=Reason.PROTOCOL_ERROR, detail="alert 80 (internal_error)")
    refused = hello(answer=HelloAnswer.ALERT, group=None, failure=alert, alert=80)
    assert large_client_hello.words(refused) == "refused with alert 80 (internal_error), 1,470 bytes sent"
    closed = hello(answer=HelloAnswer.OTHER, group=None, failure=replace(RESET, reason=Reason.CLOSED))
    assert large_client_hello.words(closed) == "no TLS answer (closed in handshake), 1,470 bytes sent"


def test_hostile_text_is_escaped() -> None:
    hostile = "\x1b[31m"
    ((_, text),) = large_client_hello.lines([hello(hostile, group=hostile)])
    assert "\x1b" not in text
    assert "\x1b" not in str(large_client_hello.line(hello(group=hostile)))


def test_without_answers_there_is_no_section() -> None:
    assert large_client_hello.render([]) is None


def test_the_section_has_a_title_and_signs_that_need_no_colour() -> None:
    console = Console(width=100, no_color=True)
    with console.capture() as captured:
        console.print(large_client_hello.render([hello("a"), reset("b")]))
    title, first, second = captured.get().splitlines()
    assert title == large_client_hello.TITLE
    assert first.startswith("  ✓ answered, 1,470 bytes sent")
    assert second.startswith("  ! connection reset")


def test_the_line_of_one_server_has_the_wait() -> None:
    assert "wait 20.394 ms (kernel)" in str(large_client_hello.line(hello()))
    assert "wait" not in str(large_client_hello.line(reset()))
