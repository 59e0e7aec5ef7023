"""A refusal names the option that was typed, where the use case knows only its own field."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from edition_migration.domain.errors import NOTHING, InvalidInput, Problem


@contextmanager
def as_typed(options: Mapping[str, str], typed: Mapping[str, str] = NOTHING) -> Generator[None]:
    """Raises each InvalidInput on with its fields named as these options, e.g. `{"release_at": "--at"}`.

    `typed` is what was typed, by option, where the use case does not say it.
    """
    try:
        yield
    except InvalidInput as refusal:
        message, problems = refusal.message, list[Problem]()
        for it in refusal.problems:
            problems.append(it._replace(path=options.get(it.path, it.path)))
            message = message.replace(str(it), str(problems[-1]))
        given = {options.get(path, path): text for path, text in refusal.typed.items()} | dict(typed)
        raise InvalidInput(message, problems=tuple(problems), typed=given, mend=refusal.mend) from None
