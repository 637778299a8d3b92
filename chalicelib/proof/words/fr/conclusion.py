# SPDX-License-Identifier: Apache-2.0
"""In French: what a report concludes, and the facts it concludes from."""

from collections.abc import Mapping
from typing import Final

CONCLUSION: Final[Mapping[str, str]] = {
    # The conclusion
    "state.confirmed": "D’après le registre, le consentement aux {scope} a été donné par double"
    " confirmation (double opt-in) le {at}. Aucun retrait et aucune opposition ne sont consignés"
    " jusqu’à l’entrée {last}, la dernière avant la création de ce dossier.",
    "state.confirmed.part": "D’après le registre, le consentement aux {scope} a été donné par"
    " double confirmation (double opt-in) le {at}. Une partie en a été retirée plus tard\u00a0;"
    " jusqu’à l’entrée {last}, la dernière avant la création de ce dossier, cette partie ne l’a"
    " jamais été\u00a0: {left}.",
    "state.ended": "D’après le registre, le consentement aux {scope} a été donné par double"
    " confirmation (double opt-in) le {at}. Il a pris fin le {ended}\u00a0: {how}.",
    "state.given": "Un consentement aux {scope} a été consigné le {at}, mais sans double"
    " confirmation. Aucun retrait et aucune opposition ne sont consignés jusqu’à l’entrée {last},"
    " la dernière avant la création de ce dossier.",
    "state.given.part": "Un consentement aux {scope} a été consigné le {at}, mais sans double"
    " confirmation. Une partie en a été retirée plus tard\u00a0; jusqu’à l’entrée {last}, la"
    " dernière avant la création de ce dossier, cette partie ne l’a jamais été\u00a0: {left}.",
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
    "state.waiting": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at}, le"
    " responsable du traitement a importé cette adresse et déclaré qu’il existe un consentement,"
    " mais retient cette déclaration selon sa propre règle\u00a0: aucun courriel ne repose sur"
    " elle.",
    "state.waiting.ended": "Aucun consentement aux {scope} n’a été donné par ce système. Le {at},"
    " le responsable du traitement a importé cette adresse et déclaré qu’il existe un"
    " consentement, mais retient cette déclaration selon sa propre règle\u00a0: aucun courriel ne"
    " repose sur elle. Cela a pris fin le {ended}\u00a0: {how}.",
    "state.waiting.before": "Aucun consentement aux {scope} n’a été donné par ce système. Le"
    " {at}, le responsable du traitement a importé cette adresse et déclaré qu’il existe un"
    " consentement, mais retient cette déclaration\u00a0; avant cela, le {before}, il a été"
    " consigné\u00a0: {how}. La déclaration du responsable ne l’annule pas.",
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
    "fact.imported.waiting": "Le responsable du traitement retient cette déclaration selon sa"
    " propre règle\u00a0: aucun courriel ne repose sur elle tant que la personne n’agit pas"
    " elle-même.",
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
    "fact.moved": "{at}\u00a0: {event}, de {before} à {address} (entrée {n}). L’entrée ne commence"
    " et ne termine aucun consentement\u00a0: ce qui a été accepté sous {before} est de la même"
    " personne.",
    "fact.moved.unnamed": "{at}\u00a0: {event} (entrée {n}). De quelle adresse à quelle"
    " autre\u00a0: {closed}.",
    "fact.not_ended.part": "Une partie en a été retirée. Jusqu’à l’entrée {last}, la dernière avant"
    " la création de ce dossier, cette partie ne l’a jamais été\u00a0: {left}.",
    "fact.stopped": "{at}\u00a0: {event}, motif\u00a0: {reason} (entrée {n}).",
    "fact.stopped.narrow": "{at}\u00a0: {event}, motif\u00a0: {reason}\u00a0; cela concerne les"
    " {scope} (entrée {n}).",
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
    "end.consent.changed": "modification",
    "end.objection.recorded": "opposition",
    "end.consent.expired": "expiration",
    "end.consent.invalidated": "invalidation",
}
