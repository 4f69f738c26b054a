"""The option ``--web.config.file``: how the page is protected, and when its certificate is read again."""

import ssl
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from probe.commands.exits import UsageError
from probe.commands.options import check_listen
from probe.model.settings import Settings
from probe.model.text import clean
from probe.model.web import WebSettings
from probe.storage.files import version_of

_PROTECT = "add --web.config.file FILE with passwords or client certificates, or --web.allow-unauthenticated"
_READ_AGAIN = "certificate of the page read again"
_KEPT = "the changed certificate of the page cannot be used, the previous one stays in use"


def web_settings(path: Path | None) -> WebSettings | None:
    """The settings in the file, tried out. Raises UsageError."""
    from probe.config.footprint import ConfigError
    from probe.config.web import load

    if path is None:
        return None
    try:
        settings = load(path)
    except ConfigError as error:
        raise UsageError(*error.errors) from None
    if settings.tls:
        try:
            PageTls(settings)
        except OSError as error:
            raise UsageError(f"{clean(str(path))}: tls_server_config: {_reason(error)}") from None
    return settings


def check_access(settings: Settings, web: WebSettings | None, *, is_allowed: bool) -> None:
    """Raises UsageError if other machines could read the page without a password or a certificate."""
    is_protected = web is not None and web.keeps_strangers_out
    allowed = is_protected or is_allowed or settings.allow_unauthenticated
    check_listen(settings.listen_host, allowed=allowed, instead=_PROTECT)


@dataclass(slots=True)
class PageTls:
    """The TLS context for new connections. Raises OSError if the files cannot be used."""

    settings: WebSettings
    context: ssl.SSLContext | None = field(init=False)

    def __post_init__(self) -> None:
        self.context = self._made()

    def version(self) -> object:
        """Differs when a file was replaced or written."""
        tls = self.settings.tls
        files = (tls.certificate_file, tls.key_file, tls.client_ca_file) if tls else ()
        return tuple(version_of(Path(each)) for each in files if each)

    def read_again(self) -> None:
        """For connections from now on; unusable files change nothing, and are logged."""
        try:
            self.context = self._made()
        except OSError as error:
            structlog.get_logger().error(_KEPT, error=_reason(error))
        else:
            structlog.get_logger().info(_READ_AGAIN)

    def _made(self) -> ssl.SSLContext | None:
        from exporters.web.access import tls_context

        return tls_context(self.settings.tls) if self.settings.tls else None


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return f"certificate, key or CA cannot be used: {clean(error.reason or str(error), 200)}"
    return f"certificate, key or CA cannot be read: {error.strerror or error}"
