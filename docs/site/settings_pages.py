"""The reference of settings: the service's environment, and the keys of an organization's file."""

from docs.site.tables import code, page, table
from edition_migration.domain.organization_reference import OrganizationRow, organization_rows
from edition_migration.settings_table import SettingRow, described_settings


def settings_page() -> str:
    return page(
        "Settings of the service",
        "Environment variables; a file `.env` in the working folder may hold them too, the environment wins. "
        "`starter.py config` shows what is in effect and where it comes from, and never shows a secret.",
        table(("Variable", "Default", "Meaning"), [_setting(it) for it in described_settings()]),
        "## Temporal",
        "Temporal's own variables say where it is: `TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, `TEMPORAL_API_KEY`, those "
        "that begin with `TEMPORAL_TLS`, or a profile in Temporal's configuration file. They are read from the "
        "environment only, not from `.env`.",
    )


def organization_page() -> str:
    return page(
        "Settings of an organization",
        "The keys of the file that `starter.py org apply FILE` takes, as YAML or JSON. What a file does not name stays "
        "as it is. `starter.py config --organization` prints the same; `starter.py org show` shows what holds now.",
        table(
            ("Key", "What is written there", "Default", "Limits", "Meaning", "Example"),
            [_key(it) for it in organization_rows()],
        ),
    )


def _setting(row: SettingRow) -> tuple[str, str, str]:
    default = "none, required" if row.is_required else "none" if row.default == "not set" else code(row.default)
    return code(row.name), default, row.meaning


def _key(row: OrganizationRow) -> tuple[str, ...]:
    return code(row.path), row.form, code(row.default), row.limits, row.meaning, code(row.example)
