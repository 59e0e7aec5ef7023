"""How `plan` reads for people."""

from typing import TYPE_CHECKING

from edition_migration.cli.output import duration, say, show_table, text_of

if TYPE_CHECKING:
    from edition_migration.application.plan_views import PlanView


def show_plan(view: "PlanView") -> None:
    """Who goes, who not and why, what is needed and left, what is sent and how long it takes, what is lost."""
    who = [("go", "", view.go), ("  at once", "", view.now), ("  when capacity is free", "", view.waiting)]
    if view.parked:
        who.append(("  but are parked, until somebody mends why", "", view.parked))
    who += [("do not go", it.reason, it.users) for it in view.refused]
    show_table(f"Plan for {view.asked} users of {view.org_id}", ("", "Reason", "Users"), who)
    capacity = [("licenses", view.licenses), ("storage (MB)", view.storage_mb)]
    rows = [(name, it.needed, it.free, max(it.left, 0), max(-it.left, 0)) for name, it in capacity]
    show_table("Capacity", ("", "Needed", "Free now", "Left", "Missing"), rows)
    mails = [(it.kind, it.mails, it.only_if or "all") for it in view.mails]
    show_table("Mails", ("Mail", "At most", "Who gets it"), mails)
    pace = view.pace
    say(f"Mails that go out by themselves: {pace.mails}, in {duration(pace.takes)} at {pace.per_second:g} a second.")
    if view.release_at is not None:
        say(f"Nobody is released before {text_of(view.release_at)} (UTC).")
    if pace.quiet_until is not None:
        say(f"Quiet hours of the organization hold the first mail until {text_of(pace.quiet_until)} (UTC).")
    say(f"All are sent by {text_of(pace.done_at)} (UTC), unless users' own quiet hours or a pause hold them.")
    if view.pilot is not None:
        say(f"The first {view.pilot} go as a pilot; the others wait for `starter.py wave resume`.")
    lost = view.losses
    say(f"Lost: contacts {lost.contacts} (not transferred), open sessions {lost.sessions}, passwords {lost.passwords}.")
    say(f"Time to choose a new password: {duration(view.deadline)}. Activation: {_activation(view)}.")
    say("Each user's answer: --csv or --json. Nothing was changed.")


def _activation(view: "PlanView") -> str:
    return f"{view.activation}, after {duration(view.activation_delay)}" if view.activation_delay else view.activation
