"""Changes an AWS response by paths such as ``ServiceConfigurations[0].AcceptanceRequired``. Pure."""

import copy
import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

_STEP = re.compile(r"(?:^|(?<=.)\.)(?P<key>[A-Za-z][A-Za-z0-9]{0,99})|\[(?P<index>[0-9]{1,4}|\*)\]", re.ASCII)


class Every(Enum):
    """The step ``[*]``."""

    ELEMENT = "*"


Step = str | int | Every


class PathError(Exception):
    """An invalid path, or a path that does not exist in this response."""


def steps_of(path: str) -> tuple[Step, ...]:
    """The steps of a path. Raises PathError.

    >>> steps_of("ServiceConfigurations[0].PrivateDnsName")
    ('ServiceConfigurations', 0, 'PrivateDnsName')
    """
    steps: list[Step] = []
    end = 0
    while end < len(path):
        match = _STEP.match(path, end)
        if match is None:
            break
        index = match["index"]
        if index is None:
            steps.append(match["key"])
        else:
            steps.append(Every.ELEMENT if index == "*" else int(index))
        end = match.end()
    if end < len(path) or not steps or not isinstance(steps[0], str):
        raise PathError(f"{path!r} is not a path; write Things[0].Name, or Things[*].Name for all elements")
    return tuple(steps)


def changed(answer: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy with each path set to its value, in the given order. Raises PathError.

    The value None removes the element. An index one past the end appends. Missing parents are created.

    >>> changed({"A": [{"B": 1}]}, {"A[*].B": 2, "A[1]": {"B": 3}, "A[0].C": "x"})
    {'A': [{'B': 2, 'C': 'x'}, {'B': 3}]}
    """
    copied: dict[str, Any] = copy.deepcopy(dict(answer))
    for path, value in changes.items():
        try:
            _set(copied, steps_of(path), value)
        except PathError as error:
            raise PathError(f"{path}: {error}") from error
    return copied


def _set(node: Any, steps: Sequence[Step], value: Any) -> None:
    step, rest = steps[0], steps[1:]
    if isinstance(step, str):
        _set_member(node, step, rest, value)
        return
    if not isinstance(node, list):
        raise PathError("not a list in this response")
    if step is Every.ELEMENT and not rest:
        node[:] = [] if value is None else [copy.deepcopy(value) for _ in node]
    elif step is Every.ELEMENT:
        for each in node:
            _set(each, rest, value)
    else:
        _set_element(node, int(step), rest, value)


def _set_member(node: Any, key: str, rest: Sequence[Step], value: Any) -> None:
    if not isinstance(node, dict):
        raise PathError(f"nothing in this response can have a {key}")
    if rest:
        _set(node.setdefault(key, _empty(rest[0])), rest, value)
    elif value is None:
        node.pop(key, None)
    else:
        node[key] = copy.deepcopy(value)


def _set_element(node: list[Any], index: int, rest: Sequence[Step], value: Any) -> None:
    if index > len(node):
        raise PathError(
            f"the list has {len(node)} elements in this response; the largest valid index is [{len(node)}]"
        )
    if rest:
        if index == len(node):
            node.append(_empty(rest[0]))
        _set(node[index], rest, value)
    elif value is None:
        del node[index : index + 1]
    else:
        node[index : index + 1] = [copy.deepcopy(value)]


def _empty(step: Step) -> Any:
    return {} if isinstance(step, str) else []
