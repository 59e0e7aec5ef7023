"""What each workflow commands Temporal to do, in source order. `python -m tests.workflows.fingerprints` writes it.

A changed order breaks running workflows unless `workflow.patched` guards it; the committed file makes the change seen.
"""

import ast
import json
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "workflows"
COMMITTED = Path(__file__).parent / "fingerprints.json"
COMMANDS = frozenset(
    {
        "execute_activity_method",
        "wait_condition",
        "wait_for",
        "create_task",
        "upsert_search_attributes",
        "continue_as_new",
        "patched",
        "deprecate_patch",
        "_step",
        "_apply",
        "_page",
        "_all_pages",
        "_found",
        "_next_page",
        "_release_page",
    }
)
"""Calls that become commands, and our helpers that hold such calls."""


def fingerprints() -> dict[str, list[str]]:
    """By module and function: the commanding calls with their first argument."""
    found: dict[str, list[str]] = {}
    for path in sorted(FOLDER.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and (calls := _calls(function)):
                found[f"{path.stem}.{function.name}"] = calls
    return found


def _calls(function: ast.AST) -> list[str]:
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and _name(node) in COMMANDS]
    in_order = sorted(calls, key=lambda call: (call.lineno, call.col_offset))
    return [f"{_name(call)}({ast.unparse(call.args[0]) if call.args else ''})" for call in in_order]


def _name(call: ast.Call) -> str:
    target = call.func
    return target.attr if isinstance(target, ast.Attribute) else target.id if isinstance(target, ast.Name) else ""


if __name__ == "__main__":
    COMMITTED.write_text(json.dumps(fingerprints(), indent=2) + "\n")
