"""Where results go: standard output or a file, as text or JSON. Progress goes to standard error."""

import contextlib
import io
import json
import os
import stat
import sys
import time
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from probe.commands.exits import UsageError

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

FLUSH_INTERVAL_S = 1.0  # contracts: JSON lines are appended and flushed each second


class Format(StrEnum):
    TEXT = "text"
    JSON = "json"


class _Writable(Protocol):
    def write(self, text: str, /) -> int: ...

    def flush(self) -> None: ...


def output_file(text: str) -> Path | None:
    """The value of every ``--output``: a path, or None (standard output) for "-"."""
    if not text:  # such as an unset variable of a script
        raise UsageError("--output: is empty; give a file, or - for standard output")
    return None if text == "-" else Path(text)


def as_json(document: object) -> str:
    """One line of JSON; NaN and infinities are a bug and raise ValueError."""
    return json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def console(*, stderr: bool = False) -> "Console":
    """A rich console that interprets no markup and highlights nothing; plain when not a terminal."""
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=False)


def as_text(renderable: "RenderableType", width: int = 100) -> str:
    """``renderable`` as plain text, for a file."""
    from rich.console import Console

    plain = Console(
        width=width, markup=False, highlight=False, emoji=False, no_color=True, force_terminal=False
    )
    with plain.capture() as captured:
        plain.print(renderable, crop=False)
    return captured.get()


def write(
    form: Format, output: Path | None, document: Callable[[], object], page: Callable[[], "RenderableType"]
) -> None:
    """Write the format that was asked for; the other one is not made."""
    if form is Format.JSON:
        write_document(as_json(document()), output)
    else:
        show(page(), output)


def show(renderable: "RenderableType", output: Path | None) -> None:
    """Write ``renderable`` to stdout, coloured if that is a terminal, or as plain text to ``output``."""
    if output is not None:
        return write_document(as_text(renderable), output)
    from rich.console import Console

    # Drawn first and written at the end: every error of writing is handled in one place.
    drawn = io.StringIO()
    seen_as = console()
    terminal = Console(
        file=drawn,
        markup=False,
        highlight=False,
        emoji=False,
        width=seen_as.width,
        force_terminal=seen_as.is_terminal,
    )
    terminal.print(renderable, crop=False)
    return write_document(drawn.getvalue(), None)


def write_document(text: str, output: Path | None) -> None:
    """Write ``text`` to stdout, or to ``output`` whole or not at all."""
    text = text if text.endswith("\n") else text + "\n"
    if output is None:
        with lines(None) as stdout:
            stdout.write(text.removesuffix("\n"))
        return
    with _writing(output):
        if output.exists() and not output.is_file():  # a terminal, a pipe, /dev/null: never replaced
            with output.open("w", encoding="utf-8") as special:
                special.write(text)
            return
        output = output.resolve()
        mode = stat.S_IMODE(output.stat().st_mode) if output.exists() else 0o666 & ~_umask()
        import tempfile  # only files need it: `ping` to standard output starts faster

        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), mode)
            Path(name).replace(output)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class Lines:
    """Lines, appended as they arrive and flushed at least once per second of writing and at the end.

    A closed pipe (`| head`) is not an error: ``gone`` is set, and the rest is discarded.
    """

    def __init__(self, output: Path | None, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._stack = contextlib.ExitStack()
        self._file: _Writable = sys.stdout
        if output is not None:
            with _writing(output):
                self._file = self._stack.enter_context(output.open("a", encoding="utf-8"))
        self._flushed_at_s = self._now()
        self.gone = False
        self.fault: str | None = None

    def write(self, line: str) -> None:
        with self._reader():
            self._file.write(line + "\n")
        if self._now() - self._flushed_at_s >= FLUSH_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        with self._reader():
            self._file.flush()
        self._flushed_at_s = self._now()

    @contextlib.contextmanager
    def _reader(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.gone = True
            self.fault = None if isinstance(error, BrokenPipeError) else error.strerror
            # Discard what is still buffered, so that the interpreter does not fail on it when it exits.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def close(self) -> None:
        self.flush()
        self._stack.close()
        if self.fault is not None:
            raise UsageError(f"the output could not be written: {self.fault}")


@contextlib.contextmanager
def lines(output: Path | None, now: Callable[[], float] = time.monotonic) -> Iterator[Lines]:
    written = Lines(output, now)
    try:
        yield written
    finally:
        written.close()


@contextlib.contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(f"--output {output}: {error.strerror}; give a file in a writable folder") from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error if that is a terminal, otherwise nothing.

    Yields ``advance(done, total)``.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
