"""InputError: a ValueError with all errors of one text, one per line."""

import pytest

from probe.wire.hostport import parse_host_port
from probe.wire.input_error import InputError


@pytest.mark.parametrize(
    ("errors", "text"),
    [
        (("a: missing; write one",), "a: missing; write one"),
        (("a: missing; write one", "b: twice; delete one"), "a: missing; write one\nb: twice; delete one"),
    ],
    ids=["one", "two"],
)
def test_each_error_is_one_line_in_the_order_found(errors: tuple[str, ...], text: str) -> None:
    error = InputError(errors)
    assert error.errors == errors
    assert str(error) == text


def test_an_input_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="one") as caught:
        raise InputError(("one", "two"))
    assert isinstance(caught.value, InputError)


@pytest.mark.parametrize("text", ["host:0", "a\nb", "\x1b[2J", "x" * 300 + "/"])
def test_a_parser_reports_one_error_as_one_printable_line(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_host_port(text, 443)
    (line,) = caught.value.errors
    assert line.isprintable()
