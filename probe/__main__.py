"""`xks-probe` and ``python -m probe``. One clear line for an error, never a traceback."""

import os
import sys

from probe import __version__


def main() -> None:
    """Run the command line and exit with its status (contracts: 0, 1, 2, 3 or 130)."""
    if sys.argv[1:] == ["--version"]:  # answered before anything slow is imported
        sys.stdout.write(f"xks-probe {__version__}\n")
        return
    from probe.commands.app import run

    status = run(sys.argv[1:])
    _flush()
    sys.exit(status)


def _flush() -> None:
    """Write out what is buffered; a reader that went away (`| head`) is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
