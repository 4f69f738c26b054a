"""Where results go: stdout or a file, as text or JSON. Progress and errors go to stderr, elsewhere."""

import contextlib
import json
import os
import sys
import tempfile
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
        plain.print(renderable)
    return captured.get()


def write_document(text: str, output: Path | None) -> None:
    """Write ``text`` to stdout, or to ``output`` whole or not at all."""
    text = text if text.endswith("\n") else text + "\n"
    if output is None:
        sys.stdout.write(text)
        return
    with _writing(output):
        handle, name = tempfile.mkstemp(dir=output.parent, prefix=f".{output.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                os.fchmod(file.fileno(), 0o644 & ~_umask())
            Path(name).replace(output)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


class Lines:
    """Lines as they come: appended, and flushed at least each second of writing and at the end."""

    def __init__(self, output: Path | None) -> None:
        self._stack = contextlib.ExitStack()
        self._file: _Writable = sys.stdout
        if output is not None:
            with _writing(output):
                self._file = self._stack.enter_context(output.open("a", encoding="utf-8"))
        self._flushed_at_s = time.monotonic()

    def write(self, line: str) -> None:
        self._file.write(line + "\n")
        if time.monotonic() - self._flushed_at_s >= FLUSH_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        self._file.flush()
        self._flushed_at_s = time.monotonic()

    def close(self) -> None:
        self.flush()
        self._stack.close()


@contextlib.contextmanager
def lines(output: Path | None) -> Iterator[Lines]:
    written = Lines(output)
    try:
        yield written
    finally:
        written.close()


@contextlib.contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UsageError(
            f"--output {output}: {error.strerror}; name a file in a folder that can be written"
        ) from None


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


@contextlib.contextmanager
def progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr while something takes longer than a second; nothing where that is no terminal.

    Yields ``advance(done, total)``.
    """
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    from rich.progress import Progress

    with Progress(console=console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
