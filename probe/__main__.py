"""`xks-probe` and ``python -m probe``. One clear line for an error, never a traceback."""

import io
import os
import sys
from pathlib import Path

from probe import __version__


def main() -> None:
    """Run the command line and exit with its status (contracts: 0, 1, 2, 3 or 130)."""
    _open_streams()
    if sys.argv[1:] == ["--version"]:  # answered before anything slow is imported
        sys.stdout.write(f"xks-probe {__version__}\n")
        return
    from probe.commands.app import run

    sys.exit(_flushed(run(sys.argv[1:])))


def _open_streams() -> None:
    """Closed streams become /dev/null, and a locale without our characters shows them escaped."""
    if sys.stdout is None:
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as we live
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as above
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _flushed(status: int) -> int:
    """Write out what is buffered. A reader that went away (`| head`) is no error, a full disk is."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _discard()
    except OSError as error:
        _discard()
        sys.stderr.write(f"xks-probe: the output could not be written: {error.strerror}\n")
        return 2
    return status


def _discard() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not trip over it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
