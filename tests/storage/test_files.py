"""Files are read within bounds: what is too large, unreadable or no text is one line that says so."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.storage.files import read_bounded, read_file
from probe.wire.input_error import InputError


def test_a_file_at_the_limit_is_read_and_one_byte_more_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 8)
    assert read_bounded(path, 8) == b"x" * 8
    with pytest.raises(InputError, match="is larger than 7 bytes"):
        read_bounded(path, 7)


def test_a_file_that_is_not_there_is_a_line_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        read_file(tmp_path / "none.yaml")


def test_a_byte_order_mark_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_file(path) == "a: 1"


def test_what_is_not_utf_8_is_said_with_the_byte_where_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a: \xff")
    with pytest.raises(InputError, match=r"file: is not text in UTF-8 \(byte 3\)"):
        read_file(path)


def text_or_mistakes(path: Path) -> str | tuple[str, ...]:
    try:
        return read_file(path)
    except InputError as error:
        return error.errors


@given(st.binary(max_size=40))
def test_any_bytes_are_a_text_or_one_line_that_says_why_not(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(content)
    match text_or_mistakes(path):
        case str(text):
            assert text.encode() == content.removeprefix(b"\xef\xbb\xbf")
        case (line,):
            assert line.isprintable()
        case other:
            pytest.fail(f"{len(other)} lines of one file")
