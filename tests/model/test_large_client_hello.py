"""The closed list of answers to a large ClientHello, which JSON documents contain."""

from probe.model.large_client_hello import HelloAnswer, LargeClientHello
from probe.model.targets import Role, Target


def test_the_answers_are_the_published_ones() -> None:
    assert set(HelloAnswer) == {
        "server_hello",
        "hello_retry_request",
        "alert",
        "reset",
        "timed_out",
        "other",
    }


def test_an_answer_without_a_handshake_has_no_facts() -> None:
    target = Target(name="node", role=Role.NODE, host="10.0.0.1")
    made = LargeClientHello(target=target, started_at_s=1.0, answer=HelloAnswer.OTHER)
    assert (made.sent_bytes, made.allowed_s) == (0, 0.0)
    assert (made.wait_s, made.group, made.alert, made.failure) == (None, None, None, None)
