"""An answer of AWS's in pages, as its services deliver them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.aws.protocol import AwsError


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """What a service calls the limit, the token that is asked with, and the one that is answered."""

    limit: str
    token: str
    next_token: str


PAGING: Mapping[str, Paging] = {
    "ec2": Paging(limit="MaxResults", token="NextToken", next_token="NextToken"),  # noqa: S106  # a name
    "elbv2": Paging(limit="PageSize", token="Marker", next_token="NextMarker"),  # noqa: S106  # a name
    "kms": Paging(limit="Limit", token="Marker", next_token="NextMarker"),  # noqa: S106  # a name
}


def without_paging(service: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked, for the whole of it."""
    paging = PAGING.get(service)
    paged = (paging.limit, paging.token) if paging else ()
    return {key: value for key, value in parameters.items() if key not in paged}


def page_of(
    service: str,
    members: frozenset[str],
    answer: Mapping[str, Any],
    asked: Mapping[str, Any],
    most: int | None,
) -> dict[str, Any]:
    """The page that is asked for, of at most ``most`` items, if the operation has pages.

    ``members`` are those of the operation's input. Raises AwsError for a token that no page gave.
    """
    paging = PAGING.get(service)
    if paging is None or paging.token not in members:
        return dict(answer)
    sizes = [size for size in (asked.get(paging.limit), most) if isinstance(size, int) and size > 0]
    start = _start(str(asked.get(paging.token) or "0"))
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
        raise AwsError("InvalidNextToken", "this token is of no page")
    return int(token)
