"""Can this machine hold a simulation? Found out by making a link in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT_S = 10.0
_WORKS = "works"


@dataclass(frozen=True, slots=True, kw_only=True)
class Capability:
    """``why`` says why not (empty if it works), ``remedy`` what a person can do about it, in words."""

    namespaces: bool
    why: str
    remedy: str


def capability() -> Capability:
    """Whether network namespaces with links work here for this user. Takes about 0.3 s.

    `unshare` alone tells nothing: some systems allow it and refuse everything inside.
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
        return _cannot(f"making a link took longer than {_TIMEOUT_S:g} s")
    if done.stdout.strip() == _WORKS:
        return Capability(namespaces=True, why="", remedy="")
    return _cannot(
        done.stdout.strip() or done.stderr.strip().rpartition("\n")[2] or "the trial ended silently"
    )


def _cannot(why: str) -> Capability:
    remedy = (
        "run as root, or allow user namespaces (sysctl user.max_user_namespaces above 0; on Ubuntu "
        "also kernel.apparmor_restrict_unprivileged_userns=0); in a container give CAP_SYS_ADMIN and "
        "CAP_NET_ADMIN; links need the package pyroute2 (xks-probe[demo])"
    )
    return Capability(namespaces=False, why=why, remedy=remedy)


def try_here() -> str:
    """Make the namespaces and links of a simulation in this process, and say how it went."""
    from simulator.network import namespaces

    try:
        wire = namespaces.enter_fresh_namespace()
        from simulator.network import links

        agent, simulation = namespaces.fresh_network(), namespaces.fresh_network()
        namespaces.enter_network(wire.network)
        links.make_links(wire.network, agent, simulation)
        links.open_packet_socket(links.WIRE_TO_AGENT).close()
    except Exception as error:  # noqa: BLE001  # whatever it is, it is the answer
        return f"{type(error).__name__}: {error}"
    return _WORKS


if __name__ == "__main__":
    print(try_here())  # noqa: T201  # read by `capability`
