"""`xks-probe` and ``python -m probe``. One clear line for an error, never a traceback."""

import contextlib
import io
import os
import sys
from pathlib import Path
from typing import TextIO

from probe import __version__

_WITH_CREDENTIAL = frozenset({"run", "health", "preflight"})
_INTERRUPTED = 130  # as `probe.commands.exits.Exit.INTERRUPTED`


def main() -> None:
    """Run the command line and exit with its status."""
    _open_streams()
    if sys.argv[1:] == ["--version"]:  # answered before anything slow is imported
        sys.exit(_flushed(0, f"xks-probe {__version__}\n"))
    try:
        from probe.commands.app import run
        from probe.commands.process import forbid_core_dumps

        if sys.argv[1:2] and sys.argv[1] in _WITH_CREDENTIAL:
            forbid_core_dumps()
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while modules are imported
        status = _INTERRUPTED
    sys.exit(_flushed(status))


def _open_streams() -> None:
    """Closed streams become /dev/null, and characters that the locale lacks are shown escaped."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open until the end
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flushed(status: int, text: str = "") -> int:
    """Write ``text`` and what is buffered. A closed pipe (`| head`) is no error; a full disk is one.

    Only for results: a message that cannot be written changes no exit status.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        status = 2
        with contextlib.suppress(OSError):
            sys.stderr.write(f"xks-probe: the output could not be written: {error.strerror}\n")
    try:
        sys.stderr.flush()
    except OSError:
        _discard(sys.stderr)
    return status


def _discard(stream: TextIO) -> None:
    """Discard what is still buffered, so that the interpreter does not fail on it when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    main()
