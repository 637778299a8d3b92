# SPDX-License-Identifier: Apache-2.0
"""The words the lint of forms looks for, as data: by language, patterns over folded text.

Guarantees the same keys in every language. A pattern is matched against lower-case text whose
typographic apostrophes are plain. It names acts ("send me", "share my data"), not nouns: a
sentence about measurement may well mention the newsletter.
"""

from collections.abc import Mapping
from typing import Final

Words = Mapping[str, str]

WITHDRAWAL: Final[Words] = {
    "en": r"withdraw|unsubscribe|revoke|opt out",
    "sv": r"återkalla|avregistrera|avsluta|avanmäl|säga upp",
    "de": r"widerruf|abmeld|abbestell",
    "fr": r"retirer|retrait|désabonn|désinscri|révoqu",
}
"""What says that consent can be withdrawn."""

ACTS: Final[Mapping[str, Words]] = {
    "mail": {
        "en": (
            r"\b(send|e-?mail|notify|write to) me\b"
            r"|\b(receive|get|subscribe to|sign me up for)\b.{0,60}"
            r"\b(newsletters?|news|e-?mails?|mails?|offers?|updates?|advertising)\b"
        ),
        "sv": (
            r"\b(skicka|mejla|maila|e-posta)\b.{0,60}"
            r"\b(mig|nyhetsbrev\w*|mejl|e-post|erbjudanden?|reklam)\b"
            r"|\b(få|ta emot|prenumerera på)\b.{0,40}"
            r"\b(nyhetsbrev\w*|nyheter|erbjudanden?|reklam)\b"
        ),
        "de": (
            r"(newsletter|angebote|neuigkeiten|werbung|informationen|e-mails?)\b.{0,80}"
            r"\b(zu)?(senden|schicken|mailen)\b"
            r"|(newsletter|angebote|neuigkeiten|werbung)\b.{0,60}\b(erhalten|bekommen|abonnieren)\b"
            r"|\b(erhalte|bekomme|abonniere)\b.{0,60}(newsletter|angebote|neuigkeiten|werbung)"
        ),
        "fr": (
            r"\b(m'envoyer|m'écrire|m'adresser)\b"
            r"|\b(recevoir|reçois|m'abonner)\b.{0,60}"
            r"\b(newsletters?|infolettres?|lettres?|actualités?|offres?|courriels?|e-?mails?)\b"
        ),
    },
    "measurement": {
        "en": (
            r"\b(measures?|tracks?|analy[sz]es?|evaluates?) (whether|if|how|what|which|when|where"
            r"|my|me|the|that|opens?|openings?|clicks?|reading|use|usage|behaviou?r|e-?mails?)\b"
        ),
        "sv": (
            r"\b(mäta|mäter|spåra|spårar|analysera|analyserar) (om|hur|vad|vilka|när|mig|mitt"
            r"|min|mina|öppning\w*|klick\w*|läsning\w*|beteende\w*|utskick\w*)\b"
        ),
        "de": (
            r"\b(messen|auswerten|analysieren|nachverfolgen|tracken),? (ob|wie|was|welche\w*)\b"
            r"|\b(mein\w*|öffnung\w*|klick\w*|verhalten|nutzung)\b.{0,30}"
            r"\b(messen|auswerten|analysieren|nachverfolgen|tracken)\b"
        ),
        "fr": (
            r"\b(mesurer|analyser|tracer|pister) (si|quand|comment|quel\w*|mes|mon|ma|ce que"
            r"|l'ouverture|les ouvertures|les clics)\b"
        ),
    },
    "profile": {
        "en": r"\b(build|create|keep|make) (a|my) profile\b|\bprofile me\b"
        r"|\bpersonali[sz]es? (the|my|its|these|what|e-?mails?|offers?|contents?)\b",
        "sv": r"\b(profilera|personanpassa)\b|\bskapa en profil\b",
        "de": r"\bprofil\w* (erstellen|bilden|anlegen)\b|(?<!zum )\bpersonalisieren\b",
        "fr": r"\bprofiler\b|\b(établir|créer) (un|mon) profil\b|(?<!à )\bpersonnaliser\b",
    },
    "sharing": {
        "en": (
            r"\b(share|pass|disclose|transfer|sell|give)\b.{0,40}\b(data|details|address)\b"
            r".{0,40}\b(with|on|to)\b"
        ),
        "sv": (
            r"\b(dela|lämna ut|lämna vidare|överföra|sälja)\b.{0,40}\b(uppgifter|data|adress)"
            r"|\b(uppgifter|adress)\w*\b.{0,30}\b(delas|lämnas ut|säljs)\b"
        ),
        "de": (
            r"\b(daten|adresse|angaben)\b.{0,80}"
            r"\b(weitergeben|weiterleiten|übermitteln|teilen|verkaufen)\b"
        ),
        "fr": (
            r"\b(partager|transmettre|communiquer|céder|vendre|transférer)\b.{0,40}"
            r"\b(données|coordonnées|adresse)\b"
        ),
    },
    "other channels": {
        "en": r"\b(call|phone|ring|text) me\b|\bby (phone|telephone|text message|sms|post)\b",
        "sv": r"\b(ringa|telefonera)\b|\b(per|via|med) (telefon|sms|post|brev)\b",
        "de": r"\banrufen\b|\btelefonisch\b|\bper (telefon|sms|post|brief)\b",
        "fr": r"\bm'appeler\b|\bme téléphoner\b|\bpar (téléphone|sms|courrier|voie postale)\b",
    },
    "terms": {
        "en": (
            r"\b(accept|agree (to|with)|have read)\b.{0,40}"
            r"\b(terms|conditions|privacy (policy|notice))\b"
        ),
        "sv": (
            r"\b(godkänner|accepterar|samtycker till|har läst)\b.{0,40}"
            r"(villkor|integritetspolicy|personuppgiftspolicy)"
        ),
        "de": (
            r"\b(akzeptiere|stimme|habe)\b.{0,60}"
            r"(\bagb\b|nutzungsbedingungen|geschäftsbedingungen|datenschutzerklärung)"
        ),
        "fr": (
            r"\b(accepte|approuve|ai lu)\b.{0,40}"
            r"\b(conditions|cgu|cgv|politique de confidentialité)\b"
        ),
    },
}
"""What a sentence lets somebody do; two of them in one box are two purposes."""

