"""The certificate tables of the page."""

from support.reports.exporter_inputs import NOW_S, certificate, target, tcp, tls

from exporters.web.certificates import SHOWN_CERTIFICATES, SHOWN_TARGETS, chains
from exporters.web.page import PageSink
from exporters.web.snapshot import Snapshot
from probe.model.measurements import Measurement


def snapshot(*measurements: Measurement) -> Snapshot:
    page = PageSink(now=lambda: NOW_S)
    page.on_targets([measurement.target for measurement in measurements])
    for measurement in measurements:
        page.on_measurement(measurement)
    return page.snapshot()


def test_every_certificate_of_the_chain_has_a_row() -> None:
    (chain,) = chains(
        snapshot(tls(target(), certificate(), certificate(1, "Example CA", not_after_s=NOW_S - 60)))
    )
    leaf, issuer = chain.rows
    assert (leaf.position, leaf.common_name, leaf.left, leaf.key) == (
        "0 leaf",
        "proxy.example.com",
        "90 d",
        "EC 256",
    )
    assert leaf.sha256 == "ab" * 8
    assert (issuer.position, issuer.expired, issuer.left) == ("1", True, "expired 60 s ago")


def test_unreadable_values_are_shown_as_not_available() -> None:
    unreadable = certificate(subject_common_names=(), issuer_common_name=None, issuer="", not_after_s=None)
    (row,) = chains(snapshot(tls(target(), unreadable)))[0].rows
    assert (row.common_name, row.issuer, row.not_after, row.left, row.expired) == (
        "n/a",
        "n/a",
        "n/a",
        "n/a",
        False,
    )


def test_targets_without_a_chain_are_left_out() -> None:
    assert chains(snapshot(tcp(target()), tls(target("bare")))) == ()


def test_long_chains_and_long_lists_of_targets_are_cut() -> None:
    long = [certificate(n) for n in range(SHOWN_CERTIFICATES + 1)]
    shown = chains(
        snapshot(*[tls(target(f"n{n}", host=f"10.0.0.{n}"), *long) for n in range(SHOWN_TARGETS + 1)])
    )
    assert len(shown) == SHOWN_TARGETS
    assert len(shown[0].rows) == SHOWN_CERTIFICATES
