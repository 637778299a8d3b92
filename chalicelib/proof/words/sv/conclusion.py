# SPDX-License-Identifier: Apache-2.0
"""In Swedish: what a report concludes, and the facts it concludes from."""

from collections.abc import Mapping
from typing import Final

CONCLUSION: Final[Mapping[str, str]] = {
    # The conclusion
    "state.confirmed": "Enligt liggaren gavs samtycke till {scope} i två steg (double opt-in) den"
    " {at}. Ingen återkallelse och ingen invändning är antecknad till och med post {last}, den"
    " sista innan det här bevispaketet gjordes.",
    "state.confirmed.part": "Enligt liggaren gavs samtycke till {scope} i två steg (double opt-in)"
    " den {at}. En del av det återkallades senare; till och med post {last}, den sista innan det"
    " här bevispaketet gjordes, har den här delen inte återkallats: {left}.",
    "state.ended": "Enligt liggaren gavs samtycke till {scope} i två steg (double opt-in) den"
    " {at}. Det upphörde den {ended}: {how}.",
    "state.given": "Samtycke till {scope} antecknades den {at}, men inte i två steg. Ingen"
    " återkallelse och ingen invändning är antecknad till och med post {last}, den sista innan det"
    " här bevispaketet gjordes.",
    "state.given.part": "Samtycke till {scope} antecknades den {at}, men inte i två steg. En del av"
    " det återkallades senare; till och med post {last}, den sista innan det här bevispaketet"
    " gjordes, har den här delen inte återkallats: {left}.",
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
    "state.waiting": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke, men"
    " håller uppgiften tillbaka enligt sin egen regel: inget mejl vilar på den.",
    "state.waiting.ended": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke, men"
    " håller uppgiften tillbaka enligt sin egen regel: inget mejl vilar på den. Det upphörde den"
    " {ended}: {how}.",
    "state.waiting.before": "Inget samtycke till {scope} gavs genom det här systemet. Den {at}"
    " importerade den personuppgiftsansvarige adressen och uppgav att det finns ett samtycke, men"
    " håller uppgiften tillbaka; före det, den {before}, antecknades: {how}. Den"
    " personuppgiftsansvariges uppgift upphäver inte det.",
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
    "fact.imported.waiting": "Den personuppgiftsansvarige håller uppgiften tillbaka enligt sin"
    " egen regel: inget mejl vilar på den förrän personen själv gör något.",
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
    "fact.moved": "{at}: {event}, från {before} till {address} (post {n}). Posten inleder och"
    " avslutar inget samtycke: det som samtyckts till under {before} är samma persons.",
    "fact.moved.unnamed": "{at}: {event} (post {n}). Från vilken adress till vilken: {closed}.",
    "fact.not_ended.part": "En del av det återkallades. Till och med post {last}, den sista innan"
    " det här bevispaketet gjordes, har den här delen inte återkallats: {left}.",
    "fact.stopped": "{at}: {event}, skäl: {reason} (post {n}).",
    "fact.stopped.narrow": "{at}: {event}, skäl: {reason}; det gäller {scope} (post {n}).",
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
    "end.consent.changed": "ändring",
    "end.objection.recorded": "invändning",
    "end.consent.expired": "utgång",
    "end.consent.invalidated": "ogiltigförklaring",
}
