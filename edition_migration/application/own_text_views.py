"""Orders and answers about organizations' own texts: what the command line gives and shows. Times are UTC."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from edition_migration.domain.mail import MailKind
from edition_migration.domain.own_texts import OwnTextDraft, OwnTextResult


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class OwnTextName(_Model):
    """Which text is meant. `org` None: the only organization; `language` None: the organization's own."""

    org: str | None = None
    kind: str
    language: str | None = None


class OwnTextOrder(OwnTextName):
    """A text to keep, as it was typed. Repeated with the same command id, it gets the first answer."""

    subject: str
    body: str
    actor: str
    command_id: str


class UndoOrder(OwnTextName):
    """Back to the text before, or to ours. Repeated with the same command id, it gets the first answer."""

    actor: str
    command_id: str


class TestOrder(OwnTextName):
    """A mail to look at, to one address. Repeated with the same command id, it has the same Message-ID."""

    __test__ = False  # no test, whatever its name

    address: str
    command_id: str
    draft: OwnTextDraft | None = None


class OwnTextLine(_Model):
    """A text that is or was the organization's own. `is_own` False: ours holds again, and the subject is empty."""

    kind: MailKind
    language: str
    is_own: bool
    revision: int
    subject: str
    actor: str
    at: datetime


class OwnTextsView(_Model):
    """Empty: all texts are ours."""

    org_id: str
    texts: tuple[OwnTextLine, ...]


class OwnTextView(_Model):
    """One text in full; revision 0: it never was the organization's own."""

    org_id: str
    kind: MailKind
    language: str
    is_own: bool
    revision: int = 0
    subject: str = ""
    body: str = ""
    actor: str = ""
    at: datetime | None = None


class KeptProblem(_Model):
    """What a kept text breaks of today's rules: where in it, why, and what to do."""

    kind: MailKind
    language: str
    revision: int
    path: str
    reason: str
    mend: str


class KeptProblemsView(_Model):
    """`mails check`: empty where all own texts are good."""

    org_id: str
    problems: tuple[KeptProblem, ...]


class OwnTextAnswer(_Model):
    """What a command did; `revision` is the one that holds now, 0 where ours always did."""

    org_id: str
    kind: MailKind
    language: str
    revision: int
    result: OwnTextResult


class MailPreview(_Model):
    """A mail as its reader would get it, with sample values."""

    org_id: str
    kind: MailKind
    language: str
    is_own: bool
    subject: str
    preheader: str
    text: str
    html: str


class TestReceipt(_Model):
    """The relay's code, 250: it accepted the mail, which says nothing of its arrival."""

    __test__ = False

    org_id: str
    kind: MailKind
    language: str
    is_own: bool
    reply_code: int
