"""From our closed set of errors to what Temporal records. Used by `activities.running` for every activity.

A failure enters histories and logs, so it carries a code, our own sentence and where it happened; never the text of a
foreign exception, which may name an address. `from None` at the place of raising keeps the chain out as well.
"""

from temporalio.exceptions import ApplicationError

from edition_migration.domain.errors import EditionMigrationError


def to_failure(error: Exception) -> ApplicationError:
    """The failure that says what operators may know: type = our code, message = our sentence, and the frames.

    Unknown errors are retried, the database's refusal of a statement of ours as well: a bug that a new release mends
    must not cost a user.
    """
    if isinstance(error, ApplicationError):
        return error
    if isinstance(error, EditionMigrationError):
        is_ours = error.code == EditionMigrationError.code
        failure = ApplicationError(error.message, type=error.code, non_retryable=not (error.retryable or is_ours))
    else:
        failure = ApplicationError(f"internal error: {type(error).__name__}", type="internal")
    return failure.with_traceback(error.__traceback__)
