"""Whether this machine can run a simulation: tested by creating the links in a separate process."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 60.0  # on a machine that is busy with other things
_WORKS = "works"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """``why`` is the reason if namespaces do not work, ``remedy`` how to enable them; else both are empty."""

    namespaces: bool
    why: str
    remedy: str


def capability() -> Capability:
    """Whether this user can create network namespaces with links. Takes about 0.3 s.

    `unshare` is not enough as a test: some systems allow it and refuse everything inside.
    """
    if not sys.platform.startswith("linux"):
        return Capability(namespaces=False, why="this is not Linux", remedy="use a Linux machine")
    here = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(part for part in (here, os.environ.get("PYTHONPATH", "")) if part)
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "simulator.network.capability"],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
    except subprocess.TimeoutExpired:
        return _cannot(f"creating a link took longer than {_TIMEOUT_S:g} s")
    if done.stdout.strip() == _WORKS:
        return Capability(namespaces=True, why="", remedy="")
    return _cannot(
        done.stdout.strip() or done.stderr.strip().rpartition("\n")[2] or "the test ended without output"
    )


def _cannot(why: str) -> Capability:
    remedy = (
        "run as root, or allow user namespaces (sysctl user.max_user_namespaces above 0; on Ubuntu "
        "also kernel.apparmor_restrict_unprivileged_userns=0); in a container, add CAP_SYS_ADMIN and "
        "CAP_NET_ADMIN; links also need the package pyroute2 (xks-probe[demo])"
    )
    return Capability(namespaces=False, why=why, remedy=remedy)


def try_here() -> str:
    """Create the namespaces and links of a simulation in this process. Returns `_WORKS` or the error."""
    from simulator.network import namespaces

    try:
        link = namespaces.enter_fresh_namespace()
        from simulator.network import links

        agent, simulation = namespaces.fresh_network(), namespaces.fresh_network()
        namespaces.enter_network(link.network)
        links.make_links(link.network, agent, simulation)
        links.open_packet_socket(links.LINK_TO_AGENT).close()
    except Exception as error:  # noqa: BLE001  # any error is the result
        return f"{type(error).__name__}: {error}"
    return _WORKS


if __name__ == "__main__":
    print(try_here())  # noqa: T201  # read by `capability`
