"""Namespace system calls, and ending with the parent process. Linux only (`os.setns` needs Python 3.12)."""

import ctypes
import os
import signal
from contextlib import suppress
from dataclasses import dataclass

# <linux/sched.h>, <linux/prctl.h>
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_PR_SET_TIMERSLACK = 29
_NETWORK_FILE = "/proc/self/ns/net"
_USER_FILE = "/proc/self/ns/user"

_libc = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """Open descriptors of a network namespace and of its user namespace (None: the caller's)."""

    network: int
    user: int | None = None

    def close(self) -> None:
        os.close(self.network)
        if self.user is not None:
            os.close(self.user)


def enter_fresh_namespace() -> Namespace:
    """Move this process to a new network namespace, and to a new user namespace if it is not root.

    The process must be single-threaded. Raises OSError if the system does not allow it.
    """
    if os.geteuid() == 0:
        with suppress(PermissionError):
            _check(_libc.unshare(_CLONE_NEWNET), "make a network namespace")
            return Namespace(network=os.open(_NETWORK_FILE, os.O_RDONLY))
    user, group = os.geteuid(), os.getegid()
    _check(_libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET), "make a user and a network namespace")
    _write("/proc/self/setgroups", "deny")  # user_namespaces(7): before the map of groups
    _write("/proc/self/uid_map", f"0 {user} 1")
    _write("/proc/self/gid_map", f"0 {group} 1")
    network = os.open(_NETWORK_FILE, os.O_RDONLY)
    return Namespace(network=network, user=os.open(_USER_FILE, os.O_RDONLY))


def fresh_network() -> int:
    """Move to another new network namespace in the same user namespace. Returns its descriptor."""
    _check(_libc.unshare(_CLONE_NEWNET), "make a network namespace")
    return os.open(_NETWORK_FILE, os.O_RDONLY)


def current_network() -> int:
    return os.open(_NETWORK_FILE, os.O_RDONLY)


def enter_network(network: int) -> None:
    """Move this thread to an open network namespace."""
    _check(_libc.setns(network, _CLONE_NEWNET), "enter a network namespace")


def enter(namespace: Namespace) -> None:
    """Move this process into ``namespace``. A user namespace needs a single thread and cannot be left."""
    if namespace.user is not None:
        _check(_libc.setns(namespace.user, _CLONE_NEWUSER), "enter a user namespace")
    enter_network(namespace.network)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends.

    Call it after `enter`, because a change of credentials resets this setting. ``parent`` is the expected
    parent's process id: if the parent has already ended, this process exits.
    """
    _check(_libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0), "ask for the parent's death signal")
    if os.getppid() != parent:
        os._exit(1)


def sleep_precisely() -> None:
    """Let timers of this process fire when they are due, not up to 50 µs later (PR_SET_TIMERSLACK)."""
    _check(_libc.prctl(_PR_SET_TIMERSLACK, 1, 0, 0, 0), "ask for precise timers")


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"cannot {what}: {os.strerror(number)}")


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)
