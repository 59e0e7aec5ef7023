"""The reference of the command line: every verb with its arguments and options, from the app itself."""

import inspect
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer

from docs.site.tables import code, page, table
from edition_migration.cli.app import build_app
from edition_migration.cli.exit_codes import MEANINGS

FOREWORD = """`starter.py` is run from the folder of the checkout, in its environment: `python starter.py VERB`.
Data goes to stdout, everything else to stderr. `--help` of each verb says what stands here. What a verb writes for
programs: [JSON and CSV](output.md). The codes with which it ends: [exit codes](exit-codes.md)."""


def command_tree() -> Any:
    """The app as the parser sees it; nothing of it is run, so it needs no services."""
    nothing: Any = None
    return typer.main.get_command(build_app(nothing, nothing, nothing))


def leaves(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every verb with its full name, in the order of `--help`."""
    for child, it in getattr(command, "commands", {}).items():
        full = f"{name} {child}".strip()
        if hasattr(it, "commands"):
            yield from leaves(it, full)
        else:
            yield full, it


def commands_page() -> str:
    verbs = list(leaves(command_tree()))
    overview = table(
        ("Verb", "What it does"),
        [(f"[`{name}`](#{name.replace(' ', '-')})", _first_sentence(it)) for name, it in verbs],
    )
    return page("Commands", FOREWORD, overview, *(_verb(name, it) for name, it in verbs))


def exit_codes_page() -> str:
    rows = [(code(int(it)), it.name, meaning) for it, meaning in MEANINGS.items()]
    text = (
        "The codes of `starter.py` are stable. `worker.py` and the web process end with 0, or with 5, 6 or 8 as here."
    )
    return page("Exit codes", text, table(("Code", "Name", "Means"), rows))


def _verb(name: str, command: Any) -> str:
    arguments = [it for it in command.params if it.param_type_name == "argument"]
    options = [it for it in command.params if it.param_type_name == "option" and it.name != "help"]
    usage = " ".join(["starter.py", name, *(piece for it in arguments for piece in it.get_usage_pieces(None))])
    parts = [f"## {name}", code(usage + (" [OPTIONS]" if options else "")), _help(command)]
    if arguments:
        rows = [(code(it.metavar or it.name), it.help or "") for it in arguments]
        parts.append(table(("Argument", "Meaning"), rows))
    if options:
        parts.append(table(("Option", "Meaning", "Default"), [_option(it) for it in options]))
    return "\n\n".join(part for part in parts if part)


def _option(option: Any) -> tuple[str, str, str]:
    value = "" if option.is_flag else f" {option.metavar or _choices(option) or 'VALUE'}"
    names = ", ".join(code(f"{name}{value}") for name in option.opts)
    variable = f" Variable: `{option.envvar}`." if option.envvar else ""
    return names, f"{option.help or ''}{variable}", _default(option)


def _choices(option: Any) -> str:
    kind = option.type_descriptor.annotation
    return "|".join(map(str, get_args(kind))) if get_origin(kind) is Literal else ""


def _default(option: Any) -> str:
    if isinstance(option.show_default, str):
        return option.show_default
    if option.is_flag or option.default in {None, ""} or callable(option.default):
        return ""
    return code(option.default)


def _help(command: Any) -> str:
    """Line breaks of the source are none of the page's; blank lines are."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(" ".join(it.split()) for it in paragraphs)


def _first_sentence(command: Any) -> str:
    return _help(command).partition("\n")[0].partition(". ")[0].rstrip(".") + "."
