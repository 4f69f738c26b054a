"""A fake AWS CLI: prints the answers in the collected file FAKE_AWS, and errors in the format of the AWS CLI.

With FAKE_AWS_LINE_END="crlf" its lines end as on Windows.
"""

import json
import os
import sys
from pathlib import Path

import jmespath


def main(words: list[str]) -> int:
    if os.environ.get("FAKE_AWS_LINE_END") == "crlf":
        sys.stdout.reconfigure(newline="\r\n")
    service, command = words[:2]
    options: dict[str, list[str]] = {}
    for word in words[2:]:
        if word.startswith("--"):
            options[word] = []
        else:
            options[list(options)[-1]].append(word)
    with Path(os.environ["FAKE_AWS_LOG"]).open("a", encoding="utf-8") as log:
        log.write(" ".join([service, command, *_own_options(words[2:])]) + "\n")
    operation = "".join(part.capitalize() for part in command.split("-"))
    document = json.loads(Path(os.environ["FAKE_AWS"]).read_text(encoding="utf-8"))
    for each in document["calls"]:
        if (each["service"], each["operation"]) != (service, operation) or not _fits(
            each["parameters"], options
        ):
            continue
        if "error" in each:
            code, why = each["error"]["code"], each["error"]["message"]
            text = f"\nAn error occurred ({code}) when calling the {operation} operation: {why}\n"
            if os.environ.get("AWS_CLI_ERROR_FORMAT", "json") != "legacy":
                text = json.dumps({"Code": code, "Message": why}, indent=4)
            sys.stderr.buffer.write(text.encode())
            return 254
        answer = each["answer"]
        if isinstance(answer, str):
            sys.stdout.write(answer)
        elif "--query" in options:
            found = jmespath.search(options["--query"][0], answer)
            flat = [word for one in found or [] for word in (one if isinstance(one, list) else [one])]
            sys.stdout.write("\t".join(map(str, flat)) + "\n")
        else:
            sys.stdout.write(json.dumps(answer, indent=4, ensure_ascii=False) + "\n")
        return 0
    sys.stderr.write("\nAn error occurred (InvalidParameterValue) when calling: the file has no such call\n")
    return 254


def _own_options(options: list[str]) -> list[str]:
    """The options without those of every call: its Region and the output format."""
    joined = " ".join(options).partition(" --region ")[0] if "--region" not in options[:1] else ""
    return joined.split(" ") if joined else []


def _fits(parameters: dict[str, object], options: dict[str, list[str]]) -> bool:
    """Whether the options contain every value of the parameters."""
    if "--metric-data-queries" in options:
        asked = json.loads(options["--metric-data-queries"][0])
        return all(query in parameters["MetricDataQueries"] for query in asked)
    joined = " ".join(" ".join(values) for values in options.values())
    return all(text in joined for text in _texts(parameters))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in ([] if key == "Name" else _texts(one))]
    return [text for one in value for text in _texts(one)] if isinstance(value, list) else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
