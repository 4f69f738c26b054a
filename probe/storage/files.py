"""Reads whole files up to a maximum size, and tells whether a file has changed."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from probe.model.text import clean
from probe.wire.input_error import InputError
from probe.wire.yaml_document import MAX_BYTES


def read_bounded(
    path: Path, limit_bytes: int = MAX_BYTES, check: Callable[[os.stat_result], None] | None = None
) -> bytes:
    """The content of a file of at most ``limit_bytes``. Raises InputError, without the path of the file.

    ``check`` gets the status of the file that is read, before it is read, and may raise InputError.
    """
    try:
        # Without O_NONBLOCK, a named pipe that nothing writes to would be waited for, for ever.
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise InputError(("is a device, a pipe or a socket; use a regular file",))
            if check is not None:
                check(status)
            content = file.read(limit_bytes + 1)
    except OSError as error:
        raise InputError((f"cannot be read: {error.strerror or error}",)) from error
    if len(content) > limit_bytes:
        raise InputError(
            (f"is larger than the maximum of {limit_bytes} bytes; check that it is the right file",)
        )
    return content


def version_of(path: Path) -> tuple[int, ...] | None:
    """Differs after the file was replaced or written; None if there is no file that can be read."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def read_file(path: Path) -> str:
    """The text of a file, for `parse`. Raises InputError."""
    source = clean(str(path))
    try:
        return read_bounded(path).decode("utf-8-sig")
    except InputError as error:
        raise InputError(tuple(f"{source}: {line}" for line in error.errors)) from error
    except UnicodeDecodeError as error:
        raise InputError((f"{source}: is not UTF-8 text (byte {error.start}); use YAML in UTF-8",)) from error
