"""The process of the simulated AWS account: an HTTP endpoint for ordinary AWS clients.

``python -m simulator.aws.endpoint FD PARENT [NETWORK [USER]]``: FD is the control socket, NETWORK and USER
are descriptors of the agent's namespaces; without them it serves on the machine's loopback address.
"""

import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NoReturn

from simulator.aws import answers, members
from simulator.aws.account import Resources, plan_account
from simulator.aws.moto import Moto
from simulator.aws.pages import page_of, without_paging
from simulator.aws.protocol import (
    AwsError,
    Reply,
    read_request,
    scope_of,
    unknown_member,
    write_answer,
    write_error,
)
from simulator.aws_paths import PathError, changed, steps_of
from simulator.control import START_S, Lines, SimulationError, answered
from simulator.network import namespaces
from simulator.scenario.addressing import Addressing, assign_addresses
from simulator.scenario.aws_section import ANY_OPERATION, OPERATIONS, AccountSection
from simulator.scenario.reader import read_account, read_scenario
from simulator.scenario.scenario import Scenario, ScenarioError

_SERVICES = {
    "sts": "sts",
    "kms": "kms",
    "ec2": "ec2",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
}  # as signed, as in boto3
_MAX_BODY_BYTES = 1 << 20
_IDLE_S = 30.0
_WAIT_S = 600.0


class Aws:
    """Answers calls: from moto, completed, changed according to the account section, and paged."""

    def __init__(self, scenario: Scenario, addressing: Addressing, moto: Moto) -> None:
        self._scenario, self._addressing, self._moto = scenario, addressing, moto
        self._made: dict[str, Resources] = {}
        self._section = scenario.account or AccountSection()
        self.set_section(self._section)

    def set_section(self, section: AccountSection) -> Resources:
        """Replace the account section. Raises SimulationError for members that botocore's model lacks."""
        self._check(section)
        region = section.region
        if region not in self._made:  # Regions are independent: existing resources stay
            plan = plan_account(self._scenario, self._addressing, self._moto.zones(region))
            self._made[region] = self._moto.build(region, plan, self._scenario.private_dns_name)
        self._section = section
        return self._made[region]

    def answer(self, authorization: str, target: str, body: bytes) -> Reply:
        """Answer one call. ``authorization`` and ``target`` are request headers."""
        time.sleep(self._section.delay_s)
        region, signed = scope_of(authorization) or ("", "")
        service = _SERVICES.get(signed)
        if service is None:
            error = AwsError("UnknownService", f"the simulated account has no service {signed!r}")
            return write_error("query", error)
        model = self._moto.model(service, region)
        try:
            return self._reply(model, (service, region), target, body)
        except AwsError as error:
            return write_error(model.resolved_protocol, error)

    def _reply(self, model: Any, location: tuple[str, str], target: str, body: bytes) -> Reply:
        section = self._section
        operation, parameters = read_request(model, target, body)
        code = section.refused.get(operation, section.refused.get(ANY_OPERATION))
        if code is not None:
            raise AwsError(code, f"the scenario refuses {operation}")
        service, _ = location
        try:
            whole = self._whole(section, location, operation, without_paging(service, parameters))
        except PathError as error:
            raise AwsError("ScenarioMistake", f"{operation}: {error}") from error
        shape = model.operation_model(operation).input_shape
        members = frozenset(shape.members) if shape else frozenset[str]()
        page = page_of(service, members, whole, parameters, section.page_size)
        return write_answer(model, operation, page)

    def _whole(
        self,
        section: AccountSection,
        location: tuple[str, str],
        operation: str,
        parameters: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        service, region = location
        resources = self._made[section.region] if region == section.region else None
        view = answers.View(scenario=self._scenario, section=section, resources=resources)
        if operation in answers.LACKING:
            answer = answers.LACKING[operation](view, parameters)
        else:
            answer = self._moto.ask(service, region, operation, parameters)
            if resources is not None and operation in members.COMPLETED:
                answer = dict(members.COMPLETED[operation](answer, view, resources))
        return changed(answer, section.answers.get(operation, {}))

    def _check(self, section: AccountSection) -> None:
        stores = {
            f"CustomKeyStores[{number}].{path}": value
            for number, store in enumerate(section.key_stores)
            for path, value in store.items()
        }
        of_stores = {**stores, **section.answers.get("DescribeCustomKeyStores", {})}
        by_operation = {**section.answers, "DescribeCustomKeyStores": of_stores}
        for operation, changes in by_operation.items():
            model = self._moto.model(OPERATIONS[operation], section.region)
            shape = model.operation_model(operation).output_shape
            for path, value in changes.items():
                unknown = unknown_member(shape, steps_of(path), value)
                if unknown is not None:
                    raise SimulationError(f"account: {operation}: {path}: botocore's model has no {unknown}")


class Endpoint(ThreadingHTTPServer):
    """Serves on a free port of 127.0.0.1, with one thread per connection."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_S
    server: Endpoint

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > _MAX_BODY_BYTES:
            self.send_error(413)
            return
        body = self.rfile.read(int(length))
        headers = self.headers
        reply = self.server.aws.answer(
            headers.get("Authorization", ""), headers.get("X-Amz-Target", ""), body
        )
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *_: object) -> None:
        """Nothing is logged per request: the log explains why the process ended."""


def _serve(start: dict[str, Any], control: Lines, moto: Moto) -> None:
    scenario = read_scenario(start["name"], start["scenario"])
    aws = Aws(scenario, assign_addresses(scenario, **start["addresses"]), moto)
    endpoint = Endpoint(aws)
    threading.Thread(target=endpoint.serve_forever, daemon=True, name="endpoint").start()
    control.send(_description(endpoint, aws.set_section(scenario.account or AccountSection())))
    while (message := _next(control)) is not None:
        try:
            answered(
                control, message, _description(endpoint, aws.set_section(read_account(message["section"])))
            )
        except (KeyError, ScenarioError, SimulationError) as error:
            answered(control, message, error)


def _description(endpoint: Endpoint, resources: Resources) -> dict[str, Any]:
    return {"url": endpoint.url, "region": resources.region, "service_name": resources.service_name}


def _next(control: Lines) -> dict[str, Any] | None:
    """The parent's next message; None when the parent has closed the socket."""
    while True:
        try:
            return control.read(_WAIT_S)
        except TimeoutError:
            continue


def serve(control: Lines, moto: Callable[[], Moto]) -> NoReturn:
    """Be the account that the first message asks for, until the parent has gone."""
    start = control.read(START_S)
    if start is not None:
        try:
            _serve(start, control, moto())
        except (SimulationError, OSError) as error:
            answered(control, start, error)
    os._exit(0)  # open connections end with the process; there is nothing to save


def main(control_descriptor: int, parent: int, inside: list[int]) -> None:
    if inside:
        namespaces.enter(namespaces.Namespace(network=inside[0], user=inside[1] if inside[1:] else None))
    namespaces.die_with_parent(parent)
    serve(Lines(socket.socket(fileno=control_descriptor)), Moto)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), [int(word) for word in sys.argv[3:]])
