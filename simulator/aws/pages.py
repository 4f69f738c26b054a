"""Splits AWS responses into pages, as the services do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.aws.protocol import AwsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """A service's parameter names for the limit, the token in the request and the token in the response."""

    limit: str
    token: str
    next_token: str


PAGING: Mapping[str, Paging] = {
    "ec2": Paging(limit="MaxResults", token="NextToken", next_token="NextToken"),  # noqa: S106  # a name
    "elbv2": Paging(limit="PageSize", token="Marker", next_token="NextMarker"),  # noqa: S106  # a name
    "kms": Paging(limit="Limit", token="Marker", next_token="NextMarker"),  # noqa: S106  # a name
}


def without_paging(service: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """The request parameters without those for paging."""
    paging = PAGING.get(service)
    paged = (paging.limit, paging.token) if paging else ()
    return {key: value for key, value in parameters.items() if key not in paged}


def page_of(
    service: str,
    members: frozenset[str],
    answer: Mapping[str, Any],
    parameters: Mapping[str, Any],
    maximum: int | None,
) -> dict[str, Any]:
    """The requested page of at most ``maximum`` items, if the operation supports paging.

    ``members`` are the operation's input parameters. Raises AwsError for an invalid token.
    """
    paging = PAGING.get(service)
    if paging is None or paging.token not in members:
        return dict(answer)
    sizes = [size for size in (parameters.get(paging.limit), maximum) if isinstance(size, int) and size > 0]
    start = _start(str(parameters.get(paging.token) or "0"))
    end = start + min(sizes) if sizes else None
    lists = {key: value for key, value in answer.items() if isinstance(value, list)}
    page = {**answer, **{key: value[start:end] for key, value in lists.items()}}
    more = end is not None and any(len(value) > end for value in lists.values())
    if more:
        page[paging.next_token] = str(end)
    if service == "kms":
        page.setdefault("Truncated", more)
    return page


def _start(token: str) -> int:
    if not (token.isascii() and token.isdigit() and len(token) < 10):  # noqa: PLR2004  # beyond any list
        raise AwsError("InvalidNextToken", "the token is invalid")
    return int(token)
