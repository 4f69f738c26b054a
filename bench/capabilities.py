"""Drops CAP_NET_ADMIN from a process before it executes another program. Linux only."""

import ctypes
import os

# <linux/prctl.h>, <linux/capability.h>
_PR_CAPBSET_DROP = 24
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_LOWER = 47, 3
_CAP_NET_ADMIN = 12
_VERSION_3 = 0x20080522
_EPERM = 1

_libc = ctypes.CDLL(None, use_errno=True)


class _Header(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _Sets(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def drop_net_admin() -> None:
    """For this process and the programs it executes, as root or not (capabilities(7)).

    When root executes a program, it regains all capabilities in the bounding and inheritable sets, so the
    capability is removed from both. A process that may not change the bounding set has no capabilities.
    """
    if _libc.prctl(_PR_CAPBSET_DROP, _CAP_NET_ADMIN, 0, 0, 0) != 0 and ctypes.get_errno() != _EPERM:
        _fail("remove CAP_NET_ADMIN from the bounding set")
    _libc.prctl(
        _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_LOWER, _CAP_NET_ADMIN, 0, 0
    )  # fails if there is no ambient capability
    header, sets = _Header(_VERSION_3, 0), (_Sets * 2)()
    if _libc.capget(ctypes.byref(header), sets) != 0:
        _fail("read the capabilities")
    for name in ("effective", "permitted", "inheritable"):
        setattr(sets[0], name, getattr(sets[0], name) & ~(1 << _CAP_NET_ADMIN))
    if _libc.capset(ctypes.byref(header), sets) != 0:
        _fail("drop CAP_NET_ADMIN")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"cannot {what}: {os.strerror(number)}")
