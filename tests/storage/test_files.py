"""Reading files: a file that is too large, unreadable or invalid results in one error."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.storage.files import read_bounded, read_file
from probe.wire.input_error import InputError


def test_a_file_at_the_size_limit_is_read_and_one_byte_more_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 8)
    assert read_bounded(path, 8) == b"x" * 8
    with pytest.raises(InputError, match="is larger than the maximum of 7 bytes"):
        read_bounded(path, 7)


def test_a_missing_file_is_an_error_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.yaml: cannot be read: No such file"):
        read_file(tmp_path / "none.yaml")


def test_a_byte_order_mark_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\xef\xbb\xbfa: 1")
    assert read_file(path) == "a: 1"


def test_invalid_utf_8_is_reported_with_its_byte_offset(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a: \xff")
    with pytest.raises(InputError, match=r"file: is not UTF-8 text \(byte 3\)"):
        read_file(path)


def text_or_errors(path: Path) -> str | tuple[str, ...]:
    try:
        return read_file(path)
    except InputError as error:
        return error.errors


@given(st.binary(max_size=40))
def test_any_bytes_are_text_or_one_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(content)
    match text_or_errors(path):
        case str(text):
            assert text.encode() == content.removeprefix(b"\xef\xbb\xbf")
        case (line,):
            assert line.isprintable()
        case other:
            pytest.fail(f"{len(other)} errors for one file")
