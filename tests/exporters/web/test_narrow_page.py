"""The page in Chromium on a screen as narrow as a phone's: nothing is cut off."""

import html
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from support.reports.exporter_inputs import NOW_S, certificate, region, report, survey, target, tls, verdict

from exporters.web.page import PageSink
from exporters.web.render import render, stylesheet
from probe.model.verdicts import Outcome

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.real,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium (Debian package: chromium)"),
]
WIDTH_PX = 420
# Chromium has a minimum window width, so the page is in a frame. The script opens each list and measures.
FRAMED = """<!doctype html><meta charset="utf-8"><iframe width="{width}" height="900" srcdoc="{page}"></iframe><pre></pre>
<script>
onload = () => {{
  const page = document.querySelector("iframe").contentDocument, seen = {{wide: [], labels: []}};
  page.querySelectorAll("details").forEach((each) => each.open = true);
  for (const each of page.querySelectorAll("body *")) {{
    if (each.getBoundingClientRect().right > page.documentElement.clientWidth) seen.wide.push(each.textContent.trim());
    const label = page.defaultView.getComputedStyle(each, "::before");
    if (each.dataset.label && label.whiteSpace === "nowrap") seen.labels.push(each.dataset.label);
  }}
  document.querySelector("pre").textContent = JSON.stringify(seen);
}};
</script>"""


def page() -> str:
    """A page with all tables, with names and reasons as long as those of a real account."""
    sink = PageSink(now=lambda: NOW_S)
    node = target("xks-eu-central-1b")
    sink.on_targets((node,))
    sink.on_measurement(tls(node, certificate(name="myproxy-private.xks.example.com")))
    reason = (
        '"https://myproxy-private.xks.example.com" is not a name of the certificate that the proxy presents'
    )
    source = (
        "https://docs.example.com/kms/latest/APIReference/API_CreateCustomKeyStore.html#a-long-anchor-here"
    )
    outcomes = (Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN)
    sink.on_report(report(*(verdict(f"{each}-1", each, because=reason, source=source) for each in outcomes)))
    sink.on_survey(survey(region("eu-central-1", 0.0093, 1, within_threshold=True)))
    style = f"<style>{stylesheet()}</style>"
    return render(sink.snapshot(), "1.0", live=False).replace("</head>", f"{style}</head>")


def measured(folder: Path) -> dict[str, list[str]]:
    """``wide``: the texts that reach beyond the right edge. ``labels``: the labels that cannot wrap."""
    file = folder / "framed.html"
    file.write_text(FRAMED.format(width=WIDTH_PX, page=html.escape(page())), "utf-8")
    command = [CHROMIUM or "", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={folder / 'profile'}", file.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=500, check=True).stdout
    text = html.unescape(shown.partition("<pre>")[2].partition("</pre>")[0])
    found: dict[str, list[str]] = json.loads(text)
    return found


def test_on_a_narrow_screen_text_is_not_cut_and_labels_do_not_cover_values(tmp_path: Path) -> None:
    assert measured(tmp_path) == {"wide": [], "labels": []}
