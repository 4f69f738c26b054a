"""Verdicts as JUnit XML, for a pipeline: one test case for each, failed, skipped or passed."""

import re
import xml.etree.ElementTree as ET  # written, never parsed
from collections.abc import Iterable, Mapping

from probe.model.text import clean
from probe.model.verdicts import Level, Outcome, Verdict

_LIMIT = 1024
# What XML 1.0 has no way to write (section 2.2); `clean` has escaped nearly all of it already.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(
    verdicts: Iterable[Verdict],
    *,
    suite: str,
    strict: bool = False,
    properties: Mapping[str, str] | None = None,
) -> str:
    """A document with one suite. Violated advice fails only if ``strict``; what is not known is skipped.

    ``properties`` are what a reader should know of the whole suite.
    """
    listed = list(verdicts)
    cases = [_case(verdict, strict=strict) for verdict in listed]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    root = ET.Element("testsuites", counts)
    of_suite = ET.SubElement(root, "testsuite", {"name": _said(suite), **counts})
    if properties:
        listed_of = ET.SubElement(of_suite, "properties")
        for name, value in properties.items():
            ET.SubElement(listed_of, "property", {"name": name, "value": _said(value)})
    of_suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _case(verdict: Verdict, *, strict: bool) -> ET.Element:
    names = {"classname": verdict.requirement, "name": _said(verdict.subject) or "-"}
    case = ET.Element("testcase", names)
    because = _said(verdict.because)
    fails = strict or verdict.level is not Level.ADVICE
    match verdict.outcome:
        case Outcome.VIOLATED if fails:
            errors = ", ".join(dict.fromkeys(error.error for error in verdict.kms_errors))
            failure = ET.SubElement(case, "failure", {"message": because, "type": verdict.level.value})
            remedy = _said(verdict.remedy.text) if verdict.remedy else ""
            failure.text = "\n".join(filter(None, (because, f"KMS: {errors}" if errors else "", remedy)))
        case Outcome.UNKNOWN | Outcome.NOT_APPLICABLE:
            word = verdict.outcome.value.replace("_", " ")
            ET.SubElement(case, "skipped", {"message": f"{word}: {because}"})
        case _:
            ET.SubElement(case, "system-out").text = because
    return case


def _said(value: str) -> str:
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", clean(value, _LIMIT))
