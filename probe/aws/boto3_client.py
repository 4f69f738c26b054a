"""Calls AWS through boto3: thread-safe, with adaptive retries, reading all pages up to a limit."""

import os
import threading
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from probe.aws import on_ec2
from probe.aws.calls import CALLS, Answer, action
from probe.aws.failures import denied_by
from probe.model.account import ApiErrorKind, Unavailable
from probe.model.text import clean
from probe.wire.input_error import InputError

_MAX_ITEMS = 2000  # per response, over all its pages
_CONNECT_S = 2.0
_ATTEMPTS = 3
_SETTINGS = "AWS settings: {}; check AWS_PROFILE, AWS_ENDPOINT_URL and the AWS configuration file"
# What botocore's parsers raise for values of the wrong type (text instead of a number).
_MALFORMED_RESPONSE = (ValueError, TypeError, KeyError, AttributeError)


def session(region: str | None = None) -> Any:
    """A boto3 session with AWS's own settings. Raises InputError if these are invalid."""
    import boto3
    from botocore.exceptions import BotoCoreError

    if not on_ec2():
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    try:
        return boto3.session.Session(region_name=region)
    except BotoCoreError as error:
        raise InputError((_SETTINGS.format(clean(str(error), 200)),)) from None


class Boto3Client:
    """Implements `calls.AwsClient`. ``read_timeout_s`` is the timeout of each of ``attempts`` attempts.

    Raises InputError if AWS's own settings (profile, configuration file) are invalid.
    """

    def __init__(self, region: str, *, read_timeout_s: float = 10.0, attempts: int = _ATTEMPTS) -> None:
        self.region = region
        self._read_timeout_s = read_timeout_s
        self._attempts = attempts
        self._session = session(region)
        self._clients: dict[str, Any] = {}
        self._custom_url: tuple[str | None] | None = None
        self._refused: dict[str, Mapping[str, Any]] = {}
        self._lock = threading.Lock()

    collected_at: str | None = None

    @property
    def endpoint_url(self) -> str | None:
        """The custom endpoints in use, comma-separated. Raises InputError for one that is not allowed.

        Determined once, with all clients, because creating them takes long.
        """
        if self._custom_url is None:
            self._custom_url = (self._find_custom_url(),)
        return self._custom_url[0]

    def _find_custom_url(self) -> str | None:
        urls = {
            service: str(self._client(service).meta.endpoint_url)
            for service in sorted({service for service, _ in CALLS})
        }
        custom = [url for service, url in urls.items() if url != self._own_url(service)]
        return ", ".join(dict.fromkeys(custom)) or None

    def call(self, service: str, operation: str, parameters: Mapping[str, Any], timeout_s: float) -> Answer:
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        named = action(service, operation)  # raises KeyError for a call that is not in the table
        if timeout_s <= 0:
            return Unavailable(
                call=named, because="not called: the time limit was reached", cause=ApiErrorKind.TIMED_OUT
            )
        try:
            return _ask(self._client(service), operation, parameters)
        except ClientError as error:
            return denied_by(error.response, named)
        except BotoCoreError as error:
            return unanswered(error, named)
        except (ResponseParserError, *_MALFORMED_RESPONSE):
            return Unavailable(
                call=named, because="AWS's response can't be parsed", cause=ApiErrorKind.MALFORMED_RESPONSE
            )

    def last_refusal(self, service: str, operation: str) -> Unavailable | None:
        refused = self._refused.get(operation)
        return None if refused is None else denied_by(refused, action(service, operation))

    def _remember(self, event_name: str, parsed_response: Mapping[str, Any] | None, **_: object) -> None:
        """Keeps the last error, to report it if the audit's deadline passes while botocore waits to retry."""
        operation = event_name.rpartition(".")[2]
        if parsed_response and parsed_response.get("Error"):
            self._refused[operation] = parsed_response
        else:
            self._refused.pop(operation, None)

    def _client(self, service: str) -> Any:
        """The client of a service; boto3 clients are thread-safe, but creating them is not."""
        from botocore.config import Config

        with self._lock:
            if service not in self._clients:
                config = Config(
                    connect_timeout=min(_CONNECT_S, self._read_timeout_s),
                    read_timeout=self._read_timeout_s,
                    retries={"mode": "adaptive", "total_max_attempts": self._attempts},
                    user_agent_extra="xks-probe",
                )
                client = client_of(self._session, service, config)
                client.meta.events.register("response-received", self._remember)
                self._clients[service] = client
            return self._clients[service]

    def _own_url(self, service: str) -> str:
        """AWS's own endpoint: the one that a client uses without any endpoint setting."""
        from botocore.config import Config

        with self._lock:
            as_is = self._session.client(service, config=Config(ignore_configured_endpoint_urls=True))
            return str(as_is.meta.endpoint_url)


def client_of(session_: Any, service: str, config: Any) -> Any:
    """A boto3 client. Raises InputError for an endpoint that is not a URL, or is not encrypted."""
    from botocore.exceptions import BotoCoreError

    try:
        client = session_.client(service, config=config)
    except (BotoCoreError, ValueError) as error:
        raise InputError((_SETTINGS.format(clean(str(error), 200)),)) from None
    _check_url(str(client.meta.endpoint_url))
    return client


def _ask(client: Any, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
    from botocore import xform_name

    name = xform_name(operation)
    if client.can_paginate(name):
        pages = client.get_paginator(name).paginate(**parameters, PaginationConfig={"MaxItems": _MAX_ITEMS})
        answer: Mapping[str, Any] = pages.build_full_result()
        return answer
    response: Mapping[str, Any] = getattr(client, name)(**parameters)
    return {key: value for key, value in response.items() if key != "ResponseMetadata"}


def _check_url(url: str) -> None:
    """Plain HTTP is allowed only to loopback."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return
    raise InputError(
        (f"AWS_ENDPOINT_URL: {clean(url, 120)} is not https; plain HTTP is allowed only to loopback",)
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def unanswered(error: Exception, named: str) -> Unavailable:
    """The failed call for an exception without a response from AWS: no credentials, or a network failure."""
    from botocore import exceptions as known

    match error:
        case known.NoCredentialsError() | known.CredentialRetrievalError() | known.TokenRetrievalError():
            return Unavailable(call=named, because="no credentials found", cause=ApiErrorKind.NO_CREDENTIALS)
        case known.PartialCredentialsError() | known.ProfileNotFound():
            return Unavailable(
                call=named, because="the credentials are incomplete", cause=ApiErrorKind.NO_CREDENTIALS
            )
        case known.ConnectTimeoutError() | known.ReadTimeoutError():
            return Unavailable(
                call=named, because="AWS did not respond in time", cause=ApiErrorKind.TIMED_OUT
            )
        case known.HTTPClientError():
            because = f"the AWS endpoint is not reachable ({type(error).__name__})"
            return Unavailable(call=named, because=because, cause=ApiErrorKind.UNREACHABLE)
        case _:
            return Unavailable(call=named, because=type(error).__name__, cause=ApiErrorKind.FAILED)
