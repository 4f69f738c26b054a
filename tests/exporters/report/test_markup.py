"""Long names in HTML: they break between their words, and markup in them is escaped."""

import pytest

from exporters.report.markup import breakable


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("XKS_PROXY_TIMED_OUT", "XKS_<wbr>PROXY_<wbr>TIMED_<wbr>OUT"),
        ("XksProxyUriUnreachableException", "Xks<wbr>Proxy<wbr>Uri<wbr>Unreachable<wbr>Exception"),
        ("KMS would fail", "KMS would fail"),
        ("<b>_&amp;", "&lt;b&gt;_<wbr>&amp;amp;"),
        ("", ""),
    ],
)
def test_a_name_may_break_after_an_underscore_and_before_a_capital(text: str, html: str) -> None:
    assert breakable(text) == html
