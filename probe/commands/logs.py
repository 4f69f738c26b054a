"""Logs go to standard error, for people or as JSON lines; untrusted text is escaped in every event."""

import logging
import sys
from collections.abc import MutableMapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from probe.model.text import clean

if TYPE_CHECKING:
    from structlog.typing import Processor

MAX_CHARACTERS = 1000


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


LogFormatOption = Annotated[
    LogFormat,
    typer.Option(
        "--log-format",
        metavar="FORMAT",
        help="format of the logs on standard error",
        rich_help_panel="Output",
    ),
]


def configure(form: LogFormat) -> None:
    """Set the process's logging up; call once, before the first event."""
    import structlog  # slow: not for a help or a completion

    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if form is LogFormat.JSON
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _clean_values,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
    )


def _clean_values(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {k: clean(v, MAX_CHARACTERS) if isinstance(v, str) else v for k, v in event.items()}
