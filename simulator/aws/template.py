"""A process that has loaded moto, from which the processes of accounts are forked.

``python -m simulator.aws.template FD PARENT``; FD is the control socket. Loading moto takes a second or two
of a processor, a fork and its account a tenth of that. One thread, and none may ever be started here.
"""

import os
import socket
import sys
from typing import Any, NoReturn

from simulator.aws import endpoint
from simulator.aws.moto import Moto
from simulator.control import Lines, SimulationError, answered
from simulator.network import namespaces
from simulator.scenario.aws_section import DEFAULT_REGION

_IDLE_S = 600.0


def main(control_descriptor: int, parent: int) -> None:
    """Say when moto is loaded, then do what the parent asks until it goes."""
    namespaces.die_with_parent(parent)
    control = Lines(socket.socket(fileno=control_descriptor))
    try:
        moto = Moto()
        moto.zones(DEFAULT_REGION)  # what moto loads late; nothing of an account is made
    except SimulationError as error:
        answered(control, {}, error)
        return
    control.send({"ready": True})
    while True:
        try:
            message, descriptors = control.read_with_descriptors(_IDLE_S)
        except TimeoutError:
            continue
        if message is None:
            return
        if message["do"] == "fork":
            _fork(control, moto, descriptors)
        else:
            _, status = os.waitpid(message["pid"], 0)
            control.send({"status": os.waitstatus_to_exitcode(status)})


def _fork(control: Lines, moto: Moto, descriptors: list[int]) -> None:
    """``descriptors``: the account's control socket, its log, and the namespaces to enter."""
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        control.connection.close()
        _be_an_account(moto, parent, *descriptors)
    for each in descriptors:
        os.close(each)
    handle = os.pidfd_open(child)
    control.send({"pid": child}, (handle,))
    os.close(handle)


def _be_an_account(moto: Moto, parent: int, control: int, log: int, *inside: int) -> NoReturn:
    try:
        os.dup2(log, sys.stdout.fileno())
        os.dup2(log, sys.stderr.fileno())
        if inside:
            user: Any = inside[1] if inside[1:] else None
            namespaces.enter(namespaces.Namespace(network=inside[0], user=user))
        namespaces.die_with_parent(parent)
        endpoint.serve(Lines(socket.socket(fileno=control)), lambda: moto)
    except BaseException:  # noqa: BLE001  # a forked child must not go on as its parent
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
    os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
