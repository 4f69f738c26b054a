"""Numbers and times in the form in which the page shows them."""

from datetime import UTC, datetime

NONE = "n/a"
_SECOND_STEPS = ((86400 * 2, 86400, "d"), (7200, 3600, "h"), (120, 60, "min"), (0, 1, "s"))


def milliseconds(seconds: float | None) -> str:
    """Milliseconds without the unit: three decimals below 1, two below 100, else one.

    >>> milliseconds(0.0350004), milliseconds(0.00042), milliseconds(0.1234), milliseconds(None)
    ('35.00', '0.420', '123.4', 'n/a')
    """
    if seconds is None:
        return NONE
    value = seconds * 1e3
    places = 3 if value < 1 else 2 if value < 100 else 1  # noqa: PLR2004 - the bounds are the function
    return f"{value:.{places}f}"


def percent(ratio: float | None) -> str:
    """A percentage. Values between 0 % and 100 % are never rounded to 0 % or 100 %.

    >>> percent(0.0), percent(0.0001), percent(0.05), percent(0.9999), percent(1.0)
    ('0 %', '<0.1 %', '5.0 %', '>99.9 %', '100 %')
    """
    if ratio is None:
        return NONE
    if ratio in (0.0, 1.0):
        return f"{ratio * 100:.0f} %"
    if ratio < 0.0005:  # noqa: PLR2004 - would be rounded to 0.0
        return "<0.1 %"
    if ratio >= 0.9995:  # noqa: PLR2004 - would be rounded to 100.0
        return ">99.9 %"
    return f"{ratio * 100:.1f} %"


def span(seconds: float) -> str:
    """A duration in the largest unit that gives at least 2.

    >>> span(5), span(119.9), span(600), span(86400), span(86400 * 40)
    ('5 s', '119 s', '10 min', '24 h', '40 d')
    """
    whole = max(0.0, seconds)
    unit_s, name = next((unit, name) for minimum, unit, name in _SECOND_STEPS if whole >= minimum)
    return f"{int(whole // unit_s)} {name}"


def utc(at_s: float) -> str:
    """RFC 3339 to the second, for both people and JSON.

    >>> utc(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(int(at_s), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def minute(at_s: float) -> str:
    """The minute of a time, for people.

    >>> minute(119)
    '1970-01-01 00:01 UTC'
    """
    return f"{utc(at_s)[:16].replace('T', ' ')} UTC"


def date(at_s: float | None) -> str:
    return NONE if at_s is None else utc(at_s)[:10]
