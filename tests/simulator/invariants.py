"""The invariants of the service, each a function of its own over plain evidence: rows, mails received, faults injected.

Written for the simulator and for any other program that breaks things, on whatever database. A function returns a
sentence for each violation and nothing where the invariant holds. Numbers are those of the reliability study.
`AT_ALL_TIMES` hold at every moment, `AT_REST` once the service has had time to come to rest without faults.
"""

from collections import Counter, defaultdict

from edition_migration.domain.mail import ADMINISTRATOR_MAILS, AT_MOST_ONCE, MailState
from edition_migration.domain.states import (
    AFTER_ACTIVATION,
    BEFORE_ACTIVATION,
    OPEN,
    TRANSITIONS,
    AccountStatus,
    CredentialState,
    Edition,
)
from edition_migration.domain.states import MigrationState as S
from edition_migration.domain.token import TokenState, digest_of
from tests.simulator.evidence import Evidence, Invariant, ReceivedMail
from tests.simulator.view import Row, View, key_of, name_of

_MOVES = {(move.source, move.target) for move in TRANSITIONS}
_HAVE_LICENSE = (*AFTER_ACTIVATION, S.MIGRATED)


def i1_one_state_everywhere(seen: Evidence) -> list[str]:
    """Each migration is in one state, which its last journal row and its workflow's result say as well."""
    broken: list[str] = []
    journal = seen.view.by_migration("journal")
    for row in seen.view["migrations"]:
        entries = journal.get(key_of(row), [])
        if not entries or entries[-1]["target"] is not row["state"]:
            said = entries[-1]["target"] if entries else None
            broken.append(f"I1 {name_of(row)} is {row['state']}, its journal ends with {said}")
        workflow = seen.workflows.get(name_of(row))
        if workflow is None or workflow.is_running or workflow.result is None:
            continue
        if workflow.result not in {row["state"], *(entry["target"] for entry in entries)}:
            broken.append(f"I1 {name_of(row)} is {row['state']}, its workflow returned {workflow.result}")
        if row["state"] in OPEN:
            broken.append(f"I1 {name_of(row)} is {row['state']}, its workflow has ended as {workflow.result}")
    return broken


def i1_one_open_migration(seen: Evidence) -> list[str]:
    """Each user has one open migration at most, and it is his newest of the organization."""
    newest: dict[tuple[str, str], int] = {}
    for row in seen.view["migrations"]:
        user = row["org_id"], row["user_id"]
        newest[user] = max(row["generation"], newest.get(user, 0))
    rows = seen.view.open_migrations()
    several = [user for user, count in Counter(row["user_id"] for row in rows).items() if count > 1]
    older = [name_of(row) for row in rows if newest[row["org_id"], row["user_id"]] > row["generation"]]
    return [f"I1 {user} has several open migrations" for user in several] + [
        f"I1 {name} is open beside a newer generation" for name in older
    ]


def i2_counters_are_the_ledger(seen: Evidence) -> list[str]:
    """The counters of licenses and storage are the sums of the ledger, and never above their ceiling."""
    broken: list[str] = []
    for row in seen.view["counters"]:
        entries = [it for it in seen.view["ledger"] if it["org_id"] == row["org_id"]]
        for state in ("reserved", "used"):
            mine = [it["storage_mb"] for it in entries if it["state"] == state]
            counted = row[f"licenses_{state}"], row[f"storage_{state}_mb"]
            if counted != (len(mine), sum(mine)):
                broken.append(
                    f"I2 counters of {row['org_id']} say {state} {counted}, the ledger {len(mine), sum(mine)}"
                )
        if row["licenses_reserved"] + row["licenses_used"] > row["licenses_ceiling"]:
            broken.append(f"I2 {row['org_id']} has given more licenses than its ceiling")
    return broken


def i2_who_has_a_license(seen: Evidence) -> list[str]:
    """A license is used by exactly those who are activated, and reserved for exactly those whose ticket is granted.

    Who was deleted since has given it back.
    """
    broken: list[str] = []
    ledger = {key_of(row): str(row["state"]) for row in seen.view["ledger"]}
    tickets = seen.view.by_migration("tickets")
    deleted = {row["user_id"] for row in seen.view["users"] if row["is_deleted"]}
    for row in seen.view["migrations"]:
        has = ledger.get(key_of(row), "released")
        is_granted = any(str(ticket["state"]) == "granted" for ticket in tickets.get(key_of(row), []))
        is_used = row["state"] in _HAVE_LICENSE and row["user_id"] not in deleted
        wanted = "used" if is_used else "reserved" if is_granted else "released"
        if has != wanted:
            broken.append(f"I2 {name_of(row)} is {row['state']}, its license is {has}, not {wanted}")
        if is_granted and row["state"] not in (*BEFORE_ACTIVATION, *_HAVE_LICENSE):
            broken.append(f"I2 {name_of(row)} is {row['state']} and holds a granted ticket")
    return broken


