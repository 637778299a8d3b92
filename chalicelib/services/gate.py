# SPDX-License-Identifier: Apache-2.0
"""The abuse gate at work: reads the signs of a submission, counts, and raises what is decided.

Guarantees that nothing here depends on whether an address is known: all of it runs before the
first look into the ledger (promise 9), and its counters and claims hold keyed pseudonyms only.
Refuses by `domain.gate.decide` alone, whose table is docs/spec/abuse.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chalicelib.domain.durations import MINUTE_MS
from chalicelib.domain.forms import FieldType, Form, Rule
from chalicelib.domain.gate import Budgets, Outcome, Proof, Signs, decide, draws, is_role
from chalicelib.domain.ids import encode_id
from chalicelib.domain.networks import network_of
from chalicelib.domain.parameters import Parameter
from chalicelib.domain.signup import Problem, Submission, SubmissionError
from chalicelib.domain.typos import suggest
from chalicelib.errors import ExtraStep, OverBudget
from chalicelib.ports.gate import DisposableDomains, ProofOfWork, Task
from chalicelib.ports.outside import Activity
from chalicelib.ports.system import Clock, RandomBytes
from chalicelib.services.gate_tokens import NONCE_BYTES, STEP_LASTS_MS, GateTokens, step_binding
from chalicelib.services.link_tokens import LinkTokens
from chalicelib.services.mail_domains import MailDomains

HOUR_S = 3600
CHALLENGE_LASTS_MS = 10 * MINUTE_MS
SALT_BYTES = 12
_NUMBER_BYTES = 8
"""So many random bytes that the remainder favours no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Sign-ups an hour: ``network`` all of one network, ``plain`` and ``form`` the weak ones."""

    network: int
    plain: int
    form: int


class Gate:
    """Judges submissions; makes the challenges and tokens that speak for them."""

    def __init__(
        self,
        *,
        activity: Activity,
        tokens: LinkTokens,
        work: ProofOfWork,
        disposable: DisposableDomains,
        mail_domains: MailDomains,
        clock: Clock,
        random: RandomBytes,
        limits: Limits,
    ) -> None:
        self._activity = activity
        self._tokens = tokens
        self._own = GateTokens(tokens)
        self._work = work
        self._disposable = disposable
        self._mail_domains = mail_domains
        self._clock = clock
        self._random = random
        self._limits = limits

    def shown(self, form_id: str) -> str:
        """Return the time token of a form that is shown now: the parameter ``shown``."""
        return self._own.shown(form_id, self._clock.now_ms())

    def challenge(self, form_id: str) -> dict[str, str | int]:
        """Return a challenge for one submission of the form within ten minutes; keeps nothing."""
        number = int.from_bytes(self._random(_NUMBER_BYTES), "big") % (self._work.max_number + 1)
        task = Task(
            form=form_id,
            salt=self._random(SALT_BYTES),
            number=number,
            expires_s=(self._clock.now_ms() + CHALLENGE_LASTS_MS) // 1_000,
        )
        key = self._tokens.derived("challenge")[0]
        return {**self._work.challenge(key, task), "shown": self.shown(form_id)}

    def enter(self, network: str) -> None:
        """Draw one sign-up on the network's own budget.

        Raises:
            OverBudget: it is used up; nothing that depends on the address ran.
        """
        if self._count("signup", network_of(network)) > self._limits.network:
            raise OverBudget(
                "Too many sign-ups came from this network. Please try again in an hour."
            )

    def judge(
        self, form: Form, submission: Submission, values: Mapping[str, str], network: str
    ) -> None:
        """Let a submission pass, or raise what becomes of it.

        Args:
            values: HTTP parameters as submitted.

        Raises:
            ExtraStep: it is taken when it comes again with the step's token.
            SubmissionError: the form takes no such address.
        """
        notice = values.get(Parameter.NOTICE, "")
        binding = step_binding(form.id, network, notice, submission.fields)
        signs = self._signs(form, submission, values, binding)
        verdict = decide(signs, self._tight(form.id, network) if draws(signs) else Budgets())
        if verdict.outcome is Outcome.STEP:
            nonce = self._random(NONCE_BYTES)
            token = self._own.step(binding, self._clock.now_ms(), nonce)
            raise ExtraStep(str(verdict.cause), token, suggest(submission.address))
        if verdict.outcome is Outcome.REFUSED:
            asked = next(field for field in form.fields if field.type is FieldType.EMAIL)
            raise SubmissionError(
                {asked.name: verdict.problem or Problem.MALFORMED_ADDRESS},
                suggest(submission.address),
            )

    def _signs(
        self, form: Form, submission: Submission, values: Mapping[str, str], binding: list[str]
    ) -> Signs:
        guard, address = form.guard, submission.address
        disposable, role, no_mail = Rule.ALLOW, Rule.ALLOW, Rule.ALLOW
        if guard.disposable is not Rule.ALLOW:
            disposable = guard.disposable if address.domain in self._disposable else Rule.ALLOW
        if guard.role is not Rule.ALLOW:
            role = guard.role if is_role(address) else Rule.ALLOW
        if guard.no_mail is not Rule.ALLOW and Rule.REFUSE not in (disposable, role):
            is_no_mail = self._mail_domains.takes_none(address.domain)
            no_mail = guard.no_mail if is_no_mail else Rule.ALLOW
        step = self._stepped(values.get(Parameter.STEP, ""), binding)
        return Signs(
            proof=Proof.MISSING if step else self._proof(form.id, values.get(Parameter.ALTCHA, "")),
            honeypot=bool(values.get(Parameter.LEAVE_EMPTY, "").strip()),
            fast=self._fast(form, values.get(Parameter.SHOWN, "")),
            disposable=disposable,
            role=role,
            no_mail=no_mail,
            step=step,
        )

    def _stepped(self, token: str, binding: list[str]) -> bool:
        now_ms = self._clock.now_ms()
        nonce = self._own.step_nonce(binding, token, now_ms) if token else None
        return nonce is not None and self._once(f"step#{nonce}", now_ms, STEP_LASTS_MS)

    def _proof(self, form_id: str, answer: str) -> Proof:
        if not answer:
            return Proof.MISSING
        now_ms = self._clock.now_ms()
        for key in self._tokens.derived("challenge"):
            solved = self._work.solved(key, form_id, answer, now_ms)
            if solved is not None:
                is_new = self._once(f"altcha#{solved}", now_ms, 2 * CHALLENGE_LASTS_MS)
                return Proof.VALID if is_new else Proof.REUSED
        return Proof.BAD

    def _once(self, name: str, now_ms: int, lasts_ms: int) -> bool:
        """Whether nobody brought this before; a holder of its own makes every call another."""
        return self._activity.claim(name, encode_id(self._random(16)), now_ms, lasts_ms)

    def _fast(self, form: Form, shown: str) -> bool | None:
        shown_ms = self._own.shown_ms(form.id, shown) if shown else None
        if shown_ms is None:
            return None
        return self._clock.now_ms() - shown_ms < form.guard.min_fill_s * 1_000

    def _tight(self, form_id: str, network: str) -> Budgets:
        if self._count("plain", network_of(network)) > self._limits.plain:
            # A flood from one network must not use up what the form has for all others.
            return Budgets(plain=True)
        return Budgets(form=self._count("form", form_id) > self._limits.form)

    def _count(self, kind: str, whose: str) -> int:
        label = "network" if kind == "signup" else kind
        budget = f"{kind}#{self._tokens.blind(label, whose)}"
        return self._activity.count(budget, HOUR_S, self._clock.now_ms())
