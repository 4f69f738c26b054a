"""The accuracy rows: each tool against a capture of its own run, idle and busy."""

import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import readings
from bench.capture import Capture, capturing
from bench.hogs import busy
from bench.lab import TCP_PORT, Lab, addresses
from bench.packets import connects, echoes, segments
from bench.readings import Errors, Row

OWN = "xks-probe"
TARGETS, EACH = 50, 20
HOGS = 2
LOADS = (("idle", 0), (f"{HOGS} CPU hogs", HOGS))
_BLACKBOX = "prometheus-blackbox-exporter"
_BLACKBOX_PORT, _SCRAPES = 9115, 200
_TIMEOUT_S = 180.0
_SKIPPED = {"irtt": "its echoes are UDP and need its own server: no ICMP to compare"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A command whose output, with the capture of the same time, gives errors."""

    tool: str
    method: str
    argv: Sequence[str]
    read: Callable[[str, Capture], Errors]


def own_ping(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "probe", "ping", *arguments, "--format", "json"]


def runs() -> Iterator[Run]:
    """The product's, and those of the peers that are installed."""
    hosts, paced = addresses(TARGETS), ("-n", str(EACH), "-i", "0.05")
    yield Run(tool=OWN, method="icmp", argv=own_ping(*hosts, *paced), read=_own_echoes)
    tcp = own_ping(*hosts, *paced, "--method", "tcp", "--port", str(TCP_PORT))
    yield Run(tool=OWN, method="tcp", argv=tcp, read=_own_connects)
    if shutil.which("fping"):
        argv = ["fping", "-C", str(EACH), "-D", "-i", "1", "-p", "50", *hosts]
        yield Run(tool="fping", method="icmp", argv=argv, read=_fping)
    if shutil.which("ping"):
        argv = ["ping", "-D", "-c", str(TARGETS * EACH), "-i", "0.002", hosts[0]]
        yield Run(tool="ping (iputils)", method="icmp", argv=argv, read=_iputils)


def rows(lab: Lab, keep: Path) -> Iterator[Row]:
    """Run everything under each load; captures and outputs go to ``keep``."""
    for load, hogs in LOADS:
        for run in runs():
            name = f"{run.tool.split()[0]}-{run.method}-{hogs}-hogs"
            with busy(hogs), capturing(keep / f"{name}.pcap") as taken:
                text = _output(lab, run.argv)
            (keep / f"{name}.txt").write_text(text)
            yield Row(
                tool=run.tool,
                method=run.method,
                load=load,
                found=run.read(text, taken),
                dropped=taken.dropped,
            )
        if shutil.which(_BLACKBOX):
            yield _blackbox(lab, keep, load, hogs)


def peers() -> list[tuple[str, str, str]]:
    """(tool, version, or why there is no row of it, command) of each."""
    found = [
        ("fping", _version("fping", "--version"), f"`fping -C {EACH} -D -i 1 -p 50 HOST…`"),
        ("ping (iputils)", _version("ping", "-V"), f"`ping -D -c {TARGETS * EACH} -i 0.002 HOST`"),
        (
            "blackbox_exporter",
            _version(_BLACKBOX, "--version"),
            f"`/probe?module=icmp&target=HOST`, {_SCRAPES} times",
        ),
    ]
    return found + [(tool, f"skipped: {why}", "") for tool, why in _SKIPPED.items()]


def _version(program: str, option: str) -> str:
    if not shutil.which(program):
        return "not installed"
    done = subprocess.run([program, option], capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stdout or done.stderr).partition("\n")[0].partition(" (branch")[0].strip()


def _output(lab: Lab, argv: Sequence[str]) -> str:
    """Raises RuntimeError with the program's words if it could not do its work."""
    with lab.popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        out, words = process.communicate(timeout=_TIMEOUT_S)
    if not out:
        raise RuntimeError(f"{argv[0]} ended with {process.returncode} and no output: {words[-500:]}")
    return str(out)


def _own_echoes(text: str, taken: Capture) -> Errors:
    return readings.own_echoes(text.splitlines(), echoes(taken.frames))


def _own_connects(text: str, taken: Capture) -> Errors:
    return readings.own_connects(text.splitlines(), connects(segments(taken.frames)))


def _fping(text: str, taken: Capture) -> Errors:
    return readings.fping(text, echoes(taken.frames))


def _iputils(text: str, taken: Capture) -> Errors:
    return readings.iputils(text, echoes(taken.frames))


def _blackbox(lab: Lab, keep: Path, load: str, hogs: int) -> Row:
    configuration = keep / "blackbox.yml"
    configuration.write_text("modules: {icmp: {prober: icmp, timeout: 2s}}\n")
    listen = f"127.0.0.1:{_BLACKBOX_PORT}"
    argv = [_BLACKBOX, f"--config.file={configuration}", f"--web.listen-address={listen}"]
    with lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _page(f"http://{listen}/", attempts=50)
            with busy(hogs), capturing(keep / f"blackbox-icmp-{hogs}-hogs.pcap") as taken:
                url = f"http://{listen}/probe?module=icmp&target="
                pages = [_page(url + host) for host in addresses(TARGETS) * (_SCRAPES // TARGETS)]
        finally:
            process.kill()
    found = readings.blackbox(pages, echoes(taken.frames))
    return Row(tool="blackbox_exporter", method="icmp", load=load, found=found, dropped=taken.dropped)


def _page(url: str, *, attempts: int = 1) -> str:
    for left in range(attempts - 1, -1, -1):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own address
                return str(answer.read().decode())
        except OSError:
            if not left:
                raise
            time.sleep(0.1)
    raise ValueError("no attempt was asked for")
