"""Compiles `layout.mjml` into the template of the HTML part: `python -m docs.mails.layout`.

The result is committed, so that neither a worker nor the demo needs the compiler; a test keeps the two equal.
"""

from pathlib import Path

from mjml import mjml2html

MAILS = Path(__file__).parents[2] / "edition_migration" / "adapters" / "mails"
SOURCE = MAILS / "layout.mjml"
RESULT = MAILS / "templates" / "layout.html"


def compiled() -> str:
    """What the source compiles to."""
    return mjml2html(SOURCE.read_text()) + "\n"


if __name__ == "__main__":
    RESULT.write_text(compiled())
