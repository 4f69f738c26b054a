"""Logs go to stderr, for people or as JSON lines; text of the network is escaped in every event."""

import logging
import sys
from collections.abc import MutableMapping
from enum import StrEnum
from typing import Annotated, Any

import structlog
import typer

from probe.model.text import clean

MAX_CHARACTERS = 1000


class LogFormat(StrEnum):
    JSON = "json"
    CONSOLE = "console"


LogFormatOption = Annotated[LogFormat, typer.Option("--log-format", help="logs on stderr")]


def configure(form: LogFormat) -> None:
    """Set the process's logging up; call once, before the first event."""
    renderer: structlog.typing.Processor = (
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
