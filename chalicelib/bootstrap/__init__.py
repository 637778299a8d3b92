# SPDX-License-Identifier: Apache-2.0
"""The composition root: the one place where ports, adapters and services meet.

Guarantees that a process makes each part once, at first use.
"""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from chalicelib.adapters.system import collect_less_often
from chalicelib.bootstrap.suppressions import SuppressionFileServices
from chalicelib.config import Settings
from chalicelib.services.access_links import AccessLinks
from chalicelib.services.access_mail import AccessMail, AccessRequests
from chalicelib.services.address_change import AddressChange
from chalicelib.services.address_mail import AddressMail
from chalicelib.services.api_keys import KeyRing
from chalicelib.services.confirmation import Confirmation
from chalicelib.services.confirmation_mail import ConfirmationMail
from chalicelib.services.enrolment import Enrolment
from chalicelib.services.gate import Gate, Limits
from chalicelib.services.link_results import LinkResults
from chalicelib.services.measurement import Measurement
from chalicelib.services.own_data import OwnData
from chalicelib.services.own_rights import OwnRights
from chalicelib.services.preferences import Preferences
from chalicelib.services.signup import Signup
from chalicelib.services.unsubscribe import Unsubscribe

if TYPE_CHECKING:
    from chalicelib.services.messages import MessageMail, Messages


