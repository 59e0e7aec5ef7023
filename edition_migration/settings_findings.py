"""What `doctor` says of the settings: missing, wrong and misspelt ones, secrets, and who can read `.env`."""

import stat
from collections.abc import Sequence
from pathlib import Path

from edition_migration.domain.diagnosis import Finding, Subject, fails, ok, warning
from edition_migration.settings_table import ENV_FILE, TEMPORAL_PREFIX, SettingRow, SettingsTable, Source, StrayVariable

_NEW_SECRETS = "make them: (umask 077 && python starter.py secrets >> .env)"


def settings_findings(table: SettingsTable, env_file: Path = ENV_FILE) -> Sequence[Finding]:
    """Those of single settings first; a line that all is well only where nothing fails."""
    secrets = [row for row in table.settings if row.is_required]
    others = [row for row in table.settings if not row.is_required]
    wrong = [fails(Subject.SETTINGS, f"{row.name}: {row.problem}", "correct it") for row in others if row.problem]
    return [
        *(wrong or [ok(Subject.SETTINGS, _sources(table.settings))]),
        *map(_stray, table.strays),
        *_secrets(secrets),
        *_env_file(env_file),
    ]


def _sources(rows: Sequence[SettingRow]) -> str:
    counts = [(sum(row.source is source for row in rows), source) for source in Source]
    return f"of {len(rows)}: " + ", ".join(f"{count} from {source}" for count, source in counts)


def _secrets(rows: Sequence[SettingRow]) -> Sequence[Finding]:
    wrong = [row for row in rows if row.problem]
    if not wrong:
        return [ok(Subject.SECRETS, f"{len(rows)} are set, and long enough")]
    return [fails(Subject.SECRETS, f"{row.name}: {row.problem}", _NEW_SECRETS) for row in wrong]


def _stray(it: StrayVariable) -> Finding:
    if it.name.startswith(TEMPORAL_PREFIX):
        mend = "put it into the environment, or into a profile of Temporal's own"
        return warning(Subject.SETTINGS, f"{it.name} is in .env, where nobody reads it", mend)
    mend = f"write {it.nearest}" if it.nearest else "remove it"
    return warning(Subject.SETTINGS, f"{it.name} ({it.source}) is no setting", mend)


def _env_file(path: Path) -> Sequence[Finding]:
    if not path.is_file() or not path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return []
    return [warning(Subject.SECRETS, f"{path} can be read by others on this machine", f"chmod 600 {path}")]
