"""The first message of a server after the ClientHello: its kind, and how many bytes are needed to tell."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.model.large_client_hello import HelloAnswer
from probe.wire.first_answer import MAX_BYTES, FirstAnswer, first_answer

RETRY = hashlib.sha256(b"HelloRetryRequest").digest()  # RFC 8446, section 4.1.3


def hello(random: bytes = b"\x11" * 32) -> bytes:
    """The beginning of a ServerHello: type, length, version, random and a part of the rest."""
    return bytes.fromhex("02000048 0303") + random + bytes(38)


def record(body: bytes, kind: int = 22) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


SERVER_HELLO = FirstAnswer(kind=HelloAnswer.SERVER_HELLO)
RETRY_REQUEST = FirstAnswer(kind=HelloAnswer.HELLO_RETRY_REQUEST)
OTHER = FirstAnswer(kind=HelloAnswer.OTHER)
WARNING = record(b"\x01\x70", 21)  # unrecognized_name


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (record(hello()), SERVER_HELLO),
        (record(hello(RETRY)), RETRY_REQUEST),
        (record(hello(RETRY[:31] + b"\0")), SERVER_HELLO),
        (record(b"\x02\x28", 21), FirstAnswer(kind=HelloAnswer.ALERT, alert=40)),
        (record(b"\x01\x00", 21), FirstAnswer(kind=HelloAnswer.ALERT, alert=0)),
        (WARNING + record(hello()), SERVER_HELLO),
        (b"".join(record(bytes([byte])) for byte in hello(RETRY)), RETRY_REQUEST),
        (record(hello()[:20]) + WARNING, OTHER),
        (record(b"\x01" + hello()[1:]), OTHER),
        (record(b"\x02\x28\x00", 21), OTHER),
        (record(b""), OTHER),
        (record(b"data", 23), OTHER),
        (b"HTTP/1.1 400 Bad Request\r\n", OTHER),
        (b"H", OTHER),
        (b"\x16\x02", OTHER),
        (WARNING * 200, OTHER),
        (b"", None),
        (b"\x16\x03", None),
        (WARNING, None),
    ],
    ids=[
        *("ServerHello", "HelloRetryRequest", "another random", "fatal alert", "close_notify"),
        *("after a warning", "a byte per record", "an alert inside", "ClientHello", "long alert"),
        *("empty record", "application data", "HTTP", "one byte of HTTP", "SSL 2"),
        *("only warnings", "nothing", "half a header", "a warning"),
    ],
)
def test_the_kind_of_the_first_answer(data: bytes, answer: FirstAnswer | None) -> None:
    assert first_answer(data) == answer


@pytest.mark.parametrize(("length", "answer"), [(42, None), (43, SERVER_HELLO), (44, SERVER_HELLO)])
def test_a_server_hello_is_known_from_its_random(length: int, answer: FirstAnswer | None) -> None:
    assert first_answer(record(hello())[:length]) == answer


@pytest.mark.parametrize(("length", "is_known"), [(6, False), (7, True)])
def test_an_alert_is_known_when_it_is_complete(length: int, is_known: bool) -> None:
    assert (first_answer(record(b"\x02\x28", 21)[:length]) is not None) is is_known


_PARTS = st.sampled_from(
    [record(hello()), record(hello(RETRY)), record(b"\x02\x28", 21), WARNING, record(b"\x02"), b"\x16\x03"]
)
_ANYTHING = st.one_of(
    st.binary(max_size=2 * MAX_BYTES), st.lists(st.one_of(_PARTS, st.binary(max_size=9))).map(b"".join)
)


@given(_ANYTHING)
def test_any_bytes_have_a_kind_or_need_more_up_to_the_limit(data: bytes) -> None:
    found = first_answer(data)
    assert found is not None or len(data) < MAX_BYTES
    assert found is None or (found.alert is not None) is (found.kind is HelloAnswer.ALERT)


@given(_ANYTHING, st.integers(0, 2 * MAX_BYTES))
def test_more_bytes_never_change_a_known_kind(data: bytes, cut: int) -> None:
    before = first_answer(data[: min(cut, MAX_BYTES - 1)])
    assert before is None or first_answer(data) == before
