"""`xks-probe run`: the agent, from a configuration file."""

import asyncio
import socket

from probe.commands.configuration import DEFAULT_PATH, accesses, load
from probe.commands.exits import Exit
from probe.commands.logs import LogFormat, LogFormatOption, configure
from probe.commands.options import AllowUnauthenticatedOption, ConfigOption, check_listen
from probe.model.text import clean


def command(
    config: ConfigOption = DEFAULT_PATH,
    allow_unauthenticated: AllowUnauthenticatedOption = False,
    log_format: LogFormatOption = LogFormat.CONSOLE,
) -> int:
    """Returns 0 on SIGINT or SIGTERM; a wrong configuration is a `UsageError`."""
    settings = load(config)
    check_listen(settings.listen_host, allowed=allow_unauthenticated or settings.allow_unauthenticated)
    asked = accesses(settings)
    configure(log_format)
    from probe.commands.serving import listen, serve

    with listen(settings.listen_host, settings.listen_port) as listener:
        asyncio.run(serve(settings, listener, clean(socket.gethostname(), 64), asked))
    return Exit.FINE
