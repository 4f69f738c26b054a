"""The kernel's behaviour in a forked child, because a process cannot leave a user namespace."""

import os
import select
import signal
import socket
from pathlib import Path
from typing import Any

import pytest

from simulator.network import namespaces
from simulator.network.namespaces import Namespace
from simulator.running import call

NETWORK, USER = "/proc/self/ns/net", "/proc/self/ns/user"


def is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def namespace_inodes() -> list[Any]:
    return [os.stat(NETWORK).st_ino, os.stat(USER).st_ino]  # noqa: PTH116  # os.fstat returns the same numbers


@pytest.mark.parametrize(
    "with_user", [True, False], ids=["with a user namespace", "without a user namespace"]
)
def test_closing_a_namespace_closes_only_its_own_descriptors(*, with_user: bool) -> None:
    network, user, other = (os.open(NETWORK, os.O_RDONLY) for _ in range(3))
    Namespace(network=network, user=user if with_user else None).close()
    assert [is_open(each) for each in (network, user, other)] == [False, not with_user, True]
    for left in (user, other)[with_user:]:
        os.close(left)


def test_a_kernel_error_states_what_failed() -> None:
    reading, writing = os.pipe()
    with pytest.raises(OSError, match=r"cannot enter a network namespace: Invalid argument"):
        namespaces.enter_network(reading)
    os.close(reading)
    os.close(writing)


@pytest.mark.real
def test_a_new_namespace_is_separate_and_empty(can_simulate: object) -> None:
    def look() -> list[Any]:
        made = namespaces.enter_fresh_namespace()
        held = [os.fstat(made.network).st_ino, None if made.user is None else os.fstat(made.user).st_ino]
        return [namespace_inodes(), held, socket.if_nameindex(), os.geteuid()]

    (network, user), (held_network, held_user), interfaces, euid = call(look, None, 10)
    assert network == held_network != namespace_inodes()[0]
    assert user == (held_user or namespace_inodes()[1])
    assert (held_user is not None) == (user != namespace_inodes()[1])
    assert [name for _, name in interfaces] == ["lo"]
    assert euid == 0  # in the namespace, for any user outside


@pytest.mark.real
def test_a_second_network_is_in_the_same_user_namespace_and_can_be_left(
    can_simulate: object,
) -> None:
    def look() -> list[Any]:
        first = namespaces.enter_fresh_namespace()
        in_first = namespace_inodes()
        namespaces.fresh_network()
        in_second = namespace_inodes()
        namespaces.enter_network(first.network)
        return [in_first, in_second, namespace_inodes()]

    first, second, again = call(look, None, 10)
    assert first == again
    assert (first[0] != second[0], first[1] == second[1]) == (True, True)


@pytest.mark.loopback
def test_the_current_network_is_the_network_of_the_process() -> None:
    held = namespaces.current_network()
    assert os.fstat(held).st_ino == namespace_inodes()[0]
    os.close(held)


@pytest.mark.loopback
def test_a_process_is_killed_when_its_parent_ends() -> None:
    """The child is killed here; the death of the grandchild closes its pipe."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            parent = os.getpid()
            if os.fork() == 0:
                namespaces.die_with_parent(parent)
                os.write(writing, b"bound")
            else:
                os.close(writing)
            signal.alarm(30)  # if it is not killed
            signal.pause()
        finally:
            os._exit(2)  # in any case: only the parent continues with the tests
    os.close(writing)
    try:
        assert os.read(reading, 10) == b"bound"
        os.kill(child, signal.SIGKILL)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
        assert select.select([reading], [], [], 5)[0], "the grandchild still runs"
        assert os.read(reading, 10) == b""
    finally:
        os.close(reading)


@pytest.mark.loopback
@pytest.mark.parametrize(
    ("is_ours", "status"), [(True, 0), (False, 1)], ids=["parent runs", "parent has ended"]
)
def test_a_process_exits_if_its_parent_has_already_ended(*, is_ours: bool, status: int) -> None:
    parent = os.getpid() if is_ours else os.getppid()
    child = os.fork()
    if child == 0:
        try:
            namespaces.die_with_parent(parent)
            os._exit(0)
        finally:
            os._exit(2)  # an exception was raised
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == status


@pytest.mark.loopback
def test_precise_sleep_sets_the_timer_slack_to_the_minimum() -> None:
    def slack_ns() -> int:
        namespaces.sleep_precisely()
        return int(Path("/proc/self/timerslack_ns").read_text("ascii"))

    assert call(slack_ns, None, 10) == 1
