"""A certificate chain for people: one card per certificate, the leaf first."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporters.report import formatting
from probe.model.measurements import Certificate, CertificateUse
from probe.model.text import clean

MAX_NAMES_SHOWN = 10


def render(chain: Sequence[Certificate], now_s: float) -> RenderableType:
    """``now_s`` (Unix time) is needed for the remaining days."""
    if not chain:
        return Text("No certificate was received.", style="yellow")
    return Group(
        Text(f"Certificates as sent ({len(chain)})", style="bold"),
        *(_card(certificate, now_s) for certificate in chain),
    )


def brief(chain: Sequence[Certificate], now_s: float) -> Text:
    """The leaf in one line: its name and the remaining days."""
    if not chain:
        return Text(formatting.MISSING)
    leaf = chain[0]
    return Text.assemble(_name(leaf), ", ", formatting.days_left(leaf.not_after_s, now_s))


def _card(certificate: Certificate, now_s: float) -> RenderableType:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=7)
    grid.add_column(overflow="fold")
    for label, text in _rows(certificate, now_s):
        grid.add_row(Text(label, style="dim"), text)
    role = "leaf" if certificate.position == 0 else f"no. {certificate.position}"
    return Group(
        Text.assemble((f" {role}  ", "dim"), (_name(certificate), "bold")), Padding(grid, (0, 0, 1, 3))
    )


def _rows(certificate: Certificate, now_s: float) -> Iterable[tuple[str, Text]]:
    if certificate.dns_names:
        yield "names", Text(_names(certificate.dns_names))
    yield "issuer", Text(clean(certificate.issuer))
    span = f"{formatting.day(certificate.not_before_s)} to {formatting.day(certificate.not_after_s)}  "
    yield "valid", Text.assemble(span, _validity(certificate, now_s))
    bits = f" {certificate.public_key_bits} bits" if certificate.public_key_bits else ""
    yield "key", Text(f"{clean(certificate.key)}{bits}")
    yield from _use(certificate.use)
    yield "serial", Text(clean(certificate.serial))
    yield "sha256", Text(clean(certificate.sha256))


def _use(use: CertificateUse) -> Iterable[tuple[str, Text]]:
    """Only what is there: most certificates have usages, few have constraints."""
    if usages := (*use.extended_key_usage, *use.key_usage):
        yield "usage", Text(_names(usages))
    if use.permitted_names:
        yield "only", Text(_names(use.permitted_names))
    if use.excluded_names:
        yield "not", Text(_names(use.excluded_names))
    if use.critical_unknown:
        yield "unknown", Text(f"critical extension {_names(use.critical_unknown)}", style="yellow")


def _validity(certificate: Certificate, now_s: float) -> Text:
    if certificate.not_before_s is not None and certificate.not_before_s > now_s:
        return Text("not valid yet", style="bold red")
    return formatting.days_left(certificate.not_after_s, now_s)


def _name(certificate: Certificate) -> str:
    return clean(certificate.subject_common_name or certificate.subject or "(no name)", 128)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name) for name in names[:MAX_NAMES_SHOWN])
    rest = len(names) - MAX_NAMES_SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
