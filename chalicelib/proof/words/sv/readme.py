# SPDX-License-Identifier: Apache-2.0
"""In Swedish: what a bundle does not prove, how to check it, and its README."""

from collections.abc import Mapping
from typing import Final

README: Final[Mapping[str, str]] = {
    # Limits, and how to check
    "limit.1": "Det bevisar inte att den som står bakom en brevlåda är en viss fysisk person.",
    "limit.2": "Det bevisar inte att en handling som den personuppgiftsansvarige aldrig antecknade"
    " inte har ägt rum.",
    "limit.3": "Nätadresser, webbläsarnamn och sidor är vad besökarens programvara uppgav.",
    "limit.4": "Tider är den personuppgiftsansvariges klocka om inte utslaget om tid säger något"
    " annat.",
    "limit.5": "Det som kallas operatörens uppgift är den personuppgiftsansvariges påstående och"
    " är inte bevisat.",
    "limit.6": "Bara den som läser hela loggen skulle märka två poster skrivna för en och samma"
    " plats i kedjan.",
    "limit.7": "Loggens nyckel är betrodd bara genom en policyfil som hämtats någon annanstans än"
    " ur bevispaketet.",
    "check.1": "Den här sidan är bara ett läshjälpmedel och bevisar ingenting. Kör verifieraren på"
    " hela bevispaketet; README.txt säger hur, med våra verktyg och helt utan dem. En ändrad sida"
    " underkänns i utslaget integrity.",
    "check.2": "Hämta verifierare och policyfil någon annanstans än ur det här bevispaketet:"
    " verifieraren från projektets kodarkiv, policyn från den personuppgiftsansvariges sida"
    " {policy} eller från någon som bevakar loggen.",
    # README.txt
    "readme.title": "Bevispaket",
    "readme.inside": "Vad som finns i paketet",
    "readme.file.manifest.json": "SHA-256 och storlek för varje fil utom de två exportfilerna",
    "readme.file.policy.txt": "vilka nycklar den personuppgiftsansvarige publicerar för sin logg",
    "readme.file.checkpoint.note": "loggens signerade tillstånd, dit varje bevis leder",
    "readme.file.chain.json": "nyckeln som visar att posterna är hela kedjan, och deras antal",
    "readme.file.events/": "varje post: löv, öppnade värden, inklusionsbevis",
    "readme.file.mails/": "bekräftelsemejl som de skickades",
    "readme.file.notices/": "vad som visades, byte för byte, och posten som publicerade det",
    "readme.file.privacy/": "den dagens integritetsinformation, och posten som antecknade den",
    "readme.file.campaigns/": "vad kampanjer innehöll, och att personen var uppsatt för dem",
    "readme.file.deliveries.json": "vad som skickades när: operatörens uppgift, inte bevisat",
    "readme.file.anchors/": "tidsstämplar (RFC 3161) över tidigare tillstånd av loggen",
    "readme.file.record.jsonld": "samtyckesposten (ISO/IEC TS 27560)",
    "readme.file.receipt.jsonld": "detsamma som kvitto",
    "readme.file.report.html": "alltsammans i ord, att läsa och skriva ut",
    "readme.file.export.*": "loggposten från när paketet gjordes; bunden vid manifest.json",
    "readme.verify": "Att verifiera",
    "readme.get": "Hämta verifierare och policy.txt någon annanstans än ur det här paketet:"
    " verifieraren\n"
    "från projektet Kvittos kodarkiv (tools/), policyn från den personuppgiftsansvariges\n"
    "sida /ledger/policy eller från någon som bevakar loggen. Ingendera behöver nätet.",
    "readme.python": 'Med Python 3.9 eller senare och paketet "cryptography":',
    "readme.verdicts": "Varje rad är ett utslag för sig: PASS (godkänt), FAIL (underkänt) eller"
    " NOT PROVEN\n"
    "(paketet innehåller inget som kunde bevisa det). Läs alla.",
    "readme.browser": "Eller öppna verify_proof.html i en webbläsare och ge den filen och"
    " policy.txt.\n"
    "Inget lämnar datorn.",
    "readme.openssl": "Bara med openssl och vanliga verktyg",
    "readme.signature": "Packa upp. Loggens signatur på checkpoint.note (OpenSSL 3):",
    "readme.files": 'SHA-256 för varje fil står i manifest.json; den för manifest.json är "man"'
    " i\n"
    "   export.leaf.json:",
    "readme.leaf": "En posts lövhash, att kombinera med hasharna i dess .tlog-proof (RFC 6962):",
    "readme.disclosure": "Ett öppnat värde: varje rad i en .disclosures-fil är base64url av [salt,"
    " namn,\n"
    '   värde]; base64url av radens SHA-256 (utan radslut) står i "_sd" i lövet.',
    "readme.stamp": "En tidsstämpel, där det finns någon; roots.pem innehåller de rotcertifikat du"
    " litar\n"
    "   på, SIZE är talet i filens namn:",
}
