"""`org apply`, `org list` and `org show`."""

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edition_migration.cli.documents import read_yaml
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import AsJson, DryRun, Form, InputFile, WrongUsage, Yes
from edition_migration.cli.output import Cell, confirm, say, show_fields, show_json, show_list, show_table, text_of
from edition_migration.cli.session import session_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edition_migration.application.views import CapacityView, OrganizationView
    from edition_migration.domain.organization_changes import Change

_ISO_SPAN = re.compile(r"^P(?=[\dT])(\d+[YWD])*(T(\d+(\.\d+)?[HMS])+)?$")

app = typer.Typer(no_args_is_help=True, help="Organizations: what holds for them, and bringing them to a file.")


@app.command()
def apply(
    ctx: typer.Context, file: InputFile, is_dry: DryRun = False, yes: Yes = False, as_json: AsJson = False
) -> None:
    """Bring an organization to what a YAML or JSON file says (- is stdin). What the file does not name stays."""
    session = session_of(ctx)
    document = read_yaml(file)
    planned = session.run(lambda services: services.organizations.plan(document))
    removed = [str(change.before) for change in planned if change.removes]
    if removed:
        warning = f"No longer domains of this organization: {', '.join(removed)}. Whoever of them is not yet activated"
        confirm(f"{warning} is cancelled and becomes a guest again.", is_agreed=yes or is_dry)
    changes = session.change(lambda services: services.organizations.apply(document), is_dry=is_dry)
    if any(it.is_of_a_new_one for it in changes):
        say("The organization is new: nobody has heard of this id before.")
    if as_json:
        from edition_migration.application.views import AppliedChanges

        show_json(AppliedChanges(changes=changes))
    elif changes:
        show_table("Changes", ("What", "Before", "Now"), [_change(change) for change in changes])
    else:
        say("Nothing to change: all that the file says holds, or is on its way.")
    if is_dry:
        say("Dry run: nothing was changed.")


@app.command("list")
@grouped
def list_organizations(ctx: typer.Context, form: Form) -> None:
    """List the organizations: their ids, which other commands take with --org, and how many guests are pending."""
    from edition_migration.application.views import OrganizationLine

    view = session_of(ctx).run(lambda services: services.queries.organizations())

    def cells(it: OrganizationLine) -> tuple[Cell, ...]:
        return it.org_id, it.name, it.status, it.domains, it.pending

    columns = ("Organization", "Name", "Service", "Domains", "Pending")
    show_list(form, view, view.organizations, OrganizationLine, "Organizations", columns, cells)


@app.command()
def show(
    ctx: typer.Context,
    org_id: Annotated[str | None, typer.Argument(help="Organization id; not needed where there is only one.")] = None,
    org: Annotated[str | None, typer.Option("--org", help="The same, as other commands take it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what holds for an organization: domains, capacity, policies and settings."""
    if org_id is not None and org is not None:
        raise WrongUsage("name the organization once, with or without --org")
    view = session_of(ctx).run(lambda services: services.queries.organization(org_id or org))
    if as_json:
        show_json(view)
    else:
        _show(view)


def _change(change: "Change") -> tuple[Cell, ...]:
    return change.path, _plain(change.before), _plain(change.after)


def _plain(value: Any) -> Cell:
    """As people write it: durations like 7d, lists and objects without brackets and quotes."""
    from pydantic import TypeAdapter

    match value:
        case bool() | timedelta() | None:
            return value
        case list() | tuple():
            return ", ".join(map(str, value))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
        case dict():
            return ", ".join(f"{name} {text_of(_plain(it))}" for name, it in value.items())  # pyright: ignore[reportUnknownVariableType]
        case str() if _ISO_SPAN.match(value):
            return TypeAdapter(timedelta).validate_python(value)
        case _:
            return str(value)


def _show(view: "OrganizationView") -> None:
    facts = ("org_id", "name", "status", "notification_email", "client_download_url", "is_single_sign_on")
    rows: list[tuple[str, Cell]] = [(name, getattr(view, name)) for name in facts]
    show_fields(
        "Organization",
        [*rows, ("help_url", view.settings.help_url), ("administrators", ", ".join(view.administrators))],
    )
    show_table("Domains", ("Domain", "Blocked since (UTC)"), [(it.name, it.blocked_since) for it in view.domains])
    show_capacity(view.capacity)
    settings = view.settings.model_dump(exclude={"password", "quiet_hours", "help_url"})
    hours = view.settings.quiet_hours
    for prefix, nested in (("password.", view.settings.password), ("quiet_hours.", hours)):
        settings |= {f"{prefix}{name}": value for name, value in (nested.model_dump() if nested else {}).items()}
    if hours is None:
        settings["quiet_hours"] = None
    show_table("Settings, as the file names them", ("Setting", "Value"), _settings(settings))
    groups = {"organization": view.policies.organization} | {it.name: it.actions for it in view.policies.groups}
    rules = [(group, action, value) for group, actions in groups.items() for action, value in actions.items()]
    show_table(f"Policies, revision {view.policy_revision}", ("Of", "Action", "Allowed"), rules)


def _settings(settings: "Mapping[str, Any]") -> "list[tuple[str, Cell]]":
    """All of them, also those that are not set, under the names that the file uses."""
    from pydantic.alias_generators import to_camel

    named = {".".join(to_camel(part) for part in name.split(".")): value for name, value in settings.items()}
    return [(name, None if value in {"", ()} else _plain(value)) for name, value in named.items()]


def show_capacity(capacity: "CapacityView") -> None:
    """Licenses and storage, as a table; who waits stands beside what is missing."""
    it = capacity
    for_storage = it.waiting if it.waiting_for == "storage" else 0
    show_table(
        "Capacity",
        ("", "Purchased", "Reserved", "Used", "Free", "Users waiting"),
        [
            (
                "licenses",
                it.licenses_purchased,
                it.licenses_reserved,
                it.licenses_used,
                it.licenses_free,
                it.waiting - for_storage,
            ),
            (
                "storage (MB)",
                it.storage_purchased_mb,
                it.storage_reserved_mb,
                it.storage_used_mb,
                it.storage_free_mb,
                for_storage,
            ),
        ],
    )
