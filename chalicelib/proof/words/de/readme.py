# SPDX-License-Identifier: Apache-2.0
"""In German: what a bundle does not prove, how to check it, and its README."""

from collections.abc import Mapping
from typing import Final

README: Final[Mapping[str, str]] = {
    # Limits, and how to check
    "limit.1": "Es beweist nicht, dass hinter einem Postfach eine bestimmte natürliche Person"
    " steht.",
    "limit.2": "Es beweist nicht, dass etwas unterblieb, was der Verantwortliche nie aufschrieb.",
    "limit.3": "Netzwerkadressen, Browsernamen und Seiten sind das, was die Software der"
    " besuchenden Person angab.",
    "limit.4": "Zeiten sind die Uhr des Verantwortlichen, soweit das Urteil über die Zeit nichts"
    " anderes sagt.",
    "limit.5": "Was Angabe des Betreibers heißt, ist eine Behauptung des Verantwortlichen und"
    " nicht bewiesen.",
    "limit.6": "Nur wer das ganze Log liest, würde zwei Einträge bemerken, die für dieselbe Stelle"
    " der Kette geschrieben wurden.",
    "limit.7": "Dem Schlüssel des Logs ist nur durch eine Policy-Datei zu trauen, die anderswo als"
    " aus dem Paket stammt.",
    "check.1": "Diese Seite ist nur eine Lesehilfe und beweist nichts. Bitte das Prüfprogramm auf"
    " das ganze Paket anwenden; README.txt sagt, wie, mit unseren Werkzeugen und ganz ohne sie."
    " Eine veränderte Seite fällt beim Urteil integrity durch.",
    "check.2": "Prüfprogramm und Policy-Datei bitte anderswo als aus diesem Paket beziehen: das"
    " Programm aus dem Repository des Projekts, die Policy von der Seite {policy} des"
    " Verantwortlichen oder von jemandem, der das Log beobachtet.",
    # README.txt
    "readme.title": "Nachweispaket",
    "readme.inside": "Was darin ist",
    "readme.file.manifest.json": "SHA-256 und Größe jeder Datei außer den beiden Exportdateien",
    "readme.file.policy.txt": "welche Schlüssel der Verantwortliche für sein Log veröffentlicht",
    "readme.file.checkpoint.note": "der signierte Stand des Logs, zu dem jeder Beweis führt",
    "readme.file.chain.json": "der Schlüssel, der die Einträge als ganze Kette zeigt, und ihre"
    " Zahl",
    "readme.file.events/": "jeder Eintrag: Blatt, geöffnete Werte, Inklusionsbeweis",
    "readme.file.mails/": "Bestätigungsmails, wie sie versandt wurden",
    "readme.file.notices/": "was gezeigt wurde, Byte für Byte, und der Eintrag der"
    " Veröffentlichung",
    "readme.file.privacy/": "die Datenschutzerklärung jenes Tages und der Eintrag dazu",
    "readme.file.campaigns/": "was Kampagnen sagten und dass die Person für sie vorgesehen war",
    "readme.file.deliveries.json": "was wann versandt wurde: Angabe des Betreibers, nicht bewiesen",
    "readme.file.anchors/": "Zeitstempel (RFC 3161) über frühere Stände des Logs",
    "readme.file.record.jsonld": "die Aufzeichnung der Einwilligung (ISO/IEC TS 27560)",
    "readme.file.receipt.jsonld": "dasselbe als Beleg",
    "readme.file.report.html": "alles in Worten, zum Lesen und Drucken",
    "readme.file.export.*": "der Logeintrag bei Erstellung des Pakets; bindet manifest.json",
    "readme.verify": "Prüfen",
    "readme.get": "Prüfprogramm und policy.txt bitte anderswo als aus diesem Paket beziehen: das"
    " Programm\n"
    "aus dem Repository des Projekts Kvitto (tools/), die Policy von der Seite /ledger/policy\n"
    "des Verantwortlichen oder von jemandem, der das Log beobachtet. Beides braucht kein Netz.",
    "readme.python": 'Mit Python 3.9 oder neuer und dessen Paket "cryptography":',
    "readme.verdicts": "Jede Zeile ist ein eigenes Urteil: PASS (bestanden), FAIL (nicht"
    " bestanden) oder\n"
    "NOT PROVEN (das Paket enthält nichts, was es beweisen könnte). Bitte alle lesen.",
    "readme.browser": "Oder verify_proof.html in einem Browser öffnen und ihm diese Datei und"
    " policy.txt\n"
    "geben. Nichts verlässt den Rechner.",
    "readme.openssl": "Nur mit openssl und üblichen Werkzeugen",
    "readme.signature": "Entpacken. Die Signatur des Logs auf checkpoint.note (OpenSSL 3):",
    "readme.files": "Der SHA-256 jeder Datei steht in manifest.json; der von manifest.json ist"
    ' "man" in\n'
    "   export.leaf.json:",
    "readme.leaf": "Der Blatt-Hash eines Eintrags, zu verbinden mit den Hashes in .tlog-proof (RFC"
    " 6962):",
    "readme.disclosure": "Ein geöffneter Wert: Jede Zeile einer .disclosures-Datei ist base64url"
    " von [Salz,\n"
    '   Name, Wert]; base64url des SHA-256 der Zeile (ohne Zeilenende) steht in "_sd" des'
    " Blatts.",
    "readme.stamp": "Ein Zeitstempel, wo es einen gibt; roots.pem enthält die Wurzelzertifikate,"
    " denen Sie\n"
    "   vertrauen, SIZE ist die Zahl im Dateinamen:",
}
