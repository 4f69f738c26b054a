"""Answers AWS calls from a file of responses that `deploy/aws/collect.sh` collected on another machine.

The file is JSON: ``{"schema_version": 1, "taken_at": …, "region": …, "calls": [{"service", "operation",
"parameters", "answer"} or {…, "error": {"code", "message"}}]}``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probe.aws import cloudwatch
from probe.aws.calls import CALLS, Answer, action
from probe.aws.failures import denied_by
from probe.model.account import ApiErrorKind, Unavailable
from probe.model.text import clean
from probe.storage.files import read_bounded
from probe.wire.input_error import InputError

MAX_FILE_BYTES = 16 << 20
_MAX_CALLS = 2000
# A response with more pages has one of these.
_NEXT_PAGE = ("NextToken", "NextMarker", "Marker")
# The AWS error code that `Recorder` writes for each kind of error.
_CODES = {
    ApiErrorKind.ACCESS_DENIED: "AccessDenied",
    ApiErrorKind.NO_CREDENTIALS: "ExpiredToken",
    ApiErrorKind.THROTTLED: "Throttling",
    ApiErrorKind.NOT_OPTED_IN: "OptInRequired",
    ApiErrorKind.NOT_FOUND: "NotFound",
}


class CollectedAnswers:
    """Implements `calls.AwsClient`. A call that is not in the file is reported as not asked."""

    endpoint_url: str | None = None

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.region = str(document["region"])
        self.collected_at: str | None = str(document["taken_at"])
        self._answers = {key_of(each): each for each in document["calls"]}
        self._metrics = [each for each in document["calls"] if each["operation"] == cloudwatch.OPERATION]

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        """Always None: nothing is retried."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        del timeout_s  # nothing blocks
        named = action(service, operation)
        if operation == cloudwatch.OPERATION:
            found = next((each for each in self._metrics if _has_metrics(each, parameters)), None)
        else:
            wanted = key_of({"service": service, "operation": operation, "parameters": parameters})
            found = self._answers.get(wanted)
        if found is None:
            return Unavailable(
                call=named, because="not in the file of collected responses", cause=ApiErrorKind.NOT_ASKED
            )
        if isinstance(found.get("answer"), Mapping):
            answer: Mapping[str, Any] = found["answer"]
            return _first_page(named) if any(answer.get(key) for key in _NEXT_PAGE) else answer
        return denied_by(found.get("error") or {}, named)


def _has_metrics(call: Mapping[str, Any], parameters: Mapping[str, Any]) -> bool:
    """Whether the call asked for all these metrics; its hour is that of the collection."""
    recorded = call["parameters"].get("MetricDataQueries")
    queries = recorded if isinstance(recorded, list) else []
    return all(query in queries for query in parameters["MetricDataQueries"])


def _first_page(named: str) -> Unavailable:
    return Unavailable(
        call=named,
        because="the file has only the first page of the response; collect it with deploy/aws/collect.sh",
        cause=ApiErrorKind.MALFORMED_RESPONSE,
    )


def key_of(call: Mapping[str, Any]) -> str:
    """A key that is equal for equal calls, whatever the order of their parameters and of ids in a list."""
    wanted = [call["service"], call["operation"], _sorted(call["parameters"])]
    return json.dumps(wanted, sort_keys=True, default=str)


def _sorted(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _sorted(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return sorted(
            (_sorted(each) for each in value), key=lambda each: json.dumps(each, sort_keys=True, default=str)
        )
    return value


def read(path: Path) -> CollectedAnswers:
    """Reads the file. Raises InputError with all errors; each starts with the path of the file."""
    source = clean(str(path))
    try:
        document = json.loads(read_bounded(path, MAX_FILE_BYTES))
    except InputError as error:
        raise InputError(tuple(f"{source}: {line}" for line in error.errors)) from error
    except (ValueError, RecursionError) as error:
        raise InputError((f"{source}: is not JSON; create the file with deploy/aws/collect.sh",)) from error
    errors = tuple(_errors(document))
    if errors:
        raise InputError(tuple(f"{source}: {line}" for line in errors))
    return CollectedAnswers(document)


def _errors(document: object) -> list[str]:
    if not isinstance(document, Mapping):
        return ["is not a JSON object; create the file with deploy/aws/collect.sh"]
    found = [
        f"{key}: is missing or not a string; create the file with deploy/aws/collect.sh"
        for key in ("region", "taken_at")
        if not isinstance(document.get(key), str)
    ]
    if document.get("schema_version") != 1:
        found.append("schema_version: is not 1; create the file with the collect.sh of this version")
    calls = document.get("calls")
    if not isinstance(calls, list):
        return [*found, "calls: is missing or not a list"]
    if len(calls) > _MAX_CALLS:
        return [*found, f"calls: has {len(calls)} entries, the maximum is {_MAX_CALLS}"]
    return found + [f"calls[{n}]: {fault}" for n, each in enumerate(calls) if (fault := _fault(each))]


def _fault(call: object) -> str | None:
    if not isinstance(call, Mapping) or not isinstance(call.get("parameters"), Mapping):
        return "is not an object with parameters"
    if (call.get("service"), call.get("operation")) not in CALLS:
        return "is not a call that the audit makes"
    if not isinstance(call.get("answer", call.get("error")), Mapping):
        return "has neither an answer nor an error"
    return None


class Recorder:
    """Forwards calls to another `AwsClient` and records the responses, for a file."""

    def __init__(self, caller: Any) -> None:
        self._caller = caller
        self.calls: list[dict[str, Any]] = []
        self.region: str = caller.region
        self.collected_at: str | None = caller.collected_at

    @property
    def endpoint_url(self) -> str | None:
        url: str | None = self._caller.endpoint_url
        return url

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        refused: Unavailable | None = self._caller.last_refusal(service, operation)
        return refused

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        answer: Answer = self._caller.call(service, operation, parameters, timeout_s)
        kept: dict[str, Any] = {"service": service, "operation": operation, "parameters": dict(parameters)}
        if isinstance(answer, Unavailable):
            kept["error"] = {"code": _CODES.get(answer.cause, "Failed"), "message": answer.because}
        else:
            kept["answer"] = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
        self.calls.append(kept)
        return answer

    def document(self, taken_at: str) -> dict[str, Any]:
        document = {"schema_version": 1, "taken_at": taken_at, "region": self.region, "calls": self.calls}
        plain: dict[str, Any] = json.loads(json.dumps(document, default=str))
        return plain
