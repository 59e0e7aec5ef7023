"""Waiting for news or a time, whichever comes first. Used by all workflows and the postman."""

from collections.abc import Callable
from datetime import datetime, timedelta

from temporalio import workflow


async def wait_for(news: Callable[[], bool], until: datetime | None, why: str) -> None:
    """Returns once `news()` is true or `until` is reached; `why` names the timer in the Temporal UI."""
    if news():
        return  # no timer for what is known already
    timeout = None if until is None else max(until - workflow.now(), timedelta())
    try:
        await workflow.wait_condition(news, timeout=timeout, timeout_summary=why)
    except TimeoutError:
        return