_NOT: Final[Words] = {
    "en": r"\b(not|never|no|nobody|without|nor)\b(?! only)|n't\b",
    "sv": r"\b(inte|aldrig|utan|ej|varken|ingen|inga)\b(?! (bara|enbart))",
    "de": r"\b(nicht|nie|niemals|niemand\w*|ohne|kein\w*|weder)\b(?! nur)",
    "fr": r"\b(ne|sans|jamais|ni|aucune?)\b|\bn'",
}
_OWN: Final[Words] = {
    "en": r"\b(order|book|reserve|ask)\b",
    "sv": r"\b(beställ|boka|reserver|fråga)",
    "de": r"bestell|reservier|buchen|fragen",
    "fr": r"\b(commander|réserver|demander)\b",
}
EXEMPT: Final[Mapping[str, Words]] = {
    **dict.fromkeys(("measurement", "profile", "sharing", "vague"), _NOT),
    "other channels": {code: f"{_NOT[code]}|{_OWN[code]}" for code in _NOT},
}
"""What, beside an act, says that it is not done ("never share"), or by the person ("I order")."""

SHAMING: Final[Words] = {
    "en": (
        r"\bno,? thanks?\b|\bi('d| would)? (rather|prefer) (to )?(pay|miss|stay|not)\b"
        r"|(?<!\bif )(?<!when )(?<!once )(?<!\bas )"
        r"\bi (hate|dislike|(don't|do not) (want|like|need|care))\b(?! to miss)[^.,;:!?]{0,16}"
        r"\b(offers?|news\w*|e-?mails?|mails?|updates?|advertising|sav(e|ing)|money|discounts?"
        r"|deals?|bargains?|free|gifts?|better|health\w*|learn\w*|success\w*)\b"
    ),
    "sv": (
        r"\bnej,? tack\b|\bjag (betalar|missar|slösar|avstår|förblir)\b.{0,12}\bhellre\b"
        r"|\bhellre (betala|missa|slösa|avstå|förbli)"
        r"|\bjag (vill|bryr mig|gillar|behöver|orkar) inte\b(?! missa)[^.,;:!?]{0,24}"
        r"\b(nyhet\w*|erbjudand\w*|rabatt\w*|mejl|e-post|reklam|spara\w*|pengar|gratis"
        r"|billig\w*|bättre|lära)\b"
    ),
    "de": (
        r"\bnein,? danke\b|\bich (zahle|bezahle|verpasse|verzichte|bleibe)\b.{0,12}\blieber\b"
        r"|\blieber\b.{0,30}\b(zahlen|bezahlen|verpassen|verzichten)\b"
        r"|\bich (will|möchte|brauche|mag) (\w+ )?(nicht|kein\w*)\b"
        r"(?![^.,;:!?]{0,40}\b(verpassen|entgehen)\b)[^.,;:!?]{0,24}"
        r"\b(angebot\w*|rabatt\w*|newsletter\w*|neuigkeit\w*|nachricht\w*|e-mails?|werbung"
        r"|sparen|geld|gratis|kostenlos\w*|schnäppchen|besser\w*)\b"
    ),
    "fr": (
        r"\bnon,? merci\b|\bje préfère (payer|rater|manquer|rester|ne pas)\b"
        r"|(?<!\bsi )(?<!que )(?<!quand )"
        r"\bje (ne |n')(veux|souhaite|désire|aime|ai) pas\b(?! (manquer|rater))"
        r"[^.,;:!?]{0,24}\b(offres?|newsletters?|infolettres?|lettres?|actualités?|nouvelles"
        r"|courriels?|e-?mails?|publicité|économis\w*|argent|réductions?|gratuit\w*|promotions?"
        r"|cadeaux?|mieux)\b"
    ),
}
"""A choice worded so that somebody is ashamed of it, or a box that is ticked to refuse."""

