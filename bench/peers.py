"""The rows of the Prometheus exporters, which are queried over HTTP; and a description of each tool."""

import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import readings
from bench.capture import capturing
from bench.cpu_load import busy
from bench.lab import Lab
from bench.packets import echoes
from bench.runs import Load, file_name
from bench.tables import Peer, Row

_BLACKBOX, _SMOKEPING = "prometheus-blackbox-exporter", "prometheus-smokeping-prober"
_BLACKBOX_LISTEN, _SMOKEPING_LISTEN = "127.0.0.1:9115", "127.0.0.1:9374"
_SCRAPES = 200
_SMOKEPING_S = 1.5  # about 20 pings per target, one every 50 ms, after the staggered start
_SMOKEPING_INTERVAL = "50ms"
_NANOSECONDS = "nanoseconds, user-space clock"


def rows(lab: Lab, keep: Path, load: Load, hosts: Sequence[str]) -> Iterator[Row]:
    """One row per installed exporter."""
    if shutil.which(_BLACKBOX):
        yield _blackbox(lab, keep, load, hosts)
    if shutil.which(_SMOKEPING):
        yield _smokeping(lab, keep, load, hosts)


def described(each: int, targets: int) -> list[Peer]:
    """The compared tools, with commands for ``each`` pings to each of ``targets``."""
    return [
        Peer(
            tool="fping",
            version=_version("fping", "--version"),
            command=f"`fping -C {each} -D -i 1 -p 50 HOST…`",
            resolution="each ping; microseconds",
        ),
        Peer(
            tool="ping (iputils)",
            version=_version("ping", "-V"),
            command=f"`ping -D -c {each * targets} -i 0.002 HOST`",
            resolution="each ping; three digits of milliseconds, kernel receive timestamp",
        ),
        Peer(
            tool="blackbox_exporter",
            version=_version(_BLACKBOX, "--version"),
            command=f"`/probe?module=icmp&debug=true&target=HOST`, {_SCRAPES} times",
            resolution=f"each ping; {_NANOSECONDS}",
        ),
        Peer(
            tool="smokeping_prober",
            version=_version(_SMOKEPING, "--version"),
            command=f"`{_SMOKEPING} --ping.interval={_SMOKEPING_INTERVAL} HOST…`",
            resolution=f"sum per target; {_NANOSECONDS}; buckets from 50 µs, doubling",
        ),
        Peer(tool="irtt", version="not measured: it uses UDP and needs its own server"),
    ]


def _version(command: str, option: str) -> str:
    if not shutil.which(command):
        return "not installed"
    done = subprocess.run([command, option], capture_output=True, text=True, check=False)  # noqa: S603
    return (done.stdout or done.stderr).partition("\n")[0].partition(" (branch")[0].strip()


def _blackbox(lab: Lab, keep: Path, load: Load, hosts: Sequence[str]) -> Row:
    configuration = keep / "blackbox.yml"
    configuration.write_text("modules: {icmp: {prober: icmp, timeout: 2s}}\n")
    argv = [_BLACKBOX, f"--config.file={configuration}", f"--web.listen-address={_BLACKBOX_LISTEN}"]
    probed = list(hosts) * (_SCRAPES // len(hosts))
    with lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _page(f"http://{_BLACKBOX_LISTEN}/", attempts=50)
            file = keep / f"{file_name('blackbox', load)}.pcap"
            with busy(load.loads), capturing(file) as capture:
                url = f"http://{_BLACKBOX_LISTEN}/probe?module=icmp&debug=true&target="
                pages = [(host, _page(url + host)) for host in probed]
        finally:
            process.kill()
    found = readings.blackbox(pages, echoes(capture.frames))
    return Row(tool="blackbox_exporter", method="icmp", load=load.name, found=found, dropped=capture.dropped)


def _smokeping(lab: Lab, keep: Path, load: Load, hosts: Sequence[str]) -> Row:
    configuration = (
        keep / "smokeping.yml"
    )  # otherwise it reads the system's configuration, which has other targets
    configuration.write_text("targets: []\n")
    argv = [
        _SMOKEPING,
        f"--config.file={configuration}",
        f"--web.listen-address={_SMOKEPING_LISTEN}",
        f"--ping.interval={_SMOKEPING_INTERVAL}",
        *hosts,
    ]
    name = file_name("smokeping", load)
    with (
        busy(load.loads),
        capturing(keep / f"{name}.pcap") as capture,  # from the first ping on
        lab.popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process,
    ):
        try:
            _page(f"http://{_SMOKEPING_LISTEN}/", attempts=50)
            time.sleep(_SMOKEPING_S)
            page = _page(f"http://{_SMOKEPING_LISTEN}/metrics")
        finally:
            process.kill()
    (keep / f"{name}.txt").write_text(page)
    found = readings.smokeping(page, echoes(capture.frames))
    return Row(
        tool="smokeping_prober",
        method="icmp, means",
        load=load.name,
        found=found,
        dropped=capture.dropped,
    )


def _page(url: str, *, attempts: int = 1) -> str:
    for left in range(attempts - 1, -1, -1):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - a local address
                return str(answer.read().decode())
        except OSError:
            if not left:
                raise
            time.sleep(0.1)
    raise ValueError("attempts must be at least 1")
