"""The file of `starter.py org apply`: one organization, validated whole, every fault at once with its path.

Keys are in camelCase, as in the product's CSV. What the file does not name stays as it is; a list that is named
(domains, administrators) and `policies` replace what was there.
"""

from difflib import get_close_matches
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, ValidationError
from pydantic.alias_generators import to_camel

from edition_migration.domain.errors import InvalidInput, Problem
from edition_migration.domain.events.organization import MAXIMUM_LICENSES, MAXIMUM_STORAGE_MB
from edition_migration.domain.organization import Activation, OrganizationSettings, PasswordRules
from edition_migration.domain.policies import Actions, PolicyAction, PolicyGroup, PolicySet
from edition_migration.domain.texts import Address, Name, OpaqueId, OptionalUrl, OwnDomain, WebUrl, Zone
from edition_migration.domain.validation import broken, problems_of

_FILE = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)
_UNKNOWN_KEY = "is not known here"


def _once_each(values: tuple[str, ...]) -> tuple[str, ...]:
    """The same name in another spelling counts once; the first place stays."""
    if not values:
        raise broken("is an empty list", "name one at least, or leave it out")
    return tuple(dict.fromkeys(values))


_LIST = Field(max_length=1000)
_ONCE = AfterValidator(_once_each)


class PasswordEntry(PasswordRules):
    model_config = _FILE


class SettingsEntry(OrganizationSettings):
    """The settings of an organization; only those that are named are changed."""

    model_config = _FILE

    password: PasswordEntry = Field(  # pyright: ignore[reportIncompatibleVariableOverride] - a frozen model
        default=PasswordEntry(), description="What a new password must be like"
    )
    zone: Zone = Field(
        default="UTC",
        description="The time zone of times in mails to those who have not chosen one",
        examples=["Europe/Berlin"],
    )

    def changed(self, current: OrganizationSettings) -> OrganizationSettings:
        """`current` with what the file names."""
        given = self.model_dump(exclude_unset=True)
        password = {**current.password.model_dump(), **given.pop("password", {})}
        return OrganizationSettings.model_validate({**current.model_dump(), **given, "password": password})


class PoliciesEntry(BaseModel):
    """`organization` and, by name, `groups`: each an action with `on` or `off`."""

    model_config = _FILE

    organization: Actions = Field(
        default_factory=dict[PolicyAction, bool | None],
        description="What everybody of the organization may do: an action, on or off",
        examples=[{"external_file_transfer": False}],
    )
    groups: dict[Name, Actions] = Field(
        default_factory=dict[str, Actions],
        description="What a Policy Group may do, by its name; where both speak of an action, off wins",
        examples=[{"Finance": {"desktop_sharing": False}}],
    )

    def policy_set(self) -> PolicySet:
        groups = tuple(PolicyGroup(name=name, actions=actions) for name, actions in self.groups.items())
        return PolicySet(organization=self.organization, groups=groups)


def _help_url_at_the_top(settings: SettingsEntry) -> SettingsEntry:
    if "help_url" in settings.model_fields_set:
        raise broken("holds helpUrl, which stands at the top of the file", "move it there")
    return settings


class OrganizationFile(BaseModel):
    """One organization as its file says. None means: the file does not name it."""

    model_config = _FILE

    id: OpaqueId = Field(description="The organization's id, for good; no address", examples=["acme"])
    name: Name | None = Field(default=None, description="Its name, as users read it", examples=["Acme Cooperative"])
    domains: Annotated[tuple[OwnDomain, ...], _LIST, _ONCE] | None = Field(
        default=None, description="Its mail domains; one that is left out is removed", examples=[["acme.example"]]
    )
    administrators: Annotated[tuple[Address, ...], _LIST, _ONCE] | None = Field(
        default=None, description="Addresses of its administrators", examples=[["admin@acme.example"]]
    )
    notification_email: Address | None = Field(
        default=None, description="The address to which the service writes", examples=["it@acme.example"]
    )
    client_download_url: WebUrl | None = Field(
        default=None, description="Where users get the new client", examples=["https://acme.example/client"]
    )
    licenses_purchased: Annotated[StrictInt, Field(ge=0, le=MAXIMUM_LICENSES)] | None = Field(
        default=None, description="Licenses of the Business Edition", examples=[200]
    )
    storage_purchased_mb: Annotated[StrictInt, Field(ge=0, le=MAXIMUM_STORAGE_MB)] | None = Field(
        default=None, description="Storage, in MB", examples=[100000]
    )
    single_sign_on: StrictBool | None = Field(
        default=None, description="Whether users sign in with the company account, and so get no link", examples=[True]
    )
    help_url: OptionalUrl | None = Field(
        default=None, description="Where users find help", examples=["https://help.acme.example/migration"]
    )
    policies: PoliciesEntry | None = Field(default=None, description="What users may do after their migration")
    settings: Annotated[SettingsEntry, AfterValidator(_help_url_at_the_top)] = Field(
        default=SettingsEntry(), description="How the migration goes"
    )

    @classmethod
    def parse(cls, document: object) -> Self:
        """Raises InvalidInput with every problem, each with its path as in the file."""
        if not isinstance(document, dict):
            raise _invalid(_NO_KEYS)
        try:
            return cls.model_validate(document)
        except ValidationError as error:
            problems = tuple(_with_mend(problem) for problem in problems_of(error))
        raise _invalid(*problems)

    def changed_settings(self, current: OrganizationSettings) -> OrganizationSettings:
        """`current` with the settings and the help URL that the file names.

        Raises InvalidInput where the file would have users activated later by nothing, which is at once.
        """
        settings = self.settings.changed(current)
        is_named = not _ABOUT_ACTIVATION.isdisjoint(self.settings.model_fields_set)
        if is_named and settings.activation is Activation.DELAYED and not settings.activation_delay:
            raise _invalid(_NO_DELAY)
        return settings if self.help_url is None else settings.model_copy(update={"help_url": self.help_url})


_NO_KEYS = Problem(
    "id", "is missing, since the file is empty, a list or a plain text", "begin with a line like id: acme"
)
_NO_DELAY = Problem(
    "settings.activationDelay",
    "is no delay, but settings.activation is delayed",
    "give one like 2d, or change the other",
)
_ABOUT_ACTIVATION = frozenset({"activation", "activation_delay"})


def _invalid(*problems: Problem) -> InvalidInput:
    return InvalidInput("the organization file is not valid; nothing was changed", problems=problems)


def _with_mend(problem: Problem) -> Problem:
    """With what only the file's models know: how a setting is taken away, and the nearest key."""
    if problem.path in _MAY_BE_NONE:
        return problem._replace(mend=f"{problem.mend}, or null for none")
    if problem.reason != _UNKNOWN_KEY:
        return problem
    key = problem.path.rpartition(".")[2]
    nearest = get_close_matches(key, _KNOWN_KEYS, n=1, cutoff=0.7)
    return problem._replace(mend=f'write "{nearest[0]}", or remove it') if nearest else problem


_MAY_BE_NONE = frozenset(
    f"settings.{field.alias}" for field in SettingsEntry.model_fields.values() if field.default is None
)
_KNOWN_KEYS = sorted(
    str(field.alias)
    for model in (OrganizationFile, PoliciesEntry, SettingsEntry, PasswordEntry)
    for field in model.model_fields.values()
)
