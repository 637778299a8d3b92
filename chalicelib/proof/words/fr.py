# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, in French.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
times, ids, numbers and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
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
    # The conclusion
    "state.confirmed": "D’après le registre, le consentement aux {scope} a été donné par double"
    " confirmation (double opt-in) le {at}. Aucun retrait et aucune opposition ne sont consignés"
    " jusqu’à l’entrée {last}, la dernière avant la création de ce dossier.",
    "state.ended": "D’après le registre, le consentement aux {scope} a été donné par double"
    " confirmation (double opt-in) le {at}. Il a pris fin le {ended}\u00a0: {how}.",
    "state.given": "Un consentement aux {scope} a été consigné le {at}, mais sans double"
    " confirmation. Aucun retrait et aucune opposition ne sont consignés jusqu’à l’entrée {last},"
    " la dernière avant la création de ce dossier.",
    "state.given.ended": "Un consentement aux {scope} a été consigné le {at}, mais sans double"
    " confirmation. Il a pris fin le {ended}\u00a0: {how}.",
    "state.unconfirmed": "Aucun consentement aux {scope} n’est consigné. Un formulaire"
    " d’inscription a été envoyé le {at}, mais il n’a jamais été confirmé.",
    "state.refused": "Aucun consentement aux {scope} n’est consigné. Un formulaire d’inscription a"
    " été envoyé le {at}\u00a0; la personne qui a reçu le courriel de confirmation a refusé le"
    " {answered}.",
    "state.imported": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at}, le"
    " responsable du traitement a importé cette adresse et déclaré qu’il existe un consentement."
    " Qu’il l’ait déclaré est prouvé\u00a0; le consentement ne l’est pas.",
    "state.imported.ended": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at},"
    " le responsable du traitement a importé cette adresse et déclaré qu’il existe un"
    " consentement. Qu’il l’ait déclaré est prouvé\u00a0; le consentement ne l’est pas. Cela a"
    " pris fin le {ended}\u00a0: {how}.",
    "state.attested": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at}, un"
    " autre système du responsable du traitement a déclaré qu’il existe un consentement. Qu’il"
    " l’ait déclaré est prouvé\u00a0; le consentement ne l’est pas.",
    "state.attested.ended": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at},"
    " un autre système du responsable du traitement a déclaré qu’il existe un consentement. Qu’il"
    " l’ait déclaré est prouvé\u00a0; le consentement ne l’est pas. Cela a pris fin le"
    " {ended}\u00a0: {how}.",
    "state.attested.before": "Aucun consentement aux {scope} n’a été donné par ce système. Le"
    " {at}, un autre système du responsable du traitement a déclaré qu’il existe un"
    " consentement\u00a0; avant cela, le {before}, il a été consigné\u00a0: {how}. La déclaration"
    " du responsable ne l’annule pas.",
    "state.imported.before": "Aucun consentement aux {scope} n’a été donné par ce système. Le"
    " {at}, le responsable du traitement a importé cette adresse et déclaré qu’il existe un"
    " consentement\u00a0; avant cela, le {before}, il a été consigné\u00a0: {how}. La déclaration"
    " du responsable ne l’annule pas.",
    "state.basis": "Aucun consentement aux {scope} n’est consigné. Les courriels reposent sur une"
    " vente (soft opt-in) que le responsable du traitement a consignée le {at}. Aucune opposition"
    " n’est consignée jusqu’à l’entrée {last}, la dernière avant la création de ce dossier.",
    "state.basis.ended": "Aucun consentement aux {scope} n’est consigné. Les courriels reposaient"
    " sur une vente (soft opt-in) que le responsable du traitement a consignée le {at}. Cela a"
    " pris fin le {ended}\u00a0: {how}.",
    "state.basis.before": "Aucun consentement aux {scope} n’est consigné. Le {at}, le responsable"
    " du traitement a consigné une vente (soft opt-in)\u00a0; avant cela, le {before}, il a été"
    " consigné\u00a0: {how}. Une vente ne l’annule pas.",
    "state.erased": "Les données à caractère personnel de cette chaîne ont été effacées le {at}"
    " (motif\u00a0: {ground}). Ce qui reste prouve que {count} entrées existaient avant"
    " l’effacement, de quelle sorte était chacune et quand elle a été faite. Cela ne nomme"
    " personne, et après le {final}, quand la dernière sauvegarde de la clé a disparu, personne ne"
    " peut l’ouvrir.",
    "state.none": "Cette chaîne ne consigne aucun consentement pour ce qui a été demandé.",
    # Facts
    "fact.request": "{at}\u00a0: l’adresse {address} a été saisie dans un formulaire d’inscription"
    " de {brand} et envoyée (entrée {n}).",
    "fact.request.unnamed": "{at}\u00a0: un formulaire d’inscription de {brand} a été envoyé"
    " (entrée {n}). L’adresse saisie est {closed}.",
    "fact.typed": "Elle a été écrite {typed}.",
    "fact.repeats": "Cela s’est fait avec le bouton d’un lien de confirmation expiré\u00a0: la"
    " demande antérieure {event} est répétée, d’où viennent formulaire, texte et choix. Le"
    " formulaire n’a pas été montré de nouveau.",
    "fact.origin": "Adresse réseau d’origine\u00a0: {ip}.",
    "fact.origin.none": "Aucune adresse réseau d’origine n’est consignée.",
    "fact.origin.closed": "L’adresse réseau d’origine est {closed}.",
    "fact.notice": "Le formulaire montrait le texte {notice}, publié auparavant comme entrée"
    " {index} du journal et reproduit ci-dessous.",
    "fact.notice.unpublished": "Le formulaire montrait le texte {notice}\u00a0; sa publication"
    " antérieure ne fait pas partie de ce dossier.",
    "fact.ticked": "Il demandait le consentement à\u00a0: {purposes}. Aucune case n’était cochée"
    " quand le formulaire a été servi\u00a0; qui l’a envoyé a coché chacune de celles-ci.",
    "fact.ticked.before": "Il demandait le consentement à\u00a0: {purposes}. D’après l’entrée, des"
    " cases étaient déjà cochées quand le formulaire a été servi.",
    "fact.ticked.unknown": "Il demandait le consentement à\u00a0: {purposes}. L’état des cases"
    " quand le formulaire a été servi n’est pas consigné.",
    "fact.ticked.closed": "Il demandait le consentement à\u00a0: {purposes}. L’indication de"
    " l’état des cases quand le formulaire a été servi est {closed}.",
    "fact.mail": "{at}\u00a0: un courriel de confirmation a été remis pour envoi (entrée {n}).",
    "fact.mail.accepted": "Le serveur destinataire l’a accepté le {at} (déclaration de"
    " l’opérateur).",
    "fact.mail.outcome": "Ce qu’il en est advenu\u00a0: {outcome}, {at} (déclaration de"
    " l’opérateur).",
    "fact.mail.answer": "Le serveur a répondu\u00a0: «\u00a0{answer}\u00a0».",
    "fact.mail.unknown": "Ce dossier ne dit pas si le serveur destinataire l’a accepté.",
    "fact.confirmed": "{at}\u00a0: le bouton de confirmation a été actionné sur la page à laquelle"
    " mène le lien du courriel (entrée {n}). La double confirmation était alors complète.",
    "fact.confirmed.otherwise": "{at}\u00a0: le consentement a été consigné comme donné {via}"
    " (entrée {n}). Aucun acte propre de la personne par ce système n’est consigné avec lui.",
    "fact.confirmed.alone": "{at}\u00a0: un consentement a été consigné comme donné (entrée {n})."
    " Cette chaîne ne contient ni demande ni courriel de confirmation à ce sujet.",
    "fact.confirmed.link": "Le courriel et la confirmation citent la même demande et le même lien"
    " à usage unique.",
    "fact.unconfirmed": "Aucune confirmation n’est consignée jusqu’à l’entrée {last}, la dernière"
    " avant la création de ce dossier. Une demande seule n’est pas un consentement.",
    "fact.refused": "{at}\u00a0: la demande a été refusée par le lien du courriel (entrée {n}).",
    "fact.imported": "{at}\u00a0: le responsable du traitement a importé l’adresse {address} et"
    " déclaré qu’il existe un consentement (entrée {n}).",
    "fact.imported.unnamed": "{at}\u00a0: le responsable du traitement a importé une adresse et"
    " déclaré qu’il existe un consentement (entrée {n}). L’adresse est {closed}.",
    "fact.imported.grade": "Degré de preuve déclaré\u00a0: {grade}.",
    "fact.imported.claimed": "Le responsable du traitement déclare que le consentement a été donné"
    " le {claimed}.",
    "fact.imported.proves": "Le registre prouve quand cela a été déclaré. Il ne prouve pas que le"
    " consentement a été donné, par qui, ni à quoi.",
    "fact.attested": "{at}\u00a0: un autre système du responsable du traitement a inscrit"
    " l’adresse {address} et déclaré qu’il existe un consentement (entrée {n}).",
    "fact.attested.unnamed": "{at}\u00a0: un autre système du responsable du traitement a inscrit"
    " une adresse et déclaré qu’il existe un consentement (entrée {n}). L’adresse est {closed}.",
    "fact.attested.claimed": "Il déclare que la personne a agi le {claimed}.",
    "fact.attested.origin": "Il déclare {ip} comme adresse réseau d’origine.",
    "fact.attested.notice": "Il déclare que le texte {notice} a été affiché\u00a0; il a été publié"
    " comme entrée {index} du journal et est reproduit ci-dessous.",
    "fact.attested.notice.unpublished": "Il déclare que le texte {notice} a été affiché\u00a0; sa"
    " publication ne fait pas partie de ce dossier.",
    "fact.attested.ticked": "Il déclare que les cases correspondantes étaient cochées\u00a0:"
    " {purposes}. L’état des cases avant cela n’est pas consigné.",
    "fact.basis": "{at}\u00a0: le responsable du traitement a consigné que l’adresse a été obtenue"
    " lors d’une vente (entrée {n}).",
    "fact.basis.proves": "Ce n’est pas un consentement. De tels courriels ne sont permis que pour"
    " des produits ou services analogues du responsable lui-même, et seulement si la personne"
    " pouvait s’y opposer lors de la vente et dans chaque courriel (article 13, paragraphe 2, de"
    " la directive 2002/58/CE)\u00a0; ce dossier ne prouve pas que c’était le cas.",
    "fact.basis.named": "{at}\u00a0: le responsable du traitement a consigné que l’adresse"
    " {address} a été obtenue lors d’une vente (entrée {n}).",
    "fact.basis.sale": "Il déclare comme vente «\u00a0{sale}\u00a0», comme produit"
    " «\u00a0{product}\u00a0» et comme date {sold}.",
    "fact.basis.objection": "Il déclare que la possibilité de s’opposer a été offerte à la"
    " personne le {offered}\u00a0: «\u00a0{offer}\u00a0».",
    "fact.before": "Avant cela, le {at}, il a été consigné\u00a0: {how} (entrée {n}). Ce que le"
    " responsable du traitement déclare ensuite ne l’annule pas. Après la déclaration, aucun"
    " retrait et aucune opposition ne sont consignés jusqu’à l’entrée {last}, la dernière avant la"
    " création de ce dossier.",
    "fact.changed": "{at}\u00a0: {event} (entrée {n}). Cela concerne les {scope}.",
    "fact.ended": "{at}\u00a0: {how} (entrée {n}). Cela couvre les {scope}.",
    "fact.ended.reason": "Motif indiqué\u00a0: {reason}.",
    "fact.ended.campaign": "Cela venait du courriel de la campagne {campaign} (identifiant de"
    " remise {delivery}).",
    "fact.ended.delivery": "Cela venait du courriel portant l’identifiant de remise {delivery}.",
    "fact.not_ended": "Aucun retrait et aucune opposition ne sont consignés jusqu’à l’entrée"
    " {last}, la dernière avant la création de ce dossier.",
    "fact.stopped": "{at}\u00a0: {event}, motif\u00a0: {reason} (entrée {n}).",
    "fact.erased": "{at}\u00a0: les données à caractère personnel ont été effacées (entrée"
    " {n})\u00a0; motif\u00a0: {ground}. L’entrée révèle la clé de la chaîne\u00a0: avec elle,"
    " chacun peut compter les {count} entrées qui la précèdent, et n’en ouvrir aucune.",
    "fact.erased.final": "Après le {final}, aucune sauvegarde ne contient de clé qui les ouvre.",
    "fact.sent": "Courriels de campagnes envoyés à ce titre, d’après la déclaration de"
    " l’opérateur\u00a0: {count}.",
    # What was sent after the end
    "after.none": "D’après la déclaration de l’opérateur, rien n’a été envoyé après cela ({end}),"
    " jusqu’à l’entrée {index} du journal.",
    "after.some": "D’après la déclaration de l’opérateur, des courriels ont été envoyés après cela"
    " ({end})\u00a0: {count}. Ils sont signalés ci-dessous.",
    "after.later": "Courriels envoyés après cela ({end}) et reposant sur une entrée ultérieure de"
    " cette chaîne\u00a0: {count}.",
    "after.unknown": "Ce qui a été envoyé n’est plus consigné.",
    "after.selective": "Cela ne vaut que pour les listes et finalités demandées.",
    "after.mark": "envoyé après la fin ({end})",
    "end.consent.withdrawn": "retrait",
    "end.objection.recorded": "opposition",
    "end.consent.expired": "expiration",
    "end.consent.invalidated": "invalidation",
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
    # Events and their ways
    "event.consent.requested": "Consentement demandé\u00a0: un formulaire a été envoyé",
    "event.consent.mail_sent": "Courriel de confirmation remis pour envoi",
    "event.consent.confirmed": "Consentement confirmé",
    "event.consent.refused": "Consentement refusé",
    "event.consent.renewed": "Consentement renouvelé",
    "event.consent.changed": "Choix des finalités modifié",
    "event.consent.withdrawn": "Consentement retiré",
    "event.consent.expired": "Consentement expiré",
    "event.consent.invalidated": "Consentement déclaré non valable par le responsable du"
    " traitement",
    "event.consent.imported": "Consentement affirmé par une importation\u00a0; non donné ici",
    "event.consent.imported.api": "Consentement déclaré par un autre système du responsable du"
    " traitement\u00a0; non donné ici",
    "event.basis.recorded": "Vente consignée comme fondement (soft opt-in)",
    "event.objection.recorded": "Opposition à la prospection",
    "event.right.requested": "Demande de la personne consignée",
    "event.right.answered": "Réponse à la demande de la personne",
    "event.right.extended": "Délai de réponse à une demande prolongé",
    "event.right.refused": "Demande de la personne refusée",
    "event.hold.placed": "Conservé pour des actions en justice",
    "event.hold.released": "N’est plus conservé ou n’est plus limité",
    "event.identifier.changed": "Adresse modifiée",
    "event.data.unsealed": "Données scellées ouvertes par le responsable du traitement",
    "event.suppression.added": "Envois à l’adresse arrêtés",
    "event.subject.restricted": "Traitement limité",
    "event.subject.erased": "Données à caractère personnel effacées",
    "event.bundle.exported": "Dossier de preuve créé",
    "via.list-unsub-post": "par la désinscription en un clic d’un logiciel de messagerie (RFC"
    " 8058)",
    "via.page": "sur une page du responsable du traitement",
    "via.complaint": "par un signalement d’indésirable transmis par le fournisseur de messagerie",
    "via.reply": "par réponse à un courriel",
    "via.operator": "par le personnel du responsable du traitement",
    "via.api": "par un autre système du responsable du traitement",
    # Reasons and grades
    "reason.access": "accès",
    "reason.rectification": "rectification",
    "reason.erasure": "effacement",
    "reason.restriction": "limitation",
    "reason.portability": "portabilité",
    "reason.objection": "opposition",
    "reason.legal-claim": "actions en justice",
    "reason.legal-duty": "obligation légale",
    "reason.ended": "n’est plus nécessaire",
    "reason.not-the-person": "ce n’est pas la personne qui a répondu",
    "reason.notice-defect": "ce qui a été montré avait un défaut",
    "reason.evidence-lost": "les preuves ont été perdues",
    "reason.policy": "règle propre du responsable du traitement",
    "reason.search": "recherche",
    "reason.proof": "preuve",
    "reason.access-request": "demande d’accès de la personne",
    "reason.support": "aide demandée par la personne",
    "reason.bounce": "courriel revenu de l’adresse",
    "reason.complaint": "signalement d’indésirable",
    "reason.bundle.exported.complaint": "réclamation",
    "reason.manual": "décidé par le responsable du traitement",
    "reason.unsubscribed": "désinscription",
    "reason.erased": "données à caractère personnel effacées",
    "reason.accuracy-contested": "la personne conteste l’exactitude",
    "reason.unlawful": "traitement illicite",
    "reason.erasure-requested": "effacement demandé",
    "reason.not-needed": "n’est plus nécessaire à la finalité",
    "reason.withdrawn": "consentement retiré",
    "reason.child": "données d’un enfant",
    "reason.unconfirmed": "la demande n’a jamais été confirmée",
    "reason.authority": "demande d’une autorité",
    "reason.audit": "audit",
    "grade.A": "A, double confirmation à heure prouvée",
    "grade.B": "B, double confirmation",
    "grade.C": "C, déclaré par le responsable du traitement",
    "grade.D": "D, une importation pour laquelle le responsable dit conserver des documents",
    "grade.E": "E, une importation avec la seule parole du responsable du traitement",
    "grade.none": "aucun\u00a0; sans documents, il ne vaut pas plus que la parole du responsable"
    " (E)",
    # Limits, and how to check
    "limit.1": "Cela ne prouve pas que la personne derrière une boîte aux lettres est une personne"
    " physique déterminée.",
    "limit.2": "Cela ne prouve pas qu’un acte que le responsable du traitement n’a jamais écrit"
    " n’a pas eu lieu.",
    "limit.3": "Les adresses réseau, noms de navigateur et pages sont ce que le logiciel du"
    " visiteur a indiqué.",
    "limit.4": "Les heures viennent de l’horloge du responsable, sauf si le verdict sur le temps"
    " dit autre chose.",
    "limit.5": "Ce qui est appelé déclaration de l’opérateur est l’affirmation du responsable et"
    " n’est pas prouvé.",
    "limit.6": "Seul un lecteur du journal entier remarquerait deux entrées écrites pour une même"
    " place de la chaîne.",
    "limit.7": "La clé du journal n’est digne de confiance que par un fichier de politique obtenu"
    " ailleurs que dans le dossier.",
    "check.1": "Cette page n’est qu’une aide à la lecture et ne prouve rien. Appliquez le"
    " vérificateur au dossier entier\u00a0; README.txt dit comment, avec nos outils et sans aucun"
    " d’eux. Une page modifiée échoue au verdict integrity.",
    "check.2": "Procurez-vous le vérificateur et le fichier de politique ailleurs que dans ce"
    " dossier\u00a0: le vérificateur dans le dépôt du projet, la politique sur la page {policy} du"
    " responsable du traitement ou auprès de quelqu’un qui surveille le journal.",
    # README.txt
    "readme.title": "Dossier de preuve",
    "readme.inside": "Contenu",
    "readme.file.manifest.json": "SHA-256 et taille de chaque fichier sauf les deux fichiers"
    " d’export",
    "readme.file.policy.txt": "les clés que le responsable du traitement publie pour son journal",
    "readme.file.checkpoint.note": "l’état signé du journal auquel mène chaque preuve",
    "readme.file.chain.json": "la clé qui montre que ces entrées sont toute la chaîne, et leur"
    " nombre",
    "readme.file.events/": "chaque entrée\u00a0: feuille, valeurs ouvertes, preuve d’inclusion",
    "readme.file.mails/": "courriels de confirmation tels qu’ils ont été envoyés",
    "readme.file.notices/": "ce qui a été montré, octet pour octet, et l’entrée de publication",
    "readme.file.privacy/": "la politique de confidentialité de ce jour-là et son entrée",
    "readme.file.campaigns/": "ce que disaient les campagnes, et que la personne y était prévue",
    "readme.file.deliveries.json": "ce qui a été envoyé et quand\u00a0: déclaration de"
    " l’opérateur, non prouvé",
    "readme.file.anchors/": "horodatages (RFC 3161) d’états antérieurs du journal",
    "readme.file.record.jsonld": "l’enregistrement du consentement (ISO/IEC TS 27560)",
    "readme.file.receipt.jsonld": "le même sous forme de reçu",
    "readme.file.report.html": "le tout en mots, à lire et à imprimer",
    "readme.file.export.*": "l’entrée faite à la création de ce dossier\u00a0; lie manifest.json",
    "readme.verify": "Vérifier",
    "readme.get": "Procurez-vous le vérificateur et policy.txt ailleurs que dans ce dossier\u00a0:"
    " le vérificateur\n"
    "dans le dépôt du projet Kvitto (tools/), la politique sur la page /ledger/policy du\n"
    "responsable ou auprès de quelqu’un qui surveille le journal. Aucun réseau n’est nécessaire.",
    "readme.python": 'Avec Python 3.9 ou plus récent et son paquet "cryptography"\u00a0:',
    "readme.verdicts": "Chaque ligne est un verdict à part\u00a0: PASS (réussi), FAIL (échoué) ou"
    " NOT PROVEN\n"
    "(le dossier ne contient rien qui puisse le prouver). Lisez-les tous.",
    "readme.browser": "Ou ouvrez verify_proof.html dans un navigateur et donnez-lui ce fichier et"
    " policy.txt.\n"
    "Rien ne quitte l’ordinateur.",
    "readme.openssl": "Avec openssl et des outils courants seulement",
    "readme.signature": "Décompressez. La signature du journal sur checkpoint.note (OpenSSL"
    " 3)\u00a0:",
    "readme.files": "Le SHA-256 de chaque fichier est dans manifest.json\u00a0; celui de"
    ' manifest.json est "man"\n'
    "   dans export.leaf.json\u00a0:",
    "readme.leaf": "L’empreinte de feuille d’une entrée, à combiner avec celles de son .tlog-proof"
    " (RFC 6962)\u00a0:",
    "readme.disclosure": "Une valeur ouverte\u00a0: chaque ligne d’un fichier .disclosures est le"
    " base64url de [sel,\n"
    "   nom, valeur]\u00a0; le base64url du SHA-256 de la ligne (sans fin de ligne) est dans"
    ' "_sd".',
    "readme.stamp": "Un horodatage, s’il y en a un\u00a0; roots.pem contient les certificats"
    " racines auxquels vous\n"
    "   faites confiance, SIZE est le nombre dans le nom du fichier\u00a0:",
}
