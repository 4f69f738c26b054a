"""`xks-probe run`: the agent, from a configuration file."""

import asyncio
import signal
import socket
from typing import Annotated

import structlog
import typer

from probe.commands.configuration import DEFAULT_PATH, accesses, load
from probe.commands.discovery import KnownSources
from probe.commands.exits import Exit
from probe.commands.local_notes import of_source_address
from probe.commands.logs import LogFormat, LogFormatOption, configure
from probe.commands.options import AllowUnauthenticatedOption, ConfigOption, WebConfigOption
from probe.commands.signals import ignoring
from probe.commands.web_config import check_access, web_settings
from probe.model.text import clean


def command(
    config: ConfigOption = DEFAULT_PATH,
    allow_unauthenticated: AllowUnauthenticatedOption = False,
    auto_reload: Annotated[
        bool, typer.Option("--auto-reload", help="reload the configuration when its file changes")
    ] = False,
    enable_lifecycle: Annotated[
        bool, typer.Option("--web.enable-lifecycle", help="allow a reload by POST /-/reload")
    ] = False,
    web_config: WebConfigOption = None,
    log_format: LogFormatOption = LogFormat.CONSOLE,
) -> int:
    """Returns 0 on SIGINT or SIGTERM; a wrong configuration is a `UsageError`."""
    with ignoring(signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):  # SIGHUP only until the agent handles it
        settings = load(config)
        web = web_settings(web_config)
        check_access(settings, web, is_allowed=allow_unauthenticated)
        asked = accesses(settings)
        known = KnownSources()
        sources = known.of(settings)
        configure(log_format)
        for note in of_source_address(settings):
            structlog.get_logger().warning(note)
        from probe.commands.reloading import ReloadOptions
        from probe.commands.serving import listen, serve

        reload = ReloadOptions(path=config, known=known, is_watched=auto_reload, by_request=enable_lifecycle)
        with listen(settings.listen_host, settings.listen_port) as listener:
            vantage = clean(socket.gethostname(), 64)
            asyncio.run(serve(settings, listener, vantage, asked, sources, reload, web))
        return Exit.FINE
