"""Escaped text for HTML, in which long names may break between their words."""

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

_BETWEEN_WORDS = re.compile("_|(?<=[a-z])(?=[A-Z])")


def breakable(text: str) -> "Markup":
    """``text``, escaped. Narrow screens may break the names of KMS's errors, but only between their words.

    >>> breakable("XKS_PROXY & XksProxy")
    Markup('XKS_<wbr>PROXY &amp; Xks<wbr>Proxy')
    """
    from markupsafe import Markup, escape

    return Markup(_BETWEEN_WORDS.sub(lambda found: f"{found[0]}<wbr>", str(escape(text))))  # noqa: S704 -- escaped
