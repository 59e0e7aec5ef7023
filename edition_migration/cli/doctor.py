"""`doctor`: everything that a first deployment gets wrong, one line each, with the mend."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import typer

from edition_migration.cli.exit_codes import ExitCode
from edition_migration.cli.option_groups import grouped
from edition_migration.cli.options import Form
from edition_migration.cli.output import CsvOut, say, show_json

if TYPE_CHECKING:
    from edition_migration.domain.diagnosis import Diagnosis, Finding

    Examine = Callable[[], Awaitable[Diagnosis]]
    """Looks at everything; never raises for what it meets, and needs nothing to be set up."""


def command(examine: "Examine") -> Callable[..., None]:
    """The command over this look."""

    @grouped
    def doctor(form: Form) -> None:
        """Look at settings, database, Temporal, workers, relay and page; say of each what is wrong and what helps.

        Works before anything is set up. Code 1 where something fails; warnings alone are code 0.
        """
        diagnosis = asyncio.run(_examined(examine))
        if form.as_json:
            show_json(diagnosis)
        elif form.as_csv:
            _write_csv(diagnosis)
        else:
            _show(diagnosis)
        if diagnosis.verdict == "fails":
            raise typer.Exit(ExitCode.REFUSED)

    return doctor


async def _examined(examine: "Examine") -> "Diagnosis":
    return await examine()


def _write_csv(diagnosis: "Diagnosis") -> None:
    from edition_migration.domain.diagnosis import Finding

    CsvOut(Finding).write(diagnosis.findings)


def _show(diagnosis: "Diagnosis") -> None:
    for finding in diagnosis.findings:
        typer.echo(_line(finding))
    failing = [it for it in diagnosis.findings if it.verdict == "fails"]
    warnings = [it for it in diagnosis.findings if it.verdict == "warning"]
    say(f"Looked at: {len(diagnosis.findings)}. Fail: {len(failing)}. Warnings: {len(warnings)}.")
    if failing:
        say(f"Begin with: {failing[0].subject}.")


def _line(finding: "Finding") -> str:
    mend = f"; what helps: {finding.mend}" if finding.mend else ""
    return f"{finding.verdict:<8} {finding.subject:<18} {finding.text}{mend}"
