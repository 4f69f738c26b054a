"""Whether the page is protected."""

import pytest

from probe.model.web import ClientCertificates, WebSettings, WebTls


def tls(client_certificates: ClientCertificates) -> WebTls:
    return WebTls(certificate_file="c", key_file="k", client_certificates=client_certificates)


@pytest.mark.parametrize(
    ("settings", "keeps_out"),
    [
        (WebSettings(), False),
        (WebSettings(tls=tls(ClientCertificates.NONE)), False),
        (WebSettings(tls=tls(ClientCertificates.IF_GIVEN)), False),
        (WebSettings(tls=tls(ClientCertificates.REQUIRED)), True),
        (WebSettings(users={"a": b"hash"}), True),
        (WebSettings(tls=tls(ClientCertificates.NONE), users={"a": b"hash"}), True),
    ],
)
def test_strangers_are_kept_out_by_passwords_or_required_certificates(
    settings: WebSettings, *, keeps_out: bool
) -> None:
    assert settings.keeps_strangers_out is keeps_out


def test_hashes_are_not_shown() -> None:
    assert "hash" not in repr(WebSettings(users={"a": b"hash"}))
