# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, in Swedish.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
times, ids, numbers and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # How to read it, and the head
    "title": "Bevis på samtycke",
    "how.ledger": "Varje mening anger den post som den vilar på. ”Post 2” är ett nummer i den här"
    " personens kedja av poster, ”loggpost 17” en plats i den personuppgiftsansvariges liggare, en"
    " logg som bara kan växa. Det här bevispaketet visar att varje post står i loggen, oförändrad,"
    " och att ingen är utelämnad.",
    "how.operator": "Det som kallas ”operatörens uppgift” är vad den personuppgiftsansvarige själv"
    " uppger. Det ligger fast sedan bevispaketet gjordes, och inte genom något tidigare.",
    "how.zone": "Tider anges i UTC och i tiden i {city}, den tidszon som den"
    " personuppgiftsansvarige har ställt in; personen tillfrågades inte om någon.",
    "how.utc": "Tider anges i UTC; den personuppgiftsansvarige har inte ställt in någon annan"
    " tidszon.",
    "how.clock": "De är klockan i den personuppgiftsansvariges system. Hur långt de är bevisade"
    " säger verifierarens utslag om tid (time).",
    "time.local": "tid i {city}",
    "head.about": "Person",
    "head.erased": "finns inte längre kvar",
    "head.controller": "Personuppgiftsansvarig",
    "head.made": "Upprättat",
    "head.exporter": "Begärt av",
    "head.recipient": "Lämnat till",
    "head.reason": "Skäl",
    "head.asked": "Vad som efterfrågades",
    "head.entries": "Poster om den här personen",
    "head.log": "Liggare",
    "head.log.size": "{origin}, {size} poster",
    "head.bundle": "Bevispaket",
    # Sections
    "sec.summary": "I korthet",
    "sec.steps": "De två stegen",
    "sec.shown": "Vad som visades",
    "sec.mail": "Bekräftelsemejlet som det skickades",
    "sec.privacy": "Den dagens integritetsinformation",
    "sec.sent": "Mejl som skickats på grund av det: operatörens uppgift",
    "sec.timeline": "Varje post i ordning",
    "sec.anchors": "Tidsstämplar",
    "sec.closed": "Vad som efterfrågades och vad som förblev slutet",
    "sec.limits": "Vad detta inte bevisar",
    "sec.check": "Hur det kontrolleras",
    # Scopes and values
    "scope": "e-post från {brand} (listor: {lists}; ändamål: {purposes})",
    "scope.every_brand": "den personuppgiftsansvarige",
    "scope.all": "alla",
    "asked": "listor: {lists}; ändamål: {purposes}",
    "closed": "lämnat slutet i det här bevispaketet",
    "erased": "raderad",
    "nothing": "inget antecknat",
    "quoted": "”{text}”",
    "sep.value": ": ",
    "sep.part": "; ",
    "entry": "Post {n}",
    "log_entry": "loggpost {index}",
    # The conclusion
    "state.confirmed": "Enligt liggaren gavs samtycke till {scope} i två steg (double opt-in) den"
    " {at}. Ingen återkallelse och ingen invändning är antecknad till och med post {last}, den"
    " sista innan det här bevispaketet gjordes.",
    "state.ended": "Enligt liggaren gavs samtycke till {scope} i två steg (double opt-in) den"
    " {at}. Det upphörde den {ended}: {how}.",
    "state.given": "Samtycke till {scope} antecknades den {at}, men inte i två steg. Ingen"
    " återkallelse och ingen invändning är antecknad till och med post {last}, den sista innan det"
    " här bevispaketet gjordes.",
    "state.given.ended": "Samtycke till {scope} antecknades den {at}, men inte i två steg. Det"
    " upphörde den {ended}: {how}.",
    "state.unconfirmed": "Inget samtycke till {scope} är antecknat. Ett anmälningsformulär"
    " skickades in den {at}, men det bekräftades aldrig.",
    "state.refused": "Inget samtycke till {scope} är antecknat. Ett anmälningsformulär skickades"
    " in den {at}; den som fick bekräftelsemejlet avböjde den {answered}.",
    "state.imported": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke. Att"
    " så uppgavs är bevisat; samtycket är det inte.",
    "state.imported.ended": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke. Att"
    " så uppgavs är bevisat; samtycket är det inte. Det upphörde den {ended}: {how}.",
    "state.attested": "Inget samtycke till {scope} gavs genom det här systemet. Den {at} uppgav"
    " ett annat av den personuppgiftsansvariges system att det finns ett samtycke. Att så uppgavs"
    " är bevisat; samtycket är det inte.",
    "state.attested.ended": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " uppgav ett annat av den personuppgiftsansvariges system att det finns ett samtycke. Att så"
    " uppgavs är bevisat; samtycket är det inte. Det upphörde den {ended}: {how}.",
    "state.attested.before": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " uppgav ett annat av den personuppgiftsansvariges system att det finns ett samtycke; före det,"
    " den {before}, antecknades: {how}. Den personuppgiftsansvariges uppgift upphäver inte det.",
    "state.imported.before": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke; före"
    " det, den {before}, antecknades: {how}. Den personuppgiftsansvariges uppgift upphäver inte"
    " det.",
    "state.basis": "Inget samtycke till {scope} är antecknat. Mejlen vilar på en försäljning (soft"
    " opt-in) som den personuppgiftsansvarige antecknade den {at}. Ingen invändning är antecknad"
    " till och med post {last}, den sista innan det här bevispaketet gjordes.",
    "state.basis.ended": "Inget samtycke till {scope} är antecknat. Mejlen vilade på en"
    " försäljning (soft opt-in) som den personuppgiftsansvarige antecknade den {at}. Det upphörde"
    " den {ended}: {how}.",
    "state.basis.before": "Inget samtycke till {scope} är antecknat. Den {at} antecknade den"
    " personuppgiftsansvarige en försäljning (soft opt-in); före det, den {before}, antecknades:"
    " {how}. En försäljning upphäver inte det.",
    "state.erased": "Personuppgifterna i den här kedjan raderades den {at} (grund: {ground}). Det"
    " som finns kvar bevisar att {count} poster fanns före raderingen, av vilken typ var och en"
    " var och när den gjordes. Det namnger ingen, och efter {final}, då den sista säkerhetskopian"
    " av nyckeln är borta, kan ingen öppna det.",
    "state.none": "Den här kedjan innehåller inget samtycke till det som efterfrågades.",
    # Facts
    "fact.request": "{at}: adressen {address} angavs i ett anmälningsformulär från {brand} och"
    " skickades in (post {n}).",
    "fact.request.unnamed": "{at}: ett anmälningsformulär från {brand} skickades in (post {n})."
    " Den angivna adressen är {closed}.",
    "fact.typed": "Den skrevs som {typed}.",
    "fact.repeats": "Det skedde med knappen på sidan för en utgången bekräftelselänk: den tidigare"
    " begäran {event} upprepas, och formulär, text och val är från den. Formuläret visades inte"
    " igen.",
    "fact.origin": "Nätadress som det kom från: {ip}.",
    "fact.origin.none": "Ingen nätadress är antecknad.",
    "fact.origin.closed": "Nätadressen som det kom från är {closed}.",
    "fact.notice": "Formuläret visade texten {notice}, som dessförinnan publicerats som loggpost"
    " {index} och återges nedan.",
    "fact.notice.unpublished": "Formuläret visade texten {notice}; att den publicerats"
    " dessförinnan ingår inte i det här bevispaketet.",
    "fact.ticked": "Det bad om samtycke till: {purposes}. Ingen ruta var ikryssad när formuläret"
    " lämnades ut; den som skickade in det kryssade i var och en av dessa.",
    "fact.ticked.before": "Det bad om samtycke till: {purposes}. Enligt posten var rutor redan"
    " ikryssade när formuläret lämnades ut.",
    "fact.ticked.unknown": "Det bad om samtycke till: {purposes}. Hur rutorna stod när formuläret"
    " lämnades ut är inte antecknat.",
    "fact.ticked.closed": "Det bad om samtycke till: {purposes}. Uppgiften om hur rutorna stod när"
    " formuläret lämnades ut är {closed}.",
    "fact.mail": "{at}: ett bekräftelsemejl lämnades för utskick (post {n}).",
    "fact.mail.accepted": "Den mottagande servern tog emot det den {at} (operatörens uppgift).",
    "fact.mail.outcome": "Vad som hände med det: {outcome}, {at} (operatörens uppgift).",
    "fact.mail.answer": "Servern svarade: ”{answer}”.",
    "fact.mail.unknown": "Om den mottagande servern tog emot det framgår inte av det här"
    " bevispaketet.",
    "fact.confirmed": "{at}: bekräftelseknappen trycktes på sidan som länken i mejlet leder till"
    " (post {n}). Därmed var båda stegen gjorda.",
    "fact.confirmed.otherwise": "{at}: samtycket antecknades som givet {via} (post {n}). Ingen"
    " egen handling av personen genom det här systemet är antecknad med det.",
    "fact.confirmed.alone": "{at}: samtycke antecknades som givet (post {n}). Den här kedjan"
    " innehåller ingen begäran och inget bekräftelsemejl för det.",
    "fact.confirmed.link": "Mejl och bekräftelse anger samma begäran och samma engångslänk.",
    "fact.unconfirmed": "Ingen bekräftelse är antecknad till och med post {last}, den sista innan"
    " det här bevispaketet gjordes. En begäran ensam är inget samtycke.",
    "fact.refused": "{at}: begäran avböjdes genom länken i mejlet (post {n}).",
    "fact.imported": "{at}: den personuppgiftsansvarige importerade adressen {address} och uppgav"
    " att det finns ett samtycke (post {n}).",
    "fact.imported.unnamed": "{at}: den personuppgiftsansvarige importerade en adress och uppgav"
    " att det finns ett samtycke (post {n}). Adressen är {closed}.",
    "fact.imported.grade": "Uppgiven bevisgrad: {grade}.",
    "fact.imported.claimed": "Den personuppgiftsansvarige uppger att samtycket gavs den {claimed}.",
    "fact.imported.proves": "Liggaren bevisar när detta uppgavs. Den bevisar inte att samtycket"
    " gavs, av vem eller till vad.",
    "fact.attested": "{at}: ett annat av den personuppgiftsansvariges system förde in adressen"
    " {address} och uppgav att det finns ett samtycke (post {n}).",
    "fact.attested.unnamed": "{at}: ett annat av den personuppgiftsansvariges system förde in en"
    " adress och uppgav att det finns ett samtycke (post {n}). Adressen är {closed}.",
    "fact.attested.claimed": "Det uppger att personen handlade den {claimed}.",
    "fact.attested.origin": "Det uppger {ip} som nätadress som det kom från.",
    "fact.attested.notice": "Det uppger att texten {notice} visades; den offentliggjordes som"
    " loggpost {index} och återges nedan.",
    "fact.attested.notice.unpublished": "Det uppger att texten {notice} visades; att den"
    " offentliggjordes ingår inte i det här paketet.",
    "fact.attested.ticked": "Det uppger att rutorna för detta var ikryssade: {purposes}. Hur"
    " rutorna stod före det är inte antecknat.",
    "fact.basis": "{at}: den personuppgiftsansvarige antecknade att adressen erhållits vid en"
    " försäljning (post {n}).",
    "fact.basis.proves": "Det är inget samtycke. Sådana mejl är tillåtna bara för den"
    " personuppgiftsansvariges egna likartade produkter och bara om personen kunde invända vid"
    " försäljningen och i varje mejl (artikel 13.2 i direktiv 2002/58/EG); om det var så bevisar"
    " det här paketet inte.",
    "fact.basis.named": "{at}: den personuppgiftsansvarige antecknade att adressen {address}"
    " erhållits vid en försäljning (post {n}).",
    "fact.basis.sale": "Som försäljning uppges ”{sale}”, som produkt ”{product}” och som tid"
    " {sold}.",
    "fact.basis.objection": "Det uppges att personen erbjöds att invända den {offered}: ”{offer}”.",
    "fact.before": "Före det, den {at}, antecknades: {how} (post {n}). Det som den"
    " personuppgiftsansvarige uppger efteråt upphäver inte det. Efter uppgiften är ingen"
    " återkallelse och ingen invändning antecknad till och med post {last}, den sista innan det här"
    " bevispaketet gjordes.",
    "fact.changed": "{at}: {event} (post {n}). Det gäller {scope}.",
    "fact.ended": "{at}: {how} (post {n}). Det omfattar {scope}.",
    "fact.ended.reason": "Angivet skäl: {reason}.",
    "fact.ended.campaign": "Det kom från mejlet i kampanjen {campaign} (leverans-id {delivery}).",
    "fact.ended.delivery": "Det kom från mejlet med leverans-id {delivery}.",
    "fact.not_ended": "Ingen återkallelse och ingen invändning är antecknad till och med post"
    " {last}, den sista innan det här bevispaketet gjordes.",
    "fact.stopped": "{at}: {event}, skäl: {reason} (post {n}).",
    "fact.erased": "{at}: personuppgifterna raderades (post {n}); grund: {ground}. Posten avslöjar"
    " kedjans nyckel: med den kan vem som helst räkna de {count} poster som står före den, och"
    " öppna ingen av dem.",
    "fact.erased.final": "Efter {final} finns ingen säkerhetskopia av en nyckel som öppnar dem.",
    "fact.sent": "Kampanjmejl som enligt operatörens uppgift skickats med stöd av det: {count}.",
    # What was sent after the end
    "after.none": "Enligt operatörens uppgift skickades ingenting efter detta ({end}), till och"
    " med loggpost {index}.",
    "after.some": "Enligt operatörens uppgift skickades mejl efter detta ({end}): {count}. De är"
    " markerade nedan.",
    "after.later": "Mejl som skickats efter detta ({end}) och som vilar på en senare post i"
    " kedjan: {count}.",
    "after.unknown": "Vad som skickats finns inte längre antecknat.",
    "after.selective": "Detta gäller bara de listor och ändamål som efterfrågades.",
    "after.mark": "efter {end}",
    "end.consent.withdrawn": "återkallelse",
    "end.objection.recorded": "invändning",
    "end.consent.expired": "utgång",
    "end.consent.invalidated": "ogiltigförklaring",
    # The steps
    "col.step": "Steg",
    "col.time": "Tid",
    "col.origin": "Nätadress som det kom från",
    "col.browser": "Webbläsare enligt dess egen uppgift",
    "col.entry": "Post",
    "step.request": "1. Formulär inskickat",
    "step.mail": "Bekräftelsemejl skickat",
    "step.answer": "2. Bekräftat",
    "step.refused": "2. Avböjt",
    "step.none": "2. Inte bekräftat",
    "step.not_applicable": "–",
    # What was shown, the mail, the privacy text
    "shown.page": "Sidan exakt som den visades:",
    "shown.published": "Publicerad den {at} som loggpost {index}; anges av post {entries}.",
    "shown.unpublished": "Publiceringen ingår inte i det här bevispaketet; anges av post"
    " {entries}.",
    "shown.no_text": "Dess text i klartext ingår inte i det här bevispaketet; öppna sidan.",
    "shown.none": "Ingen post anger någon text som visats.",
    "mail.heading": "Mejlet i post {n}",
    "mail.from": "Från",
    "mail.to": "Till",
    "mail.subject": "Ämne",
    "mail.message_id": "Meddelande-id hos Amazon SES",
    "mail.file": "Med alla huvudrader och HTML-delen:",
    "mail.absent": "Texten i mejlet i post {n} finns inte i det här bevispaketet: den behövdes"
    " inte, finns inte längre kvar, eller så fungerar bekräftelselänken fortfarande.",
    "mail.none": "Inget bekräftelsemejl är antecknat.",
    "privacy.page": "Sidan exakt som den publicerades:",
    "privacy.recorded": "Antecknad den {at} som loggpost {index}.",
    "privacy.none": "Ingen integritetsinformation ingår i det här bevispaketet.",
    # Mails sent
    "sent.note": "Den här tabellen är den personuppgiftsansvariges egen uppgift. Bevisade är bara"
    " två saker: att personen var uppsatt för en kampanj och vad kampanjen innehöll. Att ett mejl"
    " gick ut, när, och vad som hände med det är vad den personuppgiftsansvarige uppger. Planen"
    " fastställs medan kampanjen går ut, så dess post kan vara strax senare än de första mejlen.",
    "sent.none": "Operatörens uppgift nämner inget kampanjmejl.",
    "sent.gone": "Uppgiften om vad som skickats försvann med personuppgifterna.",
    "sent.allowed": "post {n} den {at}: {event}",
    "sent.planned": "uppsatt: bevisat genom loggpost {index} den {at}",
    "sent.unsent": "ingen leverans antecknad",
    "sent.content": "vad den innehöll",
    "sent.answer": "svar: ”{answer}”",
    "col.sent": "Lämnat för utskick",
    "col.campaign": "Kampanj",
    "col.allowed": "Tillåtet genom",
    "col.planned": "Plan",
    "col.outcome": "Vad som hände med det",
    "outcome.sent": "lämnat till posttjänsten",
    "outcome.delivered": "mottaget av den mottagande servern",
    "outcome.delayed": "försenat",
    "outcome.bounced": "returnerat av den mottagande servern",
    "outcome.soft": "inte levererat, av övergående skäl",
    "outcome.full": "inte levererat, brevlådan var full",
    "outcome.expired": "inte levererat i tid",
    "outcome.content": "avvisat på grund av innehållet",
    "outcome.permanent": "inte levererat, adressen fungerar inte",
    "outcome.complaint": "anmält som skräppost",
    "outcome.listed": "inte skickat, posttjänsten spärrar adressen",
    "outcome.rejected": "avvisat av posttjänsten",
    "outcome.failed": "inte skickat, det kunde inte sammanställas",
    "outcome.unknown": "okänt",
    # Timeline
    "col.scope": "Varumärke, listor, ändamål",
    "col.empty": "Inget antecknat",
    "col.closed": "Lämnat slutet",
    "col.gone": "Raderat",
    "claim.subject": "Vem",
    "claim.session": "Varifrån",
    "claim.choice": "Vad som skickades in",
    "claim.link": "Hör till",
    "member.email": "adress",
    "member.email_as_typed": "adress som den skrevs",
    "member.ip": "nätadress",
    "member.ua": "webbläsare",
    "member.url": "sida",
    "member.referrer": "kom från",
    "member.lang": "språk",
    "member.form": "formulär",
    "member.version": "formulärets version",
    "member.prechecked": "rutor ikryssade i förväg",
    "member.privacy": "integritetsinformation",
    "member.request": "begäran",
    "member.previous": "hash av posten före",
    "member.token_sha256": "engångslänk (hash)",
    "member.message_id": "meddelande-id",
    "member.feedback_id": "återkopplings-id",
    "member.delivery": "leverans-id",
    "member.grade": "uppgiven grad",
    "member.clue": "hittad genom",
    "member.key": "API-nyckel",
    "member.claimed_ts": "uppgiven tid",
    "member.source": "källa",
    "member.sale": "försäljning",
    "member.product": "produkt",
    "member.sale_ts": "försäljningens tid",
    "member.objection_how": "hur invändning erbjöds",
    "member.objection_ts": "när invändning erbjöds",
    "member.shown_as": "visat som",
    "member.tag": "kampanjmärke",
    "member.descriptor": "det som visades (hash)",
    "member.medium": "inkommen via",
    "member.received_at": "mottagen",
    "member.received_by": "mottagen av",
    "member.rights_request": "begäran om rättigheter",
    "member.reason": "skäl",
    "yes": "ja",
    "no": "nej",
    # What stayed closed, and time stamps
    "closed.some": "Lämnat slutet, eftersom det inte behövdes för detta:",
    "closed.line": "post {n}: {claims}",
    "closed.none": "Inget lämnades slutet.",
    "closed.erased": "Efter raderingen kan inget öppnas.",
    "closed.note": "Varje post är bunden vid det som den håller slutet; att öppna det senare"
    " ändrar ingenting.",
    "anchors.line": "{at}: loggen, som då hade {size} poster, tidsstämplades (RFC 3161)."
    " Loggposter med lägre nummer än {size} fanns då.",
    "anchors.note": "Om stämplarna är äkta och vad de bevisar säger verifierarens utslag om tid"
    " (time).",
    "anchors.none": "Ingen tidsstämpel ingår i det här bevispaketet: tiderna vilar bara på den"
    " personuppgiftsansvariges klocka.",
    # Events and their ways
    "event.consent.requested": "Samtycke begärt: ett formulär skickades in",
    "event.consent.mail_sent": "Bekräftelsemejl lämnat för utskick",
    "event.consent.confirmed": "Samtycke bekräftat",
    "event.consent.refused": "Samtycke avböjt",
    "event.consent.renewed": "Samtycke förnyat",
    "event.consent.changed": "Val av ändamål ändrat",
    "event.consent.withdrawn": "Samtycke återkallat",
    "event.consent.expired": "Samtycke utgånget",
    "event.consent.invalidated": "Samtycke förklarat ogiltigt av den personuppgiftsansvarige",
    "event.consent.imported": "Samtycke påstått genom en import; inte givet här",
    "event.consent.imported.api": "Samtycke uppgivet av ett annat av den personuppgiftsansvariges"
    " system; inte givet här",
    "event.basis.recorded": "Försäljning antecknad som grund (soft opt-in)",
    "event.objection.recorded": "Invändning mot direktmarknadsföring",
    "event.right.requested": "Personens begäran antecknad",
    "event.right.answered": "Personens begäran besvarad",
    "event.right.extended": "Tiden för att besvara en begäran förlängd",
    "event.right.refused": "Personens begäran avslagen",
    "event.hold.placed": "Bevaras för rättsliga anspråk",
    "event.hold.released": "Bevaras eller begränsas inte längre",
    "event.identifier.changed": "Adress ändrad",
    "event.data.unsealed": "Förseglade uppgifter öppnade av den personuppgiftsansvarige",
    "event.suppression.added": "Utskick till adressen stoppade",
    "event.subject.restricted": "Behandlingen begränsad",
    "event.subject.erased": "Personuppgifter raderade",
    "event.bundle.exported": "Bevispaket gjort",
    "via.list-unsub-post": "med e-postprogrammets avregistrering med ett klick (RFC 8058)",
    "via.page": "på en av den personuppgiftsansvariges sidor",
    "via.complaint": "genom en skräppostanmälan som e-postleverantören vidarebefordrade",
    "via.reply": "genom svar på ett mejl",
    "via.operator": "av den personuppgiftsansvariges egen personal",
    "via.api": "genom ett annat av den personuppgiftsansvariges system",
    # Reasons and grades
    "reason.access": "tillgång",
    "reason.rectification": "rättelse",
    "reason.erasure": "radering",
    "reason.restriction": "begränsning",
    "reason.portability": "dataportabilitet",
    "reason.objection": "invändning",
    "reason.legal-claim": "rättsliga anspråk",
    "reason.legal-duty": "rättslig förpliktelse",
    "reason.ended": "behövs inte längre",
    "reason.not-the-person": "det var inte personen som svarade",
    "reason.notice-defect": "det som visades hade en brist",
    "reason.evidence-lost": "bevisningen gick förlorad",
    "reason.policy": "den personuppgiftsansvariges egen regel",
    "reason.search": "sökning",
    "reason.proof": "bevis",
    "reason.access-request": "personens begäran om tillgång",
    "reason.support": "hjälp som personen bad om",
    "reason.bounce": "mejl till adressen kom tillbaka",
    "reason.complaint": "klagomål om skräppost",
    "reason.bundle.exported.complaint": "klagomål",
    "reason.manual": "beslutat av den personuppgiftsansvarige",
    "reason.unsubscribed": "avregistrerad",
    "reason.erased": "personuppgifter raderade",
    "reason.accuracy-contested": "personen bestrider riktigheten",
    "reason.unlawful": "olaglig behandling",
    "reason.erasure-requested": "radering begärd",
    "reason.not-needed": "behövs inte längre för ändamålet",
    "reason.withdrawn": "samtycket återkallat",
    "reason.child": "ett barns uppgifter",
    "reason.unconfirmed": "begäran bekräftades aldrig",
    "reason.authority": "begäran från en myndighet",
    "reason.audit": "granskning",
    "grade.A": "A, två steg med bevisad tid",
    "grade.B": "B, två steg",
    "grade.C": "C, uppgivet av den personuppgiftsansvarige",
    "grade.D": "D, en import för vilken den personuppgiftsansvarige säger sig ha handlingar",
    "grade.E": "E, en import med inget annat än den personuppgiftsansvariges ord",
    "grade.none": "ingen; utan handlingar är den inte värd mer än den personuppgiftsansvariges ord"
    " (E)",
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
