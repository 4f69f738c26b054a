"""Certificate chains in text reports."""

from dataclasses import replace

from rich.console import Console, RenderableType
from support.reports.examples import DAY_S, HOSTILE, NOW_S, certificate

from exporters.report import certificates
from probe.model.measurements import CertificateUse


def shown(renderable: RenderableType) -> str:
    console = Console(width=80, no_color=True)
    with console.capture() as captured:
        console.print(renderable)
    return captured.get()


def test_a_missing_certificate_is_reported() -> None:
    assert "No certificate" in shown(certificates.render((), NOW_S))
    assert certificates.brief((), NOW_S).plain == "–"  # noqa: RUF001 - the dash of a missing value


def test_a_card_has_names_dates_and_key() -> None:
    text = shown(certificates.render((certificate(days=8),), NOW_S))
    for part in ("leaf", "alt.example.com", "2026-09-29", "8 days left", "RSA 2048 bits", "ab" * 32):
        assert part in text


def test_not_valid_yet_is_not_called_valid() -> None:
    early = replace(certificate(), not_before_s=NOW_S + DAY_S)
    assert "not valid yet" in shown(certificates.render((early,), NOW_S))


def test_untrusted_names_are_escaped_and_limited_in_number() -> None:
    many = replace(certificate(), dns_names=(HOSTILE,) * 500)
    text = shown(certificates.render((many,), NOW_S))
    assert "\x1b" not in text
    assert "and 490 more" in text


def test_a_card_has_what_the_certificate_may_be_used_for() -> None:
    use = CertificateUse(
        extended_key_usage=("serverAuth",),
        key_usage=("digitalSignature",),
        permitted_names=("DNS:example.com",),
        excluded_names=(HOSTILE,) * 500,
        critical_unknown=("1.2.3",),
    )
    text = shown(certificates.render((replace(certificate(), use=use),), NOW_S))
    for part in ("serverAuth, digitalSignature", "only    DNS:example.com", "critical extension 1.2.3"):
        assert part in text
    assert "\x1b" not in text
    assert "and 490 more" in text


def test_the_short_form_of_a_chain_is_its_leaf() -> None:
    assert (
        certificates.brief((certificate(name="a.example.com", days=8),), NOW_S).plain
        == "a.example.com, 8 days left"
    )
