"""Creates and recognises the history file: an SQLite database with an application id and a version.

The bytes of an existing file are untrusted: it may be damaged, or belong to another program.
"""

import sqlite3
from pathlib import Path

APPLICATION_ID = 0x786B7370  # "xksp", at offset 68 of the file
VERSION = 1  # at offset 60; a change of the tables needs a new one
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
# Times are numbers between 1970 and the year 9999. `damage` checks this, because any program may have written
# the file.
_TIME = "REAL NOT NULL CHECK ({0} BETWEEN 0 AND 253402300799)"
_AT_S = _TIME.format("at_s")
_TABLES = (
    # is_failing, since_s: the state of the newest probe. newest_s: for removing rows that nothing refers to.
    f"""CREATE TABLE series (id INTEGER PRIMARY KEY, identity TEXT NOT NULL, check_name TEXT NOT NULL,
 is_failing INTEGER, since_s REAL, newest_s {_TIME.format("newest_s")}, UNIQUE (identity, check_name))""",
    # In the order of time, so that a minute of all targets is written to one place, and old ones go together.
    """CREATE TABLE minute (at_s INTEGER NOT NULL CHECK (at_s BETWEEN 0 AND 253402300799),
 series INTEGER NOT NULL, sent INTEGER NOT NULL, failed TEXT, min_us INTEGER, max_us INTEGER,
 counts TEXT, PRIMARY KEY (at_s, series)) WITHOUT ROWID""",
    f"""CREATE TABLE failure (id INTEGER PRIMARY KEY, at_s {_AT_S}, series INTEGER NOT NULL,
 phase TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT NOT NULL)""",
    "CREATE INDEX failure_by_time ON failure (at_s)",
    f"""CREATE TABLE report (id INTEGER PRIMARY KEY, at_s {_AT_S}, key_store TEXT NOT NULL,
 changes TEXT NOT NULL)""",
    "CREATE INDEX report_by_time ON report (at_s)",
    f"""CREATE TABLE verdict (key_store TEXT NOT NULL, requirement TEXT NOT NULL, subject TEXT NOT NULL,
 outcome TEXT NOT NULL, level TEXT NOT NULL, held TEXT NOT NULL, since_s {_TIME.format("since_s")},
 PRIMARY KEY (key_store, requirement, subject)) WITHOUT ROWID""",
    "CREATE TABLE prediction (key_store TEXT PRIMARY KEY, document TEXT NOT NULL) WITHOUT ROWID",
)


def fault(path: Path) -> str | None:
    """Why the file is not a history file of this version; None if it looks like one. Raises OSError."""
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header.startswith(_MAGIC) or len(header) < _HEADER_BYTES:
        return "it is not an SQLite file, or it is damaged"
    if int.from_bytes(header[68:72], "big") != APPLICATION_ID:
        return "it belongs to another program"
    version = int.from_bytes(header[60:64], "big")
    if version != VERSION:
        return f"its format has version {version}, and this xks-probe reads version {VERSION}"
    return None


def create(path: Path) -> None:
    """Create an empty history file, whole or not at all. Raises OSError and `sqlite3.Error`."""
    new = path.with_name(f"{path.name}.new")
    for each in (new, new.with_name(f"{new.name}-journal")):
        each.unlink(missing_ok=True)
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("BEGIN")
        for table in _TABLES:
            connection.execute(table)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        connection.close()
    new.chmod(0o600)
    new.replace(path)


def damage(connection: sqlite3.Connection) -> str | None:
    """What is wrong inside the database, which is read whole; None if it is sound. Raises `sqlite3.Error`."""
    (result,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if result != "ok":
        return "it is damaged"
    tables = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
    return None if tables == set(_TABLES) else "its tables are not those of a history"
