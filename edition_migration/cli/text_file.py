"""The text of a mail as people write it in a file: `Subject: ...`, an empty line, the body."""

from edition_migration.domain.errors import InvalidInput, Problem

_SUBJECT = "subject:"


def read_mail_text(text: str) -> tuple[str, str]:
    """Subject and body. Raises InvalidInput where the first line is no subject, or the second is not empty."""
    first, _, rest = text.partition("\n")
    if not first.lower().startswith(_SUBJECT):
        raise _invalid("line 1", "is no subject", "write `Subject: ...` in the first line")
    second, _, body = rest.partition("\n")
    if second.strip():
        raise _invalid("line 2", "is not empty", "leave a line empty between the subject and the text")
    return first[len(_SUBJECT) :].strip(), body.strip("\n")


def _invalid(path: str, reason: str, mend: str) -> InvalidInput:
    problem = Problem(path, reason, mend)
    return InvalidInput(str(problem), problems=(problem,), mend=mend)
