"""The header and the tables of the history file."""

import sqlite3
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from support.temporary import temporary_path

from probe.storage import history_schema
from probe.storage.history_schema import create, damage, fault


def execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(statement)
    connection.close()


def damage_of(path: Path) -> str | None:
    connection = sqlite3.connect(path)
    try:
        return damage(connection)
    finally:
        connection.close()


def test_a_created_file_is_recognised_sound_and_readable_only_by_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    create(path)
    assert (fault(path), damage_of(path)) == (None, None)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_file_that_a_crash_left_while_it_was_created_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    (tmp_path / "history.sqlite.new").write_bytes(b"half a file")
    create(path)
    assert fault(path) is None


def test_another_programs_database_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.sqlite"
    execute(path, "CREATE TABLE bookmarks (url TEXT)")
    assert fault(path) == "it belongs to another program"


def test_a_file_of_a_later_version_is_recognised(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    create(path)
    execute(path, f"PRAGMA user_version = {history_schema.VERSION + 1}")
    assert fault(path) == "its format has version 2, and this xks-probe reads version 1"


def test_other_tables_are_damage(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    create(path)
    execute(path, "DROP TABLE report")
    assert damage_of(path) == "its tables are not those of a history"


def test_a_time_that_is_no_number_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite"
    create(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    connection.execute("INSERT INTO minute (at_s, series, sent) VALUES ('noon', 1, 1)")
    connection.close()
    assert damage_of(path) == "it is damaged"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_fault_with_a_reason(content: bytes) -> None:
    with temporary_path() as path:
        path.write_bytes(content)
        assert fault(path) is not None
