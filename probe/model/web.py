"""How the page is protected: TLS and passwords, from exporter-toolkit's web configuration. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class ClientCertificates(StrEnum):
    """Whether clients must have a certificate of a configured CA. The values are exporter-toolkit's names."""

    NONE = "NoClientCert"
    IF_GIVEN = "VerifyClientCertIfGiven"
    REQUIRED = "RequireAndVerifyClientCert"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebTls:
    """Paths of files. ``ciphers``: OpenSSL's names, for TLS 1.2; empty for OpenSSL's own choice."""

    certificate_file: str
    key_file: str
    client_certificates: ClientCertificates = ClientCertificates.NONE
    client_ca_file: str | None = None
    is_1_2_allowed: bool = True
    is_1_3_allowed: bool = True
    ciphers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WebSettings:
    """``users``: the bcrypt hash of each user's password; without users no password is asked for."""

    tls: WebTls | None = None
    users: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def keeps_strangers_out(self) -> bool:
        """Whether each client must show a password or a certificate."""
        has_certificates = self.tls and self.tls.client_certificates is ClientCertificates.REQUIRED
        return bool(self.users) or bool(has_certificates)
