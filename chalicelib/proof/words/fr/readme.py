# SPDX-License-Identifier: Apache-2.0
"""In French: what a bundle does not prove, how to check it, and its README."""

from collections.abc import Mapping
from typing import Final

README: Final[Mapping[str, str]] = {
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
