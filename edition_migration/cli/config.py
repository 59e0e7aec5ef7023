"""`config`: the settings in effect and where each comes from; or the keys of an organization's file."""

from typing import TYPE_CHECKING, Annotated

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form
from edition_migration.cli.output import CsvOut, say, show_json, show_table

if TYPE_CHECKING:
    from edition_migration.settings_table import SettingRow, SettingsTable

OfOrganization = Annotated[
    bool, typer.Option("--organization", help="The keys of an organization's file instead, as `org apply` takes them.")
]


@grouped
def config(form: Form, of_organization: OfOrganization = False) -> None:
    """Show the settings in effect: value, where it comes from, what it means. Secrets are never shown.

    Code 8 where one is missing or wrong.
    """
    if of_organization:
        _show_organization(form)
        return
    from edition_migration.settings_table import SettingRow, settings_table

    table = settings_table()
    if form.as_json:
        show_json(table)
    elif form.as_csv:
        CsvOut(SettingRow).write(table.settings)
    else:
        _show_settings(table)
    if any(row.problem for row in table.settings):
        raise typer.Exit(ExitCode.CONFIGURATION)


def _show_settings(table: "SettingsTable") -> None:
    rows = [(row.name, row.value, _origin(row), row.meaning) for row in table.settings]
    show_table("Settings", ("Variable", "Value", "From", "Meaning"), rows)
    for row in table.settings:
        if row.problem:
            say(f"Wrong: {row.name}: {row.problem}")
    for it in table.strays:
        mend = f"; did you mean {it.nearest}?" if it.nearest else "."
        say(f"Nobody reads {it.name} ({it.source}){mend}")


def _origin(row: "SettingRow") -> str:
    return "nowhere: it is required" if row.is_required and row.source == "default" else row.source


def _show_organization(form: Form) -> None:
    from edition_migration.domain.organization_reference import OrganizationKeys, OrganizationRow, organization_rows

    rows = organization_rows()
    if form.as_json:
        show_json(OrganizationKeys(keys=rows))
    elif form.as_csv:
        CsvOut(OrganizationRow).write(rows)
    else:
        columns = ("Key", "What is written there", "Default", "Limits", "Meaning", "Example")
        lines = [(it.path, it.form, it.default, it.limits, it.meaning, it.example) for it in rows]
        show_table("Keys of an organization's file", columns, lines)
