"""Counts the requests to the status page's server: answered ones, and rejected ones by reason."""

from collections import Counter
from enum import StrEnum

from exporters.prometheus.families import Rows

# Both sets are fixed, so that clients cannot create unlimited series. A test compares them with the routes.
PATHS = (
    "/",
    "/target",
    "/static/page.css",
    "/metrics",
    "/api/v1/status",
    "/api/v1/targets",
    "/api/v1/history",
    "/-/healthy",
    "/-/ready",
    "/-/reload",
)
CODES = (200, 304, 400, 401, 403, 404, 405, 421, 429, 500, 503, 504)
OTHER = "other"

_PATHS, _CODES = frozenset(PATHS), frozenset(CODES)


class Rejection(StrEnum):
    """Why a request was not processed."""

    MALFORMED = "malformed"
    NO_TLS = "no_tls"
    WRONG_HOST = "wrong_host"
    UNAUTHORIZED = "unauthorized"
    OTHER_ORIGIN = "other_origin"
    NOT_ENABLED = "not_enabled"
    TOO_MANY_CONNECTIONS = "too_many_connections"
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


class WebRequests:
    """All counters start at 0."""

    def __init__(self) -> None:
        self._answered: Counter[tuple[str, str]] = Counter(
            {(path, code): 0 for path in (*PATHS, OTHER) for code in (*map(str, CODES), OTHER)}
        )
        self._rejected: Counter[Rejection] = Counter(dict.fromkeys(Rejection, 0))

    def answered(self, path: str, code: int) -> None:
        """A request for ``path`` got a response with the HTTP status ``code``."""
        path = path if path in _PATHS else OTHER
        self._answered[path, str(code) if code in _CODES else OTHER] += 1

    def rejected(self, reason: Rejection) -> None:
        self._rejected[reason] += 1

    def answered_rows(self) -> Rows:
        return {labels: float(count) for labels, count in dict(self._answered).items()}

    def rejected_rows(self) -> Rows:
        return {(reason.value,): float(count) for reason, count in dict(self._rejected).items()}
