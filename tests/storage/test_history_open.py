"""Opening the history file: one process, and no file stops it that belongs to somebody else or is damaged."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.temporary import temporary_path

from probe.storage import history_schema
from probe.storage.history_file import HistoryFile
from probe.storage.history_open import MAX_SET_ASIDE, Unusable, open_file, outlook

SETTINGS = {"keep_s": 86400.0, "most_bytes": 1 << 24}


def opened(path: Path) -> list[str]:
    """Open, read and close the file; what was said meanwhile."""
    said: list[str] = []
    file = open_file(path, said.append)
    try:
        HistoryFile(file.connection, path, **SETTINGS).load()
        HistoryFile(file.connection, path, **SETTINGS).trim(1.8e9)
    finally:
        file.close()
    return said


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir() if not each.name.endswith(".lock"))


def test_a_missing_file_is_created(tmp_path: Path) -> None:
    assert opened(tmp_path / "h") == []
    assert names(tmp_path) == ["h"]


def test_a_file_is_opened_again_without_a_word(tmp_path: Path) -> None:
    opened(tmp_path / "h")
    assert opened(tmp_path / "h") == []


def test_another_programs_file_is_moved_aside_and_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "h"
    path.write_bytes(b"dear diary")
    (said,) = opened(path)
    aside = next(each for each in tmp_path.iterdir() if "set-aside" in each.name)
    assert aside.read_bytes() == b"dear diary"
    assert said == (
        f"{path} is not used as the history, because it is not an SQLite file, or it is damaged;"
        f" it was moved to {aside.name}"
    )


def link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


@pytest.mark.parametrize(
    ("make", "because"),
    [
        (Path.mkdir, "is not a file"),
        (os.mkfifo, "is not a file"),
        (link_to_pipe, "is not a file"),
        (lambda path: path.symlink_to("nowhere"), "is a link to a file that does not exist"),
    ],
    ids=["directory", "named pipe", "link to a named pipe", "link to nothing"],
)
def test_what_is_not_a_file_is_refused_at_once_and_left_alone(
    make: Callable[[Path], None], because: str, tmp_path: Path
) -> None:
    path = tmp_path / "h"
    make(path)
    before = names(tmp_path)
    with pytest.raises(Unusable, match=because):
        opened(path)
    assert because in (outlook(path) or "")
    assert names(tmp_path) == before


def test_the_outlook_of_a_usable_path_is_nothing_and_creates_nothing(tmp_path: Path) -> None:
    assert outlook(tmp_path / "h") is None
    assert names(tmp_path) == []
    opened(tmp_path / "h")
    assert outlook(tmp_path / "h") is None


def test_the_outlook_says_what_will_happen_and_changes_nothing(tmp_path: Path) -> None:
    assert outlook(tmp_path / "missing" / "h") == f"the directory {tmp_path}/missing does not exist"
    (tmp_path / "h").write_bytes(b"dear diary")
    assert outlook(tmp_path / "h") == (
        f"{tmp_path}/h will be moved aside, and a new file begun, because it is not an SQLite file, or it is damaged"
    )
    assert names(tmp_path) == ["h"]


def test_a_write_ahead_log_without_its_database_is_moved_aside(tmp_path: Path) -> None:
    (tmp_path / "h-wal").write_bytes(b"x" * 100)
    (said,) = opened(tmp_path / "h")
    assert "its database is missing" in said
    assert not (tmp_path / "h-wal").exists()


def test_no_file_is_deleted_if_too_many_are_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "h"
    for number in range(MAX_SET_ASIDE):
        (tmp_path / f"h.set-aside-2026010{number}T000000Z").write_bytes(b"")
    path.write_bytes(b"dear diary")
    with pytest.raises(Unusable, match="and 3 files are already set aside beside it; move them"):
        opened(path)
    assert path.read_bytes() == b"dear diary"


def test_a_second_process_is_told_that_the_first_one_writes_the_file(tmp_path: Path) -> None:
    file = open_file(tmp_path / "h", print)
    with pytest.raises(Unusable, match=r"another xks-probe process writes it; give each agent its own"):
        open_file(tmp_path / "h", print)
    file.close()
    assert opened(tmp_path / "h") == []


def test_a_folder_that_does_not_exist_is_a_reason(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="cannot be written: No such file or directory"):
        opened(tmp_path / "none" / "h")


def test_a_directory_instead_of_a_file_is_a_reason(tmp_path: Path) -> None:
    (tmp_path / "h").mkdir()
    with pytest.raises(Unusable, match=r"is not a file; use another history\.path"):
        opened(tmp_path / "h")


def test_the_database_writes_a_log_ahead_and_frees_pages_incrementally(tmp_path: Path) -> None:
    file = open_file(tmp_path / "h", print)
    wanted = {"journal_mode": "wal", "synchronous": 1, "auto_vacuum": 2, "trusted_schema": 0}
    assert {name: file.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted} == wanted
    file.close()


@given(st.binary(max_size=5000))
def test_a_file_of_any_bytes_is_set_aside(content: bytes) -> None:
    with temporary_path() as path:
        path.write_bytes(content)
        (said,) = opened(path)
        assert "moved to" in said
        assert history_schema.fault(path) is None


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sound") / "h"
    opened(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO series VALUES (1, '[]', 'tcp', 0, 1.0, 1.8e9)")
    rows = [(60 * number, 1) for number in range(400)]
    connection.executemany("INSERT INTO minute VALUES (?, ?, 4, NULL, 1, 2, '{\"3\":4}')", rows)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 20), st.binary(min_size=1, max_size=64)), max_size=8)


@given(changes=CHANGES, cut=st.integers(0, 1 << 14))
def test_a_damaged_file_is_set_aside_or_read(
    sound: bytes, changes: list[tuple[int, bytes]], cut: int
) -> None:
    content = bytearray(sound)
    for position, some in changes:
        at = position % len(sound)
        content[at : at + len(some)] = some
    with temporary_path() as path:
        path.write_bytes(bytes(content[: len(sound) - cut]))
        assert len(opened(path)) <= 1


@pytest.mark.parametrize("position", range(0, 4096, 50))
def test_bytes_that_are_no_text_anywhere_in_the_schema_are_damage(sound: bytes, position: int) -> None:
    """SQLite's error message quotes them."""
    content = bytearray(sound)
    content[position : position + 40] = b"\xff" * 40
    with temporary_path() as path:
        path.write_bytes(bytes(content))
        assert len(opened(path)) <= 1


@given(wal=st.binary(max_size=3000), shm=st.binary(max_size=500))
def test_any_write_ahead_log_beside_the_file_is_ignored_or_set_aside(
    sound: bytes, wal: bytes, shm: bytes
) -> None:
    with temporary_path() as path:
        path.write_bytes(sound)
        path.with_name(path.name + "-wal").write_bytes(wal)
        path.with_name(path.name + "-shm").write_bytes(shm)
        assert len(opened(path)) <= 1
