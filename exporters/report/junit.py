"""Verdicts as JUnit XML for CI pipelines: one test case per verdict, failed, skipped or passed."""

import re
import xml.etree.ElementTree as ET  # written, never parsed
from collections.abc import Iterable, Mapping

from exporters import tally
from probe.model.text import clean
from probe.model.verdicts import Level, Outcome, Verdict

_LIMIT = 1024
# Characters that XML 1.0 does not allow (section 2.2); `clean` has escaped nearly all of them already.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(
    verdicts: Iterable[Verdict],
    *,
    suite: str,
    strict: bool = False,
    properties: Mapping[str, str] | None = None,
) -> str:
    """A document with one suite. Violated advice fails only if ``strict``.

    Requirements that are unknown, or met only with an extra CA, are skipped.
    ``properties`` describe the whole suite. The property ``summary`` is added: it counts the requirements,
    whereas ``tests`` and ``failures`` count findings.
    """
    listed = list(verdicts)
    cases = [_case(verdict, strict=strict) for verdict in listed]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = ET.Element("testsuites", counts)
    of_suite = ET.SubElement(root, "testsuite", {"name": _xml_text(suite), **counts})
    of_properties = ET.SubElement(of_suite, "properties")
    for name, value in {**(properties or {}), "summary": tally.summary(listed)}.items():
        ET.SubElement(of_properties, "property", {"name": name, "value": _xml_text(value)})
    of_suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(verdict: Verdict, *, strict: bool) -> ET.Element:
    names = {"classname": verdict.requirement, "name": _xml_text(verdict.subject) or "-"}
    case = ET.Element("testcase", names)
    because = _xml_text(verdict.because)
    fails = strict or verdict.level is not Level.ADVICE
    match verdict.outcome:
        case Outcome.VIOLATED if fails:
            errors = ", ".join(dict.fromkeys(error.error for error in verdict.kms_errors))
            failure = ET.SubElement(case, "failure", {"message": because, "type": verdict.level.value})
            remedy = _xml_text(verdict.remedy.text) if verdict.remedy else ""
            failure.text = "\n".join(filter(None, (because, f"KMS: {errors}" if errors else "", remedy)))
        case Outcome.MET if verdict.rests_on_extra_authority:
            ET.SubElement(case, "skipped", {"message": f"met only with an extra CA: {because}"})
        case Outcome.UNKNOWN | Outcome.NOT_APPLICABLE:
            word = verdict.outcome.value.replace("_", " ")
            ET.SubElement(case, "skipped", {"message": f"{word}: {because}"})
        case _:
            ET.SubElement(case, "system-out").text = because
    return case


def _xml_text(value: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", clean(value, _LIMIT))
