"""AWS's answers from a file: what `deploy/aws/collect.sh` collected where the agent may not ask.

The file is JSON: ``{"schema_version": 1, "taken_at": …, "region": …, "calls": [{"service", "operation",
"parameters", "answer"} or {…, "error": {"code", "message"}}]}``.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probe.aws.calls import CALLS, Answer, action
from probe.aws.failures import denied_by
from probe.model.account import ApiErrorKind, Unavailable
from probe.model.text import clean
from probe.storage.files import read_bounded
from probe.wire.input_error import InputError

MAX_FILE_BYTES = 16 << 20
_MAX_CALLS = 2000
# What AWS would have said, for `Recorder`.
_CODES = {
    ApiErrorKind.ACCESS_DENIED: "AccessDenied",
    ApiErrorKind.NO_CREDENTIALS: "ExpiredToken",
    ApiErrorKind.THROTTLED: "Throttling",
    ApiErrorKind.NOT_OPTED_IN: "OptInRequired",
    ApiErrorKind.NOT_FOUND: "NotFound",
}


class CollectedAnswers:
    """Implements `calls.AwsClient`. What is not in the file was not asked."""

    endpoint_url: str | None = None

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.region = str(document["region"])
        self.collected_at: str | None = str(document["taken_at"])
        self._answers = {key_of(each): each for each in document["calls"]}

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        """Nothing is tried again."""

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        del timeout_s  # nothing waits
        named = action(service, operation)
        wanted = key_of({"service": service, "operation": operation, "parameters": parameters})
        found = self._answers.get(wanted)
        if found is None:
            return Unavailable(call=named, because="it is not in the file", cause=ApiErrorKind.NOT_ASKED)
        if isinstance(found.get("answer"), Mapping):
            answer: Mapping[str, Any] = found["answer"]
            return answer
        return denied_by(found.get("error") or {}, named)


def key_of(call: Mapping[str, Any]) -> str:
    """The same for the same call, in whatever order its parameters stand."""
    return json.dumps([call["service"], call["operation"], call["parameters"]], sort_keys=True, default=str)


def read(path: Path) -> CollectedAnswers:
    """Raises InputError with each mistake of the file, its path in front."""
    source = clean(str(path))
    try:
        document = json.loads(read_bounded(path, MAX_FILE_BYTES))
    except InputError as error:
        raise InputError(tuple(f"{source}: {line}" for line in error.errors)) from error
    except (ValueError, RecursionError) as error:
        raise InputError((f"{source}: is not JSON; make it with deploy/aws/collect.sh",)) from error
    mistakes = tuple(_mistakes(document))
    if mistakes:
        raise InputError(tuple(f"{source}: {line}" for line in mistakes))
    return CollectedAnswers(document)


def _mistakes(document: object) -> list[str]:
    if not isinstance(document, Mapping):
        return ["is no object; make it with deploy/aws/collect.sh"]
    found = [
        f"{key}: is no text; make the file with deploy/aws/collect.sh"
        for key in ("region", "taken_at")
        if not isinstance(document.get(key), str)
    ]
    if document.get("schema_version") != 1:
        found.append("schema_version: is not 1; collect the file with this version's collect.sh")
    calls = document.get("calls")
    if not isinstance(calls, list) or len(calls) > _MAX_CALLS:
        return [*found, f"calls: is no list of at most {_MAX_CALLS} calls"]
    return found + [f"calls[{n}]: {fault}" for n, each in enumerate(calls) if (fault := _fault(each))]


def _fault(call: object) -> str | None:
    if not isinstance(call, Mapping) or not isinstance(call.get("parameters"), Mapping):
        return "is no call with parameters"
    if (call.get("service"), call.get("operation")) not in CALLS:
        return "is none of the calls that the audit makes"
    if not isinstance(call.get("answer", call.get("error")), Mapping):
        return "has neither an answer nor an error"
    return None


class Recorder:
    """Passes calls on to another caller, and keeps what was answered, for a file."""

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
        whole = {"schema_version": 1, "taken_at": taken_at, "region": self.region, "calls": self.calls}
        plain: dict[str, Any] = json.loads(json.dumps(whole, default=str))
        return plain