VAGUE: Final[Words] = {
    "en": (
        r"\bpartners?\b|\bthird part(y|ies)\b|\band more\b"
        r"|\b(other|selected|affiliated) companies\b|\baffiliates?\b|\betc\b"
        r"|\bamong other things\b|\bmarketing purposes\b"
    ),
    "sv": (
        r"\b(samarbets)?partner\w*\b|\btredje ?part\w*\b|\bmed mera\b|\bm\.m\.|\betc\b"
        r"|\b(andra|utvalda|närstående) (företag|bolag)\b|\bmarknadsföringssyften?\b"
    ),
    "de": (
        r"\b(\w+)?partnern?\b|\b(an|durch|für|mit|von) dritten?\b|\bund mehr\b"
        r"|\bu\. ?a\.|\busw\b|\betc\b"
        r"|\b(andere|ausgewählte|verbundene)n? unternehmen\b|\bmarketingzwecken?\b"
    ),
    "fr": (
        r"\bpartenaires?\b|\btiers\b|\bet (bien )?plus encore\b|\betc\b"
        r"|\b(autres|certaines) (sociétés|entreprises)\b|\bfins (de marketing|commerciales)\b"
    ),
}
"""Words that leave open who gets the data or what for."""

IN_RETURN: Final[Words] = {
    "en": r"\bin (return|exchange)\b|\bas (a )?thank",
    "sv": r"\bi (utbyte|gengäld)\b|\bsom tack\b",
    "de": r"\bim gegenzug\b|\bdafür\b|\bals dank",
    "fr": r"\ben (échange|contrepartie|remerciement)\b",
}
"""What says that something is given for a consent."""

PRETICKED: Final = frozenset({"checked", "default", "prechecked", "preselected", "selected"})
"""Members that would tick a box beforehand; none is part of a form, each is refused by name."""
