"""Facts that touch many rows, worked off page by page before the next event (design section 3)."""

from edition_migration.application.errand_cancel_wave import cancel_wave
from edition_migration.application.errand_mail_times import forget_mail_times
from edition_migration.application.errand_pages import ErrandKind
from edition_migration.application.errand_policies import follow_policies
from edition_migration.application.errand_renew_link import renew_link
from edition_migration.application.errand_resume import resume
from edition_migration.application.errand_review_domain import review_domain
from edition_migration.application.errand_review_user import review_user
from edition_migration.application.errand_sign_on import switch_sign_on
from edition_migration.application.links import LinkKeys
from edition_migration.domain.errors import ConfigurationError
from edition_migration.domain.progress import PageInput, PageOutcome
from edition_migration.ports.clock import Clock
from edition_migration.ports.store import Store


class Errands:
    """The organization's errands, oldest first."""

    def __init__(self, *, store: Store, clock: Clock, keys: LinkKeys) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys

    async def page(self, given: PageInput) -> PageOutcome:
        """One page of the oldest errand and its cursor, in one transaction; a repeat goes on behind the cursor."""
        async with self._store.write() as uow:
            errand = await uow.errands.next(given.org_id)
            if errand is None:
                return PageOutcome(more=False)
            now = self._clock.now()
            match errand.kind:
                case ErrandKind.REVIEW_DOMAIN:
                    count = await review_domain(uow, errand, now)
                case ErrandKind.REVIEW_USER:
                    count = await review_user(uow, errand, now)
                case ErrandKind.SIGN_ON:
                    count = await switch_sign_on(uow, errand, now, self._keys)
                case ErrandKind.POLICIES:
                    count = await follow_policies(uow, errand, now)
                case ErrandKind.RENEW_LINK:
                    count = await renew_link(uow, errand, now, self._keys)
                case ErrandKind.CANCEL_WAVE:
                    count = await cancel_wave(uow, errand, now)
                case ErrandKind.RESUME:
                    count = await resume(uow, errand, now)
                case ErrandKind.MAIL_TIMES:
                    count = await forget_mail_times(uow, errand, now)
                case unknown:
                    raise ConfigurationError(f"errand of kind {unknown!r} is not known", mend="deploy the newer code")
            await uow.commit()
        return PageOutcome(more=True, count=count)
