"""Reading files: a file that is too large, unreadable or invalid results in one error."""

import os
from collections.abc import Callable
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


def named_pipe(directory: Path) -> Path:
    path = directory / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize(
    "made",
    [named_pipe, lambda _: Path("/dev/zero"), lambda _: Path("/dev/null")],
    ids=["pipe", "zero", "null"],
)
def test_what_is_not_a_regular_file_is_refused_without_waiting_for_it(
    made: Callable[[Path], Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="is a device, a pipe or a socket; use a regular file"):
        read_bounded(made(tmp_path))


def test_a_link_to_a_named_pipe_is_refused_and_one_to_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "good").symlink_to("file")
    (tmp_path / "bad").symlink_to(named_pipe(tmp_path))
    assert read_bounded(tmp_path / "good") == b"x"
    with pytest.raises(InputError, match="use a regular file"):
        read_bounded(tmp_path / "bad")


def test_a_directory_is_an_error_with_the_systems_reason(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        read_bounded(tmp_path)


def test_the_check_gets_the_status_of_the_file_that_is_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    seen: list[int] = []
    assert read_bounded(path, check=lambda status: seen.append(status.st_size)) == b"abc"
    assert seen == [3]


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
