"""A refusal names the option that was typed, where the use case knows only its own field."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager

from edition_migration.domain.errors import InvalidInput


@contextmanager
def as_typed(options: Mapping[str, str]) -> Generator[None]:
    """Raises each InvalidInput on with its fields named as these options, e.g. `{"release_at": "--at"}`."""
    try:
        yield
    except InvalidInput as refusal:
        problems = tuple(it._replace(path=options.get(it.path, it.path)) for it in refusal.problems)
        message = " | ".join(map(str, problems)) or refusal.message
        raise InvalidInput(message, problems=problems, mend=refusal.mend) from None
