"""Writes `docs/reference/*.md` from the code: `python -m docs.site.reference`, or `make reference`.

A test compares the files with what is made here, so that none can be out of date.
"""

from collections.abc import Callable
from pathlib import Path

from docs.site.commands_page import commands_page, exit_codes_page
from docs.site.facts_pages import errors_page, events_page, search_attributes_page
from docs.site.licenses_page import licenses_page
from docs.site.mails_page import mails_page
from docs.site.metrics_page import metrics_page
from docs.site.output_page import output_page
from docs.site.settings_pages import organization_page, settings_page
from docs.site.states_page import states_page

FOLDER = Path(__file__).parents[1] / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "errors.md": errors_page,
    "events.md": events_page,
    "exit-codes.md": exit_codes_page,
    "licenses.md": licenses_page,
    "mails.md": mails_page,
    "metrics.md": metrics_page,
    "organization.md": organization_page,
    "output.md": output_page,
    "search-attributes.md": search_attributes_page,
    "settings.md": settings_page,
    "states.md": states_page,
}


def main() -> None:
    """Writes every page; what is there already is replaced."""
    FOLDER.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
