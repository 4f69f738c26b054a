"""Opens the history file, for one process at a time. An unusable file is moved aside, never deleted."""

import fcntl
import os
import sqlite3
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from probe.model.text import clean
from probe.storage import history_schema

MAX_SET_ASIDE = 3
# Pages of 4 KiB in the write-ahead log before they are copied into the file; a transaction is smaller.
_CHECKPOINT_PAGES = 256
_WAL_KEPT_BYTES = 1 << 20
_PARTS = ("", "-wal", "-shm", "-journal")
_BUSY_S = 1.0
# SQLite's messages quote the bytes of a damaged schema, and Python cannot always decode them.
UNREADABLE = (sqlite3.Error, UnicodeDecodeError)


class Unusable(Exception):  # noqa: N818 - a state, not a bug
    """The history cannot be written now; the text is the reason."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The connection, and the lock that is released by ``close``."""

    connection: sqlite3.Connection
    lock: int

    def close(self) -> None:
        try:
            self.connection.close()
        finally:
            os.close(self.lock)


def open_file(path: Path, say: Callable[[str], None]) -> Opened:
    """Open ``path``, or create it. ``say`` gets one line if a file was moved aside. Raises `Unusable`."""
    try:
        lock = _lock(path)
    except OSError as error:
        raise Unusable(f"cannot be written: {error.strerror or error}") from error
    try:
        return Opened(_connect(path, say), lock)
    except (OSError, sqlite3.Error) as error:
        os.close(lock)
        raise Unusable(f"cannot be opened: {clean(str(error))}") from error
    except BaseException:
        os.close(lock)
        raise


def outlook(path: Path) -> str | None:
    """What would keep `open_file` from using ``path`` as it is; None if nothing is known. Changes nothing."""
    if not path.parent.is_dir():
        return f"the directory {clean(str(path.parent))} does not exist"
    if not os.access(path.parent, os.W_OK | os.X_OK):
        return f"this user may not write in the directory {clean(str(path.parent))}"
    try:
        found = _fault(path)
    except Unusable as unusable:
        return f"{clean(str(path))} {unusable}"
    except OSError as error:
        return f"{clean(str(path))} cannot be read: {error.strerror or error}"
    if found is None:
        return None
    return f"{clean(str(path))} will be moved aside, and a new file begun, because {found}"


def _lock(path: Path) -> int:
    """Locks a file beside the history; the kernel releases it when the process ends, however it ends."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Unusable("another xks-probe process writes it; give each agent its own history.path") from None
    return lock


def _connect(path: Path, say: Callable[[str], None]) -> sqlite3.Connection:
    if (fault := _fault(path)) is not None:
        set_aside(path, fault, say)
    if not path.exists():
        history_schema.create(path)
    connection = _configured(path)
    try:
        found = history_schema.damage(connection)
    except UNREADABLE as error:
        if is_out_of_order(error):
            connection.close()
            raise
        found = "it is damaged"
    if found is None:
        return connection
    connection.close()
    set_aside(path, found, say)
    history_schema.create(path)
    return _configured(path)


def is_out_of_order(error: Exception) -> bool:
    """Whether the disk, not the content of the file, is the cause: full, read-only, locked, failing."""
    name = getattr(error, "sqlite_errorname", "")
    return isinstance(error, sqlite3.OperationalError) and not name.startswith("SQLITE_ERROR")


def _fault(path: Path) -> str | None:
    """Why an existing file cannot be used. Raises OSError and `Unusable`."""
    try:
        status = path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise Unusable("is a link to a file that does not exist; use another history.path") from None
        # Without its database a write-ahead log belongs to a file that was deleted.
        return None if not any(_part(path, part).exists() for part in _PARTS) else "its database is missing"
    if not stat.S_ISREG(status.st_mode):  # opening a named pipe would wait for ever
        raise Unusable("is not a file; use another history.path")
    return history_schema.fault(path)


def _configured(path: Path) -> sqlite3.Connection:
    connection = _plain(path)
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT_BYTES}")
    except UNREADABLE as error:
        connection.close()
        if is_out_of_order(error):
            raise
        # The caller looks into it again, and finds the damage.
        return _plain(path)
    return connection


def _plain(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_S)
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def set_aside(path: Path, why: str, say: Callable[[str], None]) -> None:
    """Rename the file and its parts to ``….set-aside-TIME``. Raises `Unusable` if there are too many."""
    kept = list(path.parent.glob(f"{_escaped(path.name)}.set-aside-*[0-9]Z"))
    if len(kept) >= MAX_SET_ASIDE:
        raise Unusable(
            f"{why}, and {len(kept)} files are already set aside beside it; move them away, or delete them"
        )
    when = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    aside = path.with_name(f"{path.name}.set-aside-{when}")
    for part in _PARTS:
        if os.path.lexists(_part(path, part)):
            _part(path, part).rename(_part(aside, part))
    say(f"{clean(str(path))} is not used as the history, because {why}; it was moved to {clean(aside.name)}")


def _escaped(name: str) -> str:
    return "".join(f"[{each}]" if each in "*?[" else each for each in name)


def _part(path: Path, part: str) -> Path:
    return path.with_name(path.name + part)
