# SPDX-License-Identifier: Apache-2.0
"""Why somebody gets a brand's mail: each basis that stands, in the words it was asked for with.

Guarantees that every reason names the very entry it rests on, and quotes a sentence only where the
sealed part of an entry says which form asked.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from chalicelib.domain.ids import ListId, PurposeId
from chalicelib.domain.state import ConsentKey, ConsentStatus, Scope
from chalicelib.ports.catalog import Forms
from chalicelib.services.dossier import Dossier, Page
from chalicelib.vocabulary import EventType


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One basis.

    Attributes:
        list, purpose: None of a soft opt-in, which covers the brand.
        sentence: as it was shown; "" where no entry tells.
        since_ms: when it was given, Unix milliseconds.
        act: type of the entry it rests on, and that entry's number in the chain.
        receipt: path of the entry's receipt.
    """

    list: ListId | None
    purpose: PurposeId | None
    sentence: str
    since_ms: int
    act: EventType
    entry: int
    receipt: str


def reasons(
    dossier: Dossier, scope: Scope, forms: Forms, receipt: Callable[[int], str]
) -> tuple[Reason, ...]:
    """Return every basis on which the brand may write, consents first, by list and purpose.

    Args:
        dossier: of a living person, opened.
        receipt: the path of the receipt of an entry by its number.
    """
    state = dossier.chain.state if dossier.chain else None
    if state is None or scope in state.objections:
        return ()
    found = []
    for key, held in sorted(state.consents.items()):
        if (key.brand, key.channel) == scope and held.status is ConsentStatus.GIVEN:
            found.append(
                Reason(
                    list=key.list,
                    purpose=key.purpose,
                    sentence=_sentence(key, dossier.pages[: held.entry + 1], forms),
                    since_ms=held.since_ms,
                    act=dossier.pages[held.entry].event.type,
                    entry=held.entry,
                    receipt=receipt(held.entry),
                )
            )
    if scope in state.soft_opt_ins:
        page = dossier.pages[state.soft_opt_ins[scope]]
        found.append(
            Reason(
                list=None,
                purpose=None,
                sentence="",
                since_ms=page.event.at_ms,
                act=page.event.type,
                entry=page.n,
                receipt=receipt(page.n),
            )
        )
    return tuple(found)


def _sentence(key: ConsentKey, pages: Iterable[Page], forms: Forms) -> str:
    """What stood beside the box: of the entries up to the consent's own, the latest that tells."""
    for page in reversed(tuple(pages)):
        if key.list not in page.event.lists or key.purpose not in page.event.purposes:
            continue
        choice = (page.claims.choice if page.claims else None) or {}
        name, version = choice.get("form"), choice.get("version")
        if not isinstance(name, str) or not isinstance(version, int):
            continue
        form = forms.get(name, version)
        language = str(((page.claims.session if page.claims else None) or {}).get("lang", ""))
        sentences = form.sentences((key.purpose,), language) if form else ()
        if sentences:
            return sentences[0]
    return ""