class Container(SuppressionFileServices):
    """Everything a handler may ask for, made at first use; of its own, what visitors meet."""

    @cached_property
    def signup(self) -> Signup:
        """Sign-up forms."""
        return Signup(
            ledger=self.ledger,
            forms=self.forms,
            brands=self.brands,
            queues=self.queues,
            gate=self.gate,
        )

    @cached_property
    def enrolment(self) -> Enrolment:
        """Takes people in for another system of the controller."""
        return Enrolment(
            signup=self.signup,
            ledger=self.ledger,
            suppressor=self.suppressor,
            mail_domains=self.mail_domains,
            disposable=self.disposable_domains,
            forms=self.forms,
            brands=self.brands,
            lists=self.lists,
            clock=self.clock,
        )

    @cached_property
    def gate(self) -> Gate:
        """The abuse gate of sign-up forms."""
        return Gate(
            activity=self.activity,
            tokens=self.tokens,
            work=self.proof_of_work,
            disposable=self.disposable_domains,
            mail_domains=self.mail_domains,
            clock=self.clock,
            random=self.random,
            limits=Limits(
                network=self.settings.signups_per_hour,
                plain=self.settings.plain_signups_per_hour,
                form=self.settings.form_signups_per_hour,
            ),
        )

    @cached_property
    def confirmation(self) -> Confirmation:
        """Confirmation links."""
        return Confirmation(
            ledger=self.ledger,
            store=self.store,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            queues=self.queues,
            clock=self.clock,
        )

    @cached_property
    def confirmation_mail(self) -> ConfirmationMail:
        """Confirmation mails."""
        return ConfirmationMail(
            ledger=self.ledger,
            suppressor=self.suppressor,
            store=self.store,
            mails=self.mail_records,
            lines=self.checkpoint_lines,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            renderer=self.renderer,
            tokens=self.tokens,
            sender=self.service_sender,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def unsubscribe(self) -> Unsubscribe:
        """Unsubscribe links."""
        return Unsubscribe(
            ledger=self.ledger,
            brands=self.brands,
            lists=self.lists,
            campaigns=self.campaign_rows,
            deliveries=self.deliveries,
            reasons=self.reasons,
            activity=self.activity,
            tokens=self.tokens,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def measurement(self) -> Measurement:
        """Clicks and opens."""
        return Measurement(
            queues=self.queues,
            links=self.campaign_links,
            hits=self.hits,
            store=self.store,
            tokens=self.tokens,
            clock=self.clock,
        )

    @cached_property
    def link_results(self) -> LinkResults:
        """What was counted of campaigns' links."""
        return LinkResults(campaigns=self.campaign_rows, links=self.campaign_links, hits=self.hits)

    @cached_property
    def access_links(self) -> AccessLinks:
        """Links to one's own data."""
        return AccessLinks(store=self.access_rows, clock=self.clock, random=self.random)

    @cached_property
    def access_requests(self) -> AccessRequests:
        """Asking for such a link."""
        return AccessRequests(
            ledger=self.ledger,
            brands=self.brands,
            tokens=self.tokens,
            activity=self.activity,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
            per_hour=self.settings.signups_per_hour,
        )

    @cached_property
    def access_mail(self) -> AccessMail:
        """The mail with such a link."""
        return AccessMail(
            ledger=self.ledger,
            audience=self.audience,
            links=self.access_links,
            lines=self.checkpoint_lines,
            brands=self.brands,
            renderer=self.renderer,
            sender=self.service_sender,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def own_rights(self) -> OwnRights:
        """Rights that people use by themselves."""
        return OwnRights(ledger=self.ledger, rights=self.rights, erasures=self.erasures)

    @cached_property
    def address_change(self) -> AddressChange:
        """Changes of address."""
        return AddressChange(
            ledger=self.ledger,
            wishes=self.address_wishes,
            audience=self.audience,
            suppressor=self.suppressor,
            index=self.suppression_index,
            mail_domains=self.mail_domains,
            brands=self.brands,
            activity=self.activity,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def address_mail(self) -> AddressMail:
        """The mails of such a change."""
        return AddressMail(
            ledger=self.ledger,
            index=self.suppression_index,
            health=self.health,
            rests=self.rests,
            wishes=self.address_wishes,
            lines=self.checkpoint_lines,
            brands=self.brands,
            renderer=self.renderer,
            sender=self.service_sender,
            activity=self.activity,
            clock=self.clock,
            random=self.random,
            base_url=self.settings.base_url,
        )

    @cached_property
    def service_messages(self) -> "Messages":
        """Messages of a service, as they are taken in."""
        from chalicelib.services.messages import Messages  # noqa: PLC0415  # few requests ask

        return Messages(
            ledger=self.ledger,
            store=self.store,
            audience=self.audience,
            templates=self.template_rows,
            mails=self.service_mails,
            brands=self.brands,
            messages=self.message_rows,
            tokens=self.tokens,
            queues=self.queues,
            clock=self.clock,
            random=self.random,
        )

    @cached_property
    def message_mail(self) -> "MessageMail":
        """Messages of a service, as they are mailed."""
        from chalicelib.services.messages import MessageMail  # noqa: PLC0415  # as above

        return MessageMail(
            ledger=self.ledger,
            audience=self.audience,
            brands=self.brands,
            messages=self.message_rows,
            sender=self.service_sender,
            clock=self.clock,
        )

    @cached_property
    def preferences(self) -> Preferences:
        """The preference centre."""
        return Preferences(
            ledger=self.ledger,
            audience=self.audience,
            frequency=self.frequency,
            brands=self.brands,
            lists=self.lists,
            forms=self.forms,
            receipts=self.receipts,
            rights=self.rights,
            clock=self.clock,
        )

    @cached_property
    def own_data(self) -> OwnData:
        """Everything about a person, for that person."""
        return OwnData(
            ledger=self.ledger,
            store=self.store,
            audience=self.audience,
            frequency=self.frequency,
            traces=self.traces,
            hits=self.hits,
            links=self.campaign_links,
            known=self.own_facts,
            messages=self.message_rows,
            health=self.health_sight,
            wishes=self.address_wishes,
            rights=self.rights_records,
            brands=self.brands,
            lists=self.lists,
            campaigns=self.campaign_rows,
            clock=self.clock,
            storage=self.settings.storage,
        )

    @cached_property
    def key_ring(self) -> KeyRing:
        """API keys."""
        return KeyRing(
            keys=self.api_keys,
            clock=self.clock,
            random=self.random,
        )


@cache
def container() -> Container:
    """Return this process's container, from the environment; the first call reads it.

    Raises:
        FatalError: a setting is missing or unusable.
    """
    collect_less_often()
    return Container(Settings.from_env())
