"""A command line as documents and sessions show it, typed: words in capitals filled in, pipes as the shell has them."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.cli.conftest import CommandLine
from tests.docs.blocks import Part


class Answer(NamedTuple):
    """Of one program of a pipe."""

    code: int
    stdout: str
    stderr: str


def answer_of(office: CommandLine, part: Part, given: str) -> Answer:
    """What it answers with this on stdin; `> FILE` writes the file as well."""
    arguments = [_filled(office, it) for it in part.arguments]
    if part.is_ours:
        result = office.run(*arguments, given=given)
        answer = Answer(result.exit_code, result.stdout, result.stderr)
    else:
        done = subprocess.run(arguments, input=given, capture_output=True, text=True, check=True)
        answer = Answer(0, done.stdout, done.stderr)
    if part.target:
        Path(part.target).write_text(answer.stdout, encoding="utf-8")
    return answer


def _filled(office: CommandLine, word: str) -> str:
    """WAVE is the newest wave, WAVE1 the oldest."""
    if word.startswith("WAVE"):
        return office.json("wave", "list")["waves"][int(word[4:] or 0) - 1]["wave_id"]
    if word == "POSITION:HASH":
        head = office.json("audit", "verify")["chains"][0]["head"]
        return f"{head['position']}:{head['hash']}"
    return word
