"""The reference of what programs read: the JSON document and the CSV of each verb, from the models."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from docs.site.tables import code, page, table
from edition_migration.application.audit import ChainView, VerificationView
from edition_migration.application.import_file import ImportReport
from edition_migration.application.own_text_views import (
    KeptProblem,
    KeptProblemsView,
    MailPreview,
    OwnTextAnswer,
    OwnTextLine,
    OwnTextsView,
    OwnTextView,
    TestReceipt,
)
from edition_migration.application.plan_views import PlanView
from edition_migration.application.timeline import TimelineLine, TimelineView
from edition_migration.application.user_views import UserView
from edition_migration.application.views import (
    AppliedChanges,
    CommandView,
    EventLine,
    InboxView,
    ListedMail,
    MailPage,
    OrganizationLine,
    OrganizationList,
    OrganizationView,
    PauseAnswer,
    ReceiptView,
    SelectionView,
    StateCount,
    StatusView,
    UserLine,
    UserPage,
)
from edition_migration.application.wave_views import MemberLine, WaveDetail, WaveLine, WaveList, WaveReport
from edition_migration.cli.output import camel
from edition_migration.domain.diagnosis import Diagnosis, Finding
from edition_migration.domain.differences import Difference, DifferencesView
from edition_migration.domain.purge import PurgeView
from edition_migration.domain.waves import WaveAnswer
from edition_migration.settings_table import SettingRow, SettingsTable

ON_USERS = ("deselect", "exclude", "activate", "cancel", "undo", "extend", "resend", "retry", "fix-address")
DOCUMENTS: dict[str, type[BaseModel]] = {
    "doctor": Diagnosis,
    "config": SettingsTable,
    "org apply": AppliedChanges,
    "org list": OrganizationList,
    "org show": OrganizationView,
    "import users": ImportReport,
    "import contacts": ImportReport,
    "event": ReceiptView,
    "inbox": InboxView,
    "pending": UserPage,
    "parked": UserPage,
    "export": UserPage,
    "status": StatusView,
    "plan": PlanView,
    "select": SelectionView,
    **dict.fromkeys(ON_USERS, CommandView),
    "wave list": WaveList,
    "wave show": WaveDetail,
    **dict.fromkeys(("wave pause", "wave resume", "wave cancel"), WaveAnswer),
    "wave retry-failed": CommandView,
    "wave report": WaveReport,
    "pause": PauseAnswer,
    "resume": PauseAnswer,
    "user show": UserView,
    "user timeline": TimelineView,
    "mails list": MailPage,
    "mails texts": OwnTextsView,
    "mails check": KeptProblemsView,
    "mails show": OwnTextView,
    "mails set": OwnTextAnswer,
    "mails undo": OwnTextAnswer,
    "mails preview": MailPreview,
    "mails send-test": TestReceipt,
    "reconcile": DifferencesView,
    "purge": PurgeView,
    "audit verify": VerificationView,
}
LINES: dict[str, type[BaseModel]] = {
    "doctor": Finding,
    "config": SettingRow,
    "org list": OrganizationLine,
    "inbox": EventLine,
    **dict.fromkeys(("pending", "parked", "export"), UserLine),
    "status": StateCount,
    "wave list": WaveLine,
    "wave report": MemberLine,
    "user timeline": TimelineLine,
    "mails list": ListedMail,
    "mails texts": OwnTextLine,
    "mails check": KeptProblem,
    "reconcile": Difference,
    "audit verify": ChainView,
}
"""What a line of the CSV is; the columns are its fields, written `likeThis`."""

WORDS: dict[Any, str] = {
    str: "text",
    Path: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    datetime: "time",
    timedelta: "span",
}

FOREWORD = """`--json` writes one document, `--csv` a header and a line for each. Fields are only added. Times are
ISO 8601 in UTC, spans are ISO 8601 in JSON (`P7D`) and short in CSV (`7d`). What is empty
is null in JSON, and nothing in CSV."""
OTHERS = """`plan`, `select` and the commands on users write as CSV the row that named the user, then `status`,
`reason` and `nextStep`. `audit export` writes the journal's entries, as [the journal](../audit.md) describes them.
`config --organization` writes the rows of [the organization's settings](organization.md)."""


def output_page() -> str:
    models = list(dict.fromkeys(it for model in DOCUMENTS.values() for it in _with_parts(model)))
    overview = [(code(verb), _linked(model), _columns(LINES.get(verb))) for verb, model in DOCUMENTS.items()]
    return page(
        "JSON and CSV",
        FOREWORD,
        table(("Verb", "JSON document", "Columns of the CSV"), overview),
        OTHERS,
        *(_section(model) for model in models),
    )


def _columns(model: type[BaseModel] | None) -> str:
    return ", ".join(code(camel(name)) for name in model.model_fields) if model else ""


def _section(model: type[BaseModel]) -> str:
    own = model.__dict__.get("__doc__") or ""
    text = " ".join(own.split())
    rows = [(code(name), _type(field.annotation)) for name, field in model.model_fields.items()]
    return "\n\n".join(it for it in (f"## {model.__name__}", text, table(("Field", "Type"), rows)) if it)


def _with_parts(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _models_in(field.annotation):
            yield from _with_parts(part)


def _models_in(kind: Any) -> Iterator[type[BaseModel]]:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield kind
    for part in get_args(kind):
        yield from _models_in(part)


def _type(kind: Any) -> str:
    """In words, with links to the parts."""
    parts = [it for it in get_args(kind) if it is not Ellipsis]
    if get_origin(kind) in {Union, UnionType}:
        words = " or ".join(_type(it) for it in parts if it is not NoneType)
        return f"{words}, or null" if NoneType in parts else words
    if get_origin(kind) is Annotated:
        return _type(parts[0])
    if get_origin(kind) is Literal:
        return ", ".join(code(it) for it in parts)
    if get_origin(kind) in {tuple, list}:
        return f"list of {_type(parts[0])}"
    if get_origin(kind) in {dict, Mapping}:
        return f"object, names with {_type(parts[1])}"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return _linked(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "one of " + ", ".join(code(it.value) for it in kind)
    return WORDS.get(kind, "any value")


def _linked(model: type[BaseModel]) -> str:
    return f"[{model.__name__}](#{model.__name__.lower()})"
