"""Reading one YAML or JSON document of a file or stdin, and writing a text.

A fault is named by its line, never by its content.
"""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from edition_migration.domain.errors import InvalidInput, Problem

STDIN = Path("-")
MAXIMUM_BYTES = 10_000_000


def read_text(path: Path) -> str:
    """The file's text; `-` is stdin. Raises InvalidInput where it cannot be read, is too long or no UTF-8."""
    try:
        content = sys.stdin.buffer.read(MAXIMUM_BYTES + 1) if path == STDIN else path.read_bytes()
    except OSError as error:
        _refuse(str(path), f"cannot be read ({error.strerror})", "give the path of a file, or - for stdin")
    if len(content) > MAXIMUM_BYTES:
        _refuse(str(path), f"is longer than {MAXIMUM_BYTES} bytes", "give one document")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        _refuse(str(path), "is not UTF-8", "save it in UTF-8")


def write_text(path: Path, text: str) -> None:
    """Raises InvalidInput where the file cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        _refuse(str(path), f"cannot be written ({error.strerror})", "give another path")


def read_json(path: Path) -> object:
    """One JSON document. Raises InvalidInput with the line of the fault."""
    try:
        return json.loads(read_text(path), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        _refuse(f"line {error.lineno}", f"is no JSON ({error.msg})", "mend it")
    except (ValueError, RecursionError):
        _refuse(str(path), "is no JSON (NaN, Infinity, or nested too deep)", "mend it")


def read_yaml(path: Path) -> object:
    """One YAML document, JSON included. Raises InvalidInput with the line of the fault, a key given twice included."""
    import yaml  # loaded by the one command that needs it

    class Loader(yaml.SafeLoader):
        """As SafeLoader, and a key given twice is a fault instead of silently the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            keys: set[str] = set()
            for key, _ in node.value:
                if key.value in keys:
                    _refuse(f"line {key.start_mark.line + 1}", "gives a key a second time", "keep one of them")
                keys.add(key.value)
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(read_text(path), Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        _refuse(f"line {line}", f"is no YAML ({error.problem})", "mend it")
    except yaml.YAMLError:
        _refuse(str(path), "is no YAML", "remove control characters")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(path: str, reason: str, mend: str) -> NoReturn:
    problem = Problem(path, reason, mend)
    raise InvalidInput(str(problem), problems=(problem,), mend=mend)
