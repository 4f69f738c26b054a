"""Warnings about certificates are off in every thread, without changing the filters for each certificate."""

import warnings
from threading import Thread

import pytest
from cryptography.utils import CryptographyDeprecationWarning
from support.tls.certificates import Pki, common_names

from probe.wire import x509_warnings
from probe.wire.certificate import read_certificate
from probe.wire.root import read_root


@pytest.mark.parametrize("category", [CryptographyDeprecationWarning, UserWarning])
def test_warnings_of_cryptography_are_ignored_and_others_are_not(category: type[Warning]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        x509_warnings.ignore()
        warnings.warn("Attribute's length must be >= 1 and <= 64, but it was 65", category, stacklevel=1)
        with pytest.raises(UserWarning):
            warnings.warn("something else", UserWarning, stacklevel=1)


def test_a_certificate_is_read_without_changing_the_filters_of_other_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    der = Pki().leaf(common_names("too long " * 10)).der
    filters = list(warnings.filters)
    monkeypatch.setattr(warnings, "catch_warnings", None)  # it would change them for a moment
    seen: list[object] = []
    threads = [Thread(target=lambda: seen.append(read_certificate(der, 0))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert read_root(der)
    assert warnings.filters == filters
