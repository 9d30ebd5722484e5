"""Sends event files to the handler, each in a fresh process, and prints the answers as one JSON object."""

from __future__ import annotations

import json
import os
import subprocess
import sys

HOME = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def invoke(path: str) -> object:
    """The answer of the handler in this process, or its error by name."""
    sys.path.insert(0, HOME)
    from lambda_function import lambda_handler

    with open(path, encoding="utf-8") as file:
        event = json.load(file)
    try:
        return lambda_handler(event, None)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def main(paths: list[str]) -> int:
    """Answers of every event by the file's name; 1 if a process died."""
    answers = {}
    for path in paths:
        run = subprocess.run(
            [sys.executable, os.path.abspath(__file__), "--one", path], stdout=subprocess.PIPE, encoding="utf-8"
        )
        if run.returncode:
            return 1
        answers[os.path.splitext(os.path.basename(path))[0]] = json.loads(run.stdout)
    print(json.dumps(answers, indent=2, sort_keys=True))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(invoke(sys.argv[2])))
    else:
        sys.exit(main(sys.argv[1:]))
