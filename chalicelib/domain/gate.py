# SPDX-License-Identifier: Apache-2.0
"""The abuse gate of sign-up forms: what is known of a submission, and what becomes of it.

Guarantees that a real person is never lost silently and a robot never told a success that was
none: whatever looks wrong leads to one visible step, and only a used-up network budget or a rule
of the form's own ends in words. The table of docs/spec/abuse.md is this module's test.
"""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.addresses import Address
from chalicelib.domain.forms import Rule
from chalicelib.domain.signup import Problem

ROLE_MAILBOXES = frozenset(
    {
        *("abuse", "admin", "administrator", "billing", "contact", "datenschutz", "dpo"),
        *("everyone", "help", "helpdesk", "hostmaster", "hr", "info", "it", "jobs", "kontakt"),
        *("mail", "mailer-daemon", "marketing", "news", "no-reply", "noc", "noreply", "office"),
        *("postmaster", "press", "privacy", "root", "sales", "security", "service", "spam"),
        *("staff", "support", "team", "usenet", "uucp", "webmaster", "www"),
    }
)
"""Local parts several people tend to read. Source: RFC 2142, and what companies use."""


class Proof(StrEnum):
    """What became of the proof of work."""

    VALID = "valid"
    MISSING = "missing"
    BAD = "bad"
    REUSED = "reused"


class Cause(StrEnum):
    """Why a visitor is asked for one more step; the page says it in words."""

    HONEYPOT = "honeypot"
    DISPOSABLE = "disposable"
    ROLE = "role"
    NO_MAIL = "no-mail"
    PLAIN_BUDGET = "plain-budget"
    FORM_BUDGET = "form-budget"


class Outcome(StrEnum):
    """What becomes of a submission."""

    ACCEPT = "accept"
    STEP = "step"
    REFUSED = "refused"
    OVER_BUDGET = "over-budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What is known of a submission before anything that depends on its address being known.

    Attributes:
        honeypot: the input that people do not see was filled in.
        fast: sent sooner after the form was shown than the form allows; None when not known.
        disposable: the form's rule for such an address when it is one, else allow.
        role: likewise for an address that several people read.
        no_mail: likewise for one at whose domain no mail arrives, as DNS says.
        step: a step we gave out for this very submission came back, for the first time.
    """

    proof: Proof = Proof.MISSING
    honeypot: bool = False
    fast: bool | None = None
    disposable: Rule = Rule.ALLOW
    role: Rule = Rule.ALLOW
    no_mail: Rule = Rule.ALLOW
    step: bool = False

    @property
    def is_weak(self) -> bool:
        """Whether nothing speaks for a person: no valid proof, or not known to be slow enough."""
        return self.proof is not Proof.VALID or self.fast is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class Budgets:
    """Which budgets were used up before this submission."""

    network: bool = False
    plain: bool = False
    form: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of a submission; ``cause`` of a step, ``problem`` of a refusal."""

    outcome: Outcome
    cause: Cause | None = None
    problem: Problem | None = None


ACCEPT = Verdict(outcome=Outcome.ACCEPT)
OVER_BUDGET = Verdict(outcome=Outcome.OVER_BUDGET)


def decide(signs: Signs, budgets: Budgets) -> Verdict:
    """Return the verdict of docs/spec/abuse.md, the first row that fits."""
    if budgets.network:
        return OVER_BUDGET
    for rule, problem in (
        (signs.disposable, Problem.DISPOSABLE_ADDRESS),
        (signs.role, Problem.ROLE_ADDRESS),
        (signs.no_mail, Problem.UNDELIVERABLE_ADDRESS),
    ):
        if rule is Rule.REFUSE:
            return Verdict(outcome=Outcome.REFUSED, problem=problem)
    if signs.step:
        return ACCEPT
    for is_so, cause in (
        (signs.honeypot, Cause.HONEYPOT),
        (signs.disposable is Rule.STEP, Cause.DISPOSABLE),
        (signs.role is Rule.STEP, Cause.ROLE),
        (signs.no_mail is Rule.STEP, Cause.NO_MAIL),
        (signs.is_weak and budgets.plain, Cause.PLAIN_BUDGET),
        (signs.is_weak and budgets.form, Cause.FORM_BUDGET),
    ):
        if is_so:
            return Verdict(outcome=Outcome.STEP, cause=cause)
    return ACCEPT


def draws(signs: Signs) -> bool:
    """Whether the submission draws on the tight budgets: it is weak, and nothing else stops it."""
    return signs.is_weak and not signs.step and decide(signs, Budgets()) == ACCEPT


def is_role(address: Address) -> bool:
    """Whether several people tend to read the mailbox; what follows a plus does not count.

    Example:
        >>> from chalicelib.domain.addresses import parse_address
        >>> is_role(parse_address("Info+news@example.org"))
        True
    """
    local = address.normal.rpartition("@")[0]
    return local.partition("+")[0] in ROLE_MAILBOXES
