# SPDX-License-Identifier: Apache-2.0
"""In French: the frame of a report: how to read it, its sections, and the names in its tables."""

from collections.abc import Mapping
from typing import Final

REPORT: Final[Mapping[str, str]] = {
    # How to read it, and the head
    "title": "Preuve du consentement",
    "how.ledger": "Chaque phrase cite l’entrée sur laquelle elle repose. «\u00a0Entrée 2\u00a0»"
    " est un numéro dans la chaîne d’entrées de cette personne, «\u00a0entrée 17 du journal\u00a0»"
    " une place dans le registre du responsable du traitement, un journal qui ne peut que croître."
    " Ce dossier prouve que chaque entrée figure dans ce journal, inchangée, et qu’aucune n’est"
    " omise.",
    "how.operator": "Ce qui est appelé «\u00a0déclaration de l’opérateur\u00a0» est ce que le"
    " responsable du traitement affirme lui-même. Cela est fixé depuis la création de ce dossier,"
    " et par rien d’antérieur.",
    "how.zone": "Les heures sont données en UTC et à l’heure de {city}, le fuseau horaire réglé"
    " par le responsable du traitement\u00a0; il n’a pas été demandé à la personne.",
    "how.utc": "Les heures sont données en UTC\u00a0; le responsable du traitement n’a réglé aucun"
    " autre fuseau horaire.",
    "how.clock": "Elles viennent de l’horloge du système du responsable du traitement. Le verdict"
    " du vérificateur sur le temps (time) dit dans quelle mesure elles sont prouvées.",
    "time.local": "heure de {city}",
    "head.about": "Personne",
    "head.erased": "n’est plus conservée",
    "head.controller": "Responsable du traitement",
    "head.made": "Établi",
    "head.exporter": "Demandé par",
    "head.recipient": "Remis à",
    "head.reason": "Motif",
    "head.asked": "Ce qui a été demandé",
    "head.entries": "Entrées de cette personne",
    "head.log": "Registre",
    "head.log.size": "{origin}, {size} entrées",
    "head.bundle": "Dossier",
    # Sections
    "sec.summary": "En bref",
    "sec.steps": "Les deux étapes du consentement",
    "sec.shown": "Ce qui a été montré",
    "sec.mail": "Le courriel de confirmation tel qu’il a été envoyé",
    "sec.privacy": "La politique de confidentialité de ce jour-là",
    "sec.sent": "Courriels envoyés à ce titre\u00a0: déclaration de l’opérateur",
    "sec.timeline": "Toutes les entrées, dans l’ordre",
    "sec.anchors": "Horodatages",
    "sec.closed": "Ce qui a été demandé et ce qui est resté fermé",
    "sec.limits": "Ce que cela ne prouve pas",
    "sec.check": "Comment le vérifier",
    # Scopes and values
    "scope": "courriels de {brand} (listes\u00a0: {lists}\u00a0; finalités\u00a0: {purposes})",
    "scope.every_brand": "toutes les marques du responsable",
    "scope.all": "toutes",
    "asked": "listes\u00a0: {lists}\u00a0; finalités\u00a0: {purposes}",
    "closed": "non ouverte dans ce dossier",
    "erased": "effacée",
    "nothing": "rien de consigné",
    "quoted": "«\u00a0{text}\u00a0»",
    "sep.value": "\u00a0: ",
    "sep.part": "\u00a0; ",
    "entry": "Entrée {n}",
    "log_entry": "entrée {index} du journal",
    # The steps
    "col.step": "Étape",
    "col.time": "Heure",
    "col.origin": "Adresse réseau d’origine",
    "col.browser": "Navigateur tel qu’il s’est nommé",
    "col.entry": "Entrée",
    "step.request": "1. Formulaire envoyé",
    "step.mail": "Courriel de confirmation envoyé",
    "step.answer": "2. Confirmé",
    "step.refused": "2. Refusé",
    "step.none": "2. Non confirmé",
    "step.not_applicable": "–",
    # What was shown, the mail, the privacy text
    "shown.page": "La page exactement telle qu’elle a été montrée\u00a0:",
    "shown.published": "Publié le {at} comme entrée {index} du journal\u00a0; cité par l’entrée"
    " {entries}.",
    "shown.unpublished": "Sa publication ne fait pas partie de ce dossier\u00a0; cité par l’entrée"
    " {entries}.",
    "shown.no_text": "Son texte brut ne fait pas partie de ce dossier\u00a0; ouvrez la page.",
    "shown.none": "Aucune entrée ne cite de texte montré.",
    "mail.heading": "Courriel de l’entrée {n}",
    "mail.from": "De",
    "mail.to": "À",
    "mail.subject": "Objet",
    "mail.message_id": "Identifiant du message chez Amazon SES",
    "mail.file": "Avec tous les en-têtes et la partie HTML\u00a0:",
    "mail.absent": "Le texte du courriel de l’entrée {n} n’est pas dans ce dossier\u00a0: il"
    " n’était pas nécessaire, n’est plus conservé, ou son lien de confirmation fonctionne encore.",
    "mail.none": "Aucun courriel de confirmation n’est consigné.",
    "privacy.page": "La page exactement telle qu’elle a été publiée\u00a0:",
    "privacy.recorded": "Consignée le {at} comme entrée {index} du journal.",
    "privacy.none": "Aucune politique de confidentialité ne fait partie de ce dossier.",
    # Mails sent
    "sent.note": "Ce tableau est la propre déclaration du responsable du traitement. Seules deux"
    " choses sont prouvées\u00a0: que la personne était prévue pour une campagne et ce que la"
    " campagne disait. Qu’un courriel soit parti, quand, et ce qu’il en est advenu, c’est le"
    " responsable qui le déclare. Le plan est fixé pendant l’envoi de la campagne\u00a0; son entrée"
    " peut donc suivre de peu les premiers courriels.",
    "sent.none": "La déclaration de l’opérateur ne cite aucun courriel de campagne.",
    "sent.gone": "Les indications sur les envois ont été effacées avec les données à caractère"
    " personnel.",
    "sent.allowed": "entrée {n} du {at}\u00a0: {event}",
    "sent.planned": "prévue\u00a0: prouvé par l’entrée {index} du journal du {at}",
    "sent.unsent": "aucune remise consignée",
    "sent.content": "ce qu’elle disait",
    "sent.answer": "réponse\u00a0: «\u00a0{answer}\u00a0»",
    "col.sent": "Remis",
    "col.campaign": "Campagne",
    "col.allowed": "Permis par",
    "col.planned": "Plan",
    "col.outcome": "Ce qu’il en est advenu",
    "outcome.sent": "remis au service de messagerie",
    "outcome.delivered": "accepté par le serveur destinataire",
    "outcome.delayed": "retardé",
    "outcome.bounced": "renvoyé par le serveur destinataire",
    "outcome.soft": "non remis, pour un motif passager",
    "outcome.full": "non remis, boîte pleine",
    "outcome.expired": "non remis à temps",
    "outcome.content": "refusé en raison de son contenu",
    "outcome.permanent": "non remis, l’adresse ne fonctionne pas",
    "outcome.complaint": "signalé comme indésirable",
    "outcome.listed": "non envoyé, le service de messagerie bloque l’adresse",
    "outcome.rejected": "refusé par le service de messagerie",
    "outcome.failed": "non envoyé, il n’a pas pu être composé",
    "outcome.unknown": "inconnu",
    # Timeline
    "col.scope": "Marque, listes, finalités",
    "col.empty": "Rien de consigné",
    "col.closed": "Laissé fermé",
    "col.gone": "Effacé",
    "claim.subject": "Qui",
    "claim.session": "D’où",
    "claim.choice": "Ce qui a été envoyé",
    "claim.link": "Se rattache à",
    "member.email": "adresse",
    "member.email_as_typed": "adresse telle qu’écrite",
    "member.email_before": "adresse précédente",
    "member.ip": "adresse réseau",
    "member.ua": "navigateur",
    "member.url": "page",
    "member.referrer": "venait de",
    "member.lang": "langue",
    "member.form": "formulaire",
    "member.version": "version du formulaire",
    "member.prechecked": "cases cochées d’avance",
    "member.privacy": "politique de confidentialité",
    "member.request": "demande",
    "member.previous": "empreinte de l’entrée précédente",
    "member.token_sha256": "lien à usage unique (empreinte)",
    "member.message_id": "identifiant du message",
    "member.feedback_id": "identifiant du retour",
    "member.delivery": "identifiant de remise",
    "member.grade": "degré déclaré",
    "member.clue": "trouvé par",
    "member.key": "clé d’API",
    "member.claimed_ts": "heure déclarée",
    "member.source": "source",
    "member.sale": "vente",
    "member.product": "produit",
    "member.sale_ts": "date de la vente",
    "member.objection_how": "comment l’opposition a été offerte",
    "member.objection_ts": "quand l’opposition a été offerte",
    "member.shown_as": "affiché comme",
    "member.taken": "cases décochées",
    "member.access": "lien vers ses propres données (empreinte)",
    "member.tag": "étiquette de campagne",
    "member.descriptor": "ce qui a été affiché (hachage)",
    "member.medium": "reçue par",
    "member.received_at": "reçue le",
    "member.received_by": "prise en charge par",
    "member.rights_request": "demande relative aux droits",
    "member.reason": "motif",
    "yes": "oui",
    "no": "non",
    # What stayed closed, and time stamps
    "closed.some": "Laissé fermé, car non nécessaire pour cela\u00a0:",
    "closed.line": "entrée {n}\u00a0: {claims}",
    "closed.none": "Rien n’est resté fermé.",
    "closed.erased": "Après l’effacement, rien ne peut être ouvert.",
    "closed.note": "Chaque entrée est liée à ce qu’elle garde fermé\u00a0; l’ouvrir plus tard ne"
    " change rien.",
    "anchors.line": "{at}\u00a0: l’état du journal à {size} entrées a été horodaté (RFC 3161). Les"
    " entrées du journal de numéro inférieur à {size} existaient alors.",
    "anchors.note": "Le verdict du vérificateur sur le temps (time) dit si les horodatages sont"
    " authentiques et ce qu’ils prouvent.",
    "anchors.none": "Aucun horodatage ne fait partie de ce dossier\u00a0: les heures reposent sur"
    " la seule horloge du responsable du traitement.",
}