def i2_active_users_have_one(seen: Evidence) -> list[str]:
    """Every active Business Edition user of an organization of ours counts in its ledger."""
    used = {(row["org_id"], row["user_id"]) for row in seen.view["ledger"] if str(row["state"]) == "used"}
    return [
        f"I2 {user_id} is an active Business Edition user without a license"
        for user_id, user in seen.view.users.items()
        if user["org_id"] is not None
        and user["edition"] is Edition.BUSINESS
        and user["account_status"] is AccountStatus.ACTIVE
        and not user["is_deleted"]
        and (user["org_id"], user_id) not in used
    ]


def i3_one_live_link(seen: Evidence) -> list[str]:
    """One live link a migration at most, none in a migration that waits for no password, and each used once."""
    broken: list[str] = []
    tokens = seen.view.by_migration("reset_tokens")
    for row in seen.view["migrations"]:
        states = Counter(token["state"] for token in tokens.get(key_of(row), []))
        if states[TokenState.LIVE] > 1:
            broken.append(f"I3 {name_of(row)} has {states[TokenState.LIVE]} live links")
        if states[TokenState.LIVE] and row["state"] is not S.AWAITING_PASSWORD:
            broken.append(f"I3 {name_of(row)} is {row['state']} and has a live link")
        if states[TokenState.USED] > 1:
            broken.append(f"I3 {name_of(row)} has used {states[TokenState.USED]} links")
    return broken


def i3_a_password_for_a_link(seen: Evidence) -> list[str]:
    """Every password chosen used one link and stands in the journal; the last confirmed one is the user's."""
    broken: list[str] = []
    used = Counter(row["user_id"] for row in seen.view["reset_tokens"] if row["state"] is TokenState.USED)
    journaled = Counter(row["user_id"] for row in seen.view["journal"] if row["action"] == "choose_password")
    confirmed = Counter(user_id for user_id, _ in seen.chosen)
    if used != journaled:
        broken.append(f"I3 links used {dict(used)}, passwords journaled {dict(journaled)}")
    broken += [
        f"I3 {it} was told {confirmed[it]} times of a password, used {used[it]} links" for it in confirmed - used
    ]
    return broken


def i4_no_session_between(seen: Evidence) -> list[str]:
    """Nobody has an open session from his deactivation until he has chosen his password or signed in federated."""
    closed = (*BEFORE_ACTIVATION, S.ACTIVATED, S.AWAITING_PASSWORD, S.EXPIRED)
    waits = {row["user_id"] for row in _newest(seen.view) if row["state"] in closed and row["state"] is not S.DETECTED}
    return [
        f"I4 {row['user_id']} has an open session"
        for row in seen.view["sessions"]
        if row["ended_at"] is None and row["user_id"] in waits
    ]


def i4_accounts_are_what_the_state_says(seen: Evidence) -> list[str]:
    """Blocked users are inactive guests, activated ones active Business users with a locked or reset credential."""
    broken: list[str] = []
    for row in seen.view.open_migrations():
        user = seen.view.users[row["user_id"]]
        is_before = row["state"] in BEFORE_ACTIVATION and row["state"] is not S.DETECTED
        if is_before and user["account_status"] is not AccountStatus.INACTIVE:
            broken.append(f"I4 {name_of(row)} is {row['state']}, the account is {user['account_status']}")
        if row["state"] in AFTER_ACTIVATION and (user["account_status"], user["edition"]) != (
            AccountStatus.ACTIVE,
            Edition.BUSINESS,
        ):
            broken.append(
                f"I4 {name_of(row)} is {row['state']}, the account {user['account_status']} {user['edition']}"
            )
        waits = row["state"] in (S.ACTIVATED, S.AWAITING_PASSWORD)
        if waits and user["credential_state"] is CredentialState.SET:
            broken.append(f"I4 {name_of(row)} is {row['state']}, and an old password opens the account")
    return broken


def i5_legal_moves_only(seen: Evidence) -> list[str]:
    """The journal of a migration is one chain of legal moves; no one becomes active without a selection."""
    broken: list[str] = []
    for key, entries in seen.view.by_migration("journal").items():
        state: S | None = None
        for entry in entries:
            source, target = entry["source"], entry["target"]
            if state is not None and source is not state:
                broken.append(f"I5 {key}: {entry['action']} goes on from {source}, where {state} was")
            if source is not None and source is not target and (source, target) not in _MOVES:
                broken.append(f"I5 {key}: {entry['action']} moves {source} to {target}")
            state = target
    unselected = [row for row in seen.view["migrations"] if row["state"] in _HAVE_LICENSE and row["wave_id"] is None]
    return broken + [f"I5 {name_of(row)} is {row['state']} and was never selected" for row in unselected]


