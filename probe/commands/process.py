"""No core dump of a process that has the credential of the proxy in its memory."""

import ctypes
import resource

_PR_SET_DUMPABLE = 4  # linux/prctl.h


def forbid_core_dumps() -> None:
    """For commands that read a credential. Another process of the same user cannot read their memory, either.

    The limit does not count if ``core_pattern`` names a program, as with systemd (core(5)); a process that
    is not dumpable is never dumped (PR_SET_DUMPABLE(2const)).
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