def i6_every_mail_once(seen: Evidence) -> list[str]:
    """A mail has one link; it arrives once, and each surplus copy pairs with one injected ambiguous fault or return."""
    broken: list[str] = []
    rows = {row["mail_id"]: row for row in seen.view["mails"]}
    by_id: dict[str, list[ReceivedMail]] = defaultdict(list)
    for mail in seen.mails:
        by_id[mail.mail_id].append(mail)
    faults, returned = Counter(seen.ambiguous), Counter(seen.returned)
    for mail_id, copies in by_id.items():
        row = rows.get(mail_id)
        if row is None:
            broken.append(f"I6 mail {mail_id} was received and has no row")
            continue
        name = f"{row['kind']} {mail_id} of {row['user_id'] or row['org_id']}"
        allowed = returned[mail_id] + (0 if row["kind"] in AT_MOST_ONCE else faults[mail_id])
        if len(copies) - 1 > allowed:
            broken.append(f"I6 {name} was received {len(copies)} times, {allowed} faults and returns explain a copy")
        if len({copy.link for copy in copies}) > 1:
            broken.append(f"I6 {name} was received with several links")
        if row["token_id"] is not None and not copies[0].link:
            broken.append(f"I6 {name} was received without a link")
    return broken


def i6_accepted_mails_arrived(seen: Evidence) -> list[str]:
    """What the store calls accepted was received; what nobody could write to, or was suppressed, was not."""
    broken: list[str] = []
    received = {mail.mail_id for mail in seen.mails}
    unknown = {*seen.ambiguous, *seen.returned}
    for row in seen.view["mails"]:
        name = f"{row['kind']} {row['mail_id']} of {row['user_id'] or row['org_id']}"
        if row["state"] is MailState.ACCEPTED and row["mail_id"] not in received:
            broken.append(f"I6 {name} is accepted and never arrived")
        never = row["state"] in (MailState.QUEUED, MailState.SUPPRESSED, MailState.BOUNCED)
        if never and row["mail_id"] in received - unknown:
            broken.append(f"I6 {name} is {row['state']} and arrived")
    kinds = Counter((*key_of(row), row["kind"], row["round"], row["about"]) for row in seen.view["mails"])
    return broken + [f"I6 {mail} has several rows" for mail, count in kinds.items() if count > 1]


def i6_sending_is_on_disk_first(seen: Evidence) -> list[str]:
    """Before the relay hears of a mail the store says so, and a link that is mailed is known by then."""
    early = (MailState.QUEUED, MailState.DEFERRED, None)
    known = any(mail.state_on_disk is not None for mail in seen.mails)
    return [
        f"I6 mail {mail.mail_id} was spoken of with the relay while its row said {mail.state_on_disk}"
        for mail in seen.mails
        if known and mail.state_on_disk in early
    ]


def i7_to_whom_it_concerns(seen: Evidence) -> list[str]:
    """Mails go to an address that their user had, or to the Notification Email; links are those of his own tokens."""
    broken: list[str] = []
    rows = {row["mail_id"]: row for row in seen.view["mails"]}
    tokens = {row["digest"]: row for row in seen.view["reset_tokens"]}
    for mail in seen.mails:
        row = rows.get(mail.mail_id)
        if row is None:
            continue
        to_office = row["kind"] in ADMINISTRATOR_MAILS
        allowed = seen.notification_emails if to_office else seen.addresses.get(row["user_id"], frozenset())
        if allowed and mail.recipient not in allowed:
            broken.append(f"I7 {row['kind']} of {row['user_id']} went to somebody else")
        if not mail.link:
            continue
        token = tokens.get(digest_of(mail.link.rpartition("/")[2]))
        if token is None or token["user_id"] != row["user_id"]:
            broken.append(f"I7 {row['kind']} of {row['user_id']} carries a link of {token and token['user_id']}")
    return broken


def i14_no_contact_is_copied(seen: Evidence) -> list[str]:
    """Contacts are as they were: a migration copies none."""
    if seen.contacts is None:
        return []
    kept = {tuple(row.values()) for row in seen.contacts}
    return [
        f"I14 a contact of {row['owner_user_id']} is new"
        for row in seen.view["contacts"]
        if tuple(row.values()) not in kept
    ]


def _newest(view: View) -> list[Row]:
    newest: dict[str, Row] = {}
    for row in view["migrations"]:
        newest[row["user_id"]] = row
    return list(newest.values())


AT_ALL_TIMES: tuple[Invariant, ...] = (
    i1_one_open_migration,
    i2_counters_are_the_ledger,
    i2_who_has_a_license,
    i2_active_users_have_one,
    i3_one_live_link,
    i4_no_session_between,
    i4_accounts_are_what_the_state_says,
    i5_legal_moves_only,
    i6_every_mail_once,
    i6_sending_is_on_disk_first,
    i7_to_whom_it_concerns,
    i14_no_contact_is_copied,
)
