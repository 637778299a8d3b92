# SPDX-License-Identifier: Apache-2.0
"""In German: what a report concludes, and the facts it concludes from."""

from collections.abc import Mapping
from typing import Final

CONCLUSION: Final[Mapping[str, str]] = {
    # The conclusion
    "state.confirmed": "Dem Register zufolge wurde die Einwilligung in {scope} am {at} im"
    " Double-Opt-in-Verfahren erteilt. Bis zum Eintrag {last}, dem letzten vor Erstellung dieses"
    " Pakets, ist weder ein Widerruf noch ein Widerspruch festgehalten.",
    "state.confirmed.part": "Dem Register zufolge wurde die Einwilligung in {scope} am {at} im"
    " Double-Opt-in-Verfahren erteilt. Ein Teil davon wurde später widerrufen. Bis zum Eintrag"
    " {last}, dem letzten vor Erstellung dieses Pakets, ist dieser Teil nie widerrufen worden:"
    " {left}.",
    "state.ended": "Dem Register zufolge wurde die Einwilligung in {scope} am {at} im"
    " Double-Opt-in-Verfahren erteilt. Sie endete am {ended}: {how}.",
    "state.given": "Eine Einwilligung in {scope} wurde am {at} festgehalten, jedoch nicht im"
    " Double-Opt-in-Verfahren. Bis zum Eintrag {last}, dem letzten vor Erstellung dieses Pakets,"
    " ist weder ein Widerruf noch ein Widerspruch festgehalten.",
    "state.given.part": "Eine Einwilligung in {scope} wurde am {at} festgehalten, aber nicht im"
    " Double-Opt-in-Verfahren. Ein Teil davon wurde später widerrufen. Bis zum Eintrag {last}, dem"
    " letzten vor Erstellung dieses Pakets, ist dieser Teil nie widerrufen worden: {left}.",
    "state.given.ended": "Eine Einwilligung in {scope} wurde am {at} festgehalten, jedoch nicht im"
    " Double-Opt-in-Verfahren. Sie endete am {ended}: {how}.",
    "state.unconfirmed": "Eine Einwilligung in {scope} ist nicht festgehalten. Ein Anmeldeformular"
    " wurde am {at} abgesandt, aber nie bestätigt.",
    "state.refused": "Eine Einwilligung in {scope} ist nicht festgehalten. Ein Anmeldeformular"
    " wurde am {at} abgesandt; wer die Bestätigungsmail erhielt, lehnte am {answered} ab.",
    "state.imported": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt. Am"
    " {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt. Dass er dies angab, ist bewiesen; die Einwilligung ist es nicht.",
    "state.imported.ended": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt. Dass er dies angab, ist bewiesen; die Einwilligung ist es nicht. Es endete am"
    " {ended}: {how}.",
    "state.attested": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt. Am"
    " {at} gab ein anderes System des Verantwortlichen an, dass eine Einwilligung vorliegt. Dass es"
    " dies angab, ist bewiesen; die Einwilligung ist es nicht.",
    "state.attested.ended": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} gab ein anderes System des Verantwortlichen an, dass eine Einwilligung vorliegt. Dass"
    " es dies angab, ist bewiesen; die Einwilligung ist es nicht. Es endete am {ended}: {how}.",
    "state.attested.before": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} gab ein anderes System des Verantwortlichen an, dass eine Einwilligung vorliegt;"
    " davor, am {before}, wurde festgehalten: {how}. Die Angabe des Verantwortlichen hebt das nicht"
    " auf.",
    "state.imported.before": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt; davor, am {before}, wurde festgehalten: {how}. Die Angabe des Verantwortlichen hebt"
    " das nicht auf.",
    "state.waiting": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt. Am"
    " {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt, hält diese Angabe aber nach seiner eigenen Regel zurück: Keine E-Mail stützt sich"
    " darauf.",
    "state.waiting.ended": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt, hält diese Angabe aber nach seiner eigenen Regel zurück: Keine E-Mail stützt sich"
    " darauf. Es endete am {ended}: {how}.",
    "state.waiting.before": "Eine Einwilligung in {scope} wurde nicht über dieses System erteilt."
    " Am {at} importierte der Verantwortliche diese Adresse und gab an, dass eine Einwilligung"
    " vorliegt, hält diese Angabe aber zurück; davor, am {before}, wurde festgehalten: {how}. Die"
    " Angabe des Verantwortlichen hebt das nicht auf.",
    "state.basis": "Eine Einwilligung in {scope} ist nicht festgehalten. Die E-Mails stützen sich"
    " auf einen Verkauf (Bestandskundenwerbung), den der Verantwortliche am {at} festhielt. Bis"
    " zum Eintrag {last}, dem letzten vor Erstellung dieses Pakets, ist kein Widerspruch"
    " festgehalten.",
    "state.basis.ended": "Eine Einwilligung in {scope} ist nicht festgehalten. Die E-Mails stützten"
    " sich auf einen Verkauf (Bestandskundenwerbung), den der Verantwortliche am {at} festhielt."
    " Das endete am {ended}: {how}.",
    "state.basis.before": "Eine Einwilligung in {scope} ist nicht festgehalten. Am {at} hielt der"
    " Verantwortliche einen Verkauf fest (Bestandskundenwerbung); davor, am {before}, wurde"
    " festgehalten: {how}. Ein Verkauf hebt das nicht auf.",
    "state.erased": "Die personenbezogenen Daten dieser Kette wurden am {at} gelöscht (Grund:"
    " {ground}). Was bleibt, beweist, dass vor der Löschung {count} Einträge standen, welcher Art"
    " jeder war und wann er entstand. Es nennt niemanden, und nach dem {final}, wenn die letzte"
    " Sicherung des Schlüssels fort ist, kann niemand es öffnen.",
    "state.none": "Diese Kette enthält keine Einwilligung in das, wonach gefragt wurde.",
    # Facts
    "fact.request": "{at}: Die Adresse {address} wurde in ein Anmeldeformular von {brand}"
    " eingegeben und abgesandt (Eintrag {n}).",
    "fact.request.unnamed": "{at}: Ein Anmeldeformular von {brand} wurde abgesandt (Eintrag {n})."
    " Die eingegebene Adresse ist {closed}.",
    "fact.typed": "Geschrieben wurde sie als {typed}.",
    "fact.repeats": "Dies geschah mit der Schaltfläche eines abgelaufenen Bestätigungslinks: Es"
    " wiederholt die frühere Anfrage {event}, von der Formular, Text und Auswahl stammen. Das"
    " Formular wurde nicht erneut gezeigt.",
    "fact.origin": "Netzwerkadresse der Herkunft: {ip}.",
    "fact.origin.none": "Eine Netzwerkadresse der Herkunft ist nicht festgehalten.",
    "fact.origin.closed": "Die Netzwerkadresse der Herkunft ist {closed}.",
    "fact.notice": "Das Formular zeigte den Text {notice}, der zuvor als Logeintrag {index}"
    " veröffentlicht wurde und unten wiedergegeben ist.",
    "fact.notice.unpublished": "Das Formular zeigte den Text {notice}; dass er zuvor"
    " veröffentlicht wurde, ist nicht Teil dieses Pakets.",
    "fact.ticked": "Es bat um Einwilligung in: {purposes}. Kein Kästchen war angekreuzt, als das"
    " Formular ausgeliefert wurde; wer es absandte, kreuzte jedes davon an.",
    "fact.ticked.before": "Es bat um Einwilligung in: {purposes}. Dem Eintrag zufolge waren"
    " Kästchen bereits angekreuzt, als das Formular ausgeliefert wurde.",
    "fact.ticked.unknown": "Es bat um Einwilligung in: {purposes}. Wie die Kästchen standen, als"
    " das Formular ausgeliefert wurde, ist nicht festgehalten.",
    "fact.ticked.closed": "Es bat um Einwilligung in: {purposes}. Wie die Kästchen standen, als"
    " das Formular ausgeliefert wurde, ist {closed}.",
    "fact.mail": "{at}: Eine Bestätigungsmail wurde zum Versand übergeben (Eintrag {n}).",
    "fact.mail.accepted": "Der empfangende Server nahm sie am {at} an (Angabe des Betreibers).",
    "fact.mail.outcome": "Was aus ihr wurde: {outcome}, {at} (Angabe des Betreibers).",
    "fact.mail.answer": "Der Server antwortete: „{answer}“.",
    "fact.mail.unknown": "Ob der empfangende Server sie annahm, geht aus diesem Paket nicht"
    " hervor.",
    "fact.confirmed": "{at}: Auf der Seite, zu der der Link in der E-Mail führt, wurde die"
    " Schaltfläche zur Bestätigung gedrückt (Eintrag {n}). Damit war das Double-Opt-in"
    " abgeschlossen.",
    "fact.confirmed.otherwise": "{at}: Die Einwilligung wurde {via} als erteilt festgehalten"
    " (Eintrag {n}). Eine eigene Handlung der Person über dieses System ist dazu nicht"
    " festgehalten.",
    "fact.confirmed.alone": "{at}: Eine Einwilligung wurde als erteilt festgehalten (Eintrag {n})."
    " Diese Kette enthält dazu weder eine Anfrage noch eine Bestätigungsmail.",
    "fact.confirmed.link": "E-Mail und Bestätigung nennen dieselbe Anfrage und denselben einmaligen"
    " Link.",
    "fact.unconfirmed": "Bis zum Eintrag {last}, dem letzten vor Erstellung dieses Pakets, ist"
    " keine Bestätigung festgehalten. Eine Anfrage allein ist keine Einwilligung.",
    "fact.refused": "{at}: Die Anfrage wurde über den Link in der E-Mail abgelehnt (Eintrag {n}).",
    "fact.imported": "{at}: Der Verantwortliche importierte die Adresse {address} und gab an, dass"
    " eine Einwilligung vorliegt (Eintrag {n}).",
    "fact.imported.unnamed": "{at}: Der Verantwortliche importierte eine Adresse und gab an, dass"
    " eine Einwilligung vorliegt (Eintrag {n}). Die Adresse ist {closed}.",
    "fact.imported.grade": "Behaupteter Beweisgrad: {grade}.",
    "fact.imported.claimed": "Der Verantwortliche gibt an, die Einwilligung sei am {claimed}"
    " erteilt worden.",
    "fact.imported.waiting": "Der Verantwortliche hält diese Angabe nach seiner eigenen Regel"
    " zurück: Keine E-Mail stützt sich darauf, bis die Person selbst handelt.",
    "fact.imported.proves": "Das Register beweist, wann dies angegeben wurde. Es beweist nicht,"
    " dass die Einwilligung erteilt wurde, von wem oder wozu.",
    "fact.attested": "{at}: Ein anderes System des Verantwortlichen trug die Adresse {address} ein"
    " und gab an, dass eine Einwilligung vorliegt (Eintrag {n}).",
    "fact.attested.unnamed": "{at}: Ein anderes System des Verantwortlichen trug eine Adresse ein"
    " und gab an, dass eine Einwilligung vorliegt (Eintrag {n}). Die Adresse ist {closed}.",
    "fact.attested.claimed": "Es gibt an, dass die Person am {claimed} handelte.",
    "fact.attested.origin": "Als Netzwerkadresse der Herkunft gibt es {ip} an.",
    "fact.attested.notice": "Es gibt an, dass der Text {notice} gezeigt wurde; er wurde als"
    " Logeintrag {index} veröffentlicht und ist unten wiedergegeben.",
    "fact.attested.notice.unpublished": "Es gibt an, dass der Text {notice} gezeigt wurde; dessen"
    " Veröffentlichung ist nicht Teil dieses Pakets.",
    "fact.attested.ticked": "Es gibt an, dass die Kästchen hierfür angekreuzt waren: {purposes}."
    " Wie die Kästchen davor standen, ist nicht festgehalten.",
    "fact.basis": "{at}: Der Verantwortliche hielt fest, dass die Adresse bei einem Verkauf"
    " erhoben wurde (Eintrag {n}).",
    "fact.basis.proves": "Das ist keine Einwilligung. Solche E-Mails sind nur für eigene ähnliche"
    " Waren oder Dienstleistungen des Verantwortlichen erlaubt und nur, wenn die Person beim"
    " Verkauf und in jeder E-Mail widersprechen konnte (Artikel 13 Absatz 2 der Richtlinie"
    " 2002/58/EG); ob das so war, beweist dieses Paket nicht.",
    "fact.basis.named": "{at}: Der Verantwortliche hielt fest, dass die Adresse {address} bei"
    " einem Verkauf erhoben wurde (Eintrag {n}).",
    "fact.basis.sale": "Als Verkauf gibt er „{sale}“ an, als Produkt „{product}“ und als Zeit"
    " {sold}.",
    "fact.basis.objection": "Er gibt an, dass der Person am {offered} angeboten wurde, zu"
    " widersprechen: „{offer}“.",
    "fact.before": "Davor, am {at}, wurde festgehalten: {how} (Eintrag {n}). Was der"
    " Verantwortliche danach angibt, hebt das nicht auf. Nach der Angabe ist bis zum Eintrag"
    " {last}, dem letzten vor Erstellung dieses Pakets, kein Widerruf und kein Widerspruch"
    " festgehalten.",
    "fact.changed": "{at}: {event} (Eintrag {n}). Das betrifft {scope}.",
    "fact.ended": "{at}: {how} (Eintrag {n}). Das umfasst {scope}.",
    "fact.ended.reason": "Angegebener Grund: {reason}.",
    "fact.ended.campaign": "Es ging von der E-Mail der Kampagne {campaign} aus (Zustellkennung"
    " {delivery}).",
    "fact.ended.delivery": "Es ging von der E-Mail mit der Zustellkennung {delivery} aus.",
    "fact.not_ended": "Bis zum Eintrag {last}, dem letzten vor Erstellung dieses Pakets, ist weder"
    " ein Widerruf noch ein Widerspruch festgehalten.",
    "fact.moved": "{at}: {event}, von {before} zu {address} (Eintrag {n}). Der Eintrag beginnt und"
    " beendet keine Einwilligung: Was unter {before} zugesagt wurde, ist von derselben Person.",
    "fact.moved.unnamed": "{at}: {event} (Eintrag {n}). Von welcher Adresse zu welcher: {closed}.",
    "fact.not_ended.part": "Ein Teil davon wurde widerrufen. Bis zum Eintrag {last}, dem letzten"
    " vor Erstellung dieses Pakets, ist dieser Teil nie widerrufen worden: {left}.",
    "fact.stopped": "{at}: {event}, Grund: {reason} (Eintrag {n}).",
    "fact.stopped.narrow": "{at}: {event}, Grund: {reason}; das betrifft {scope} (Eintrag {n}).",
    "fact.erased": "{at}: Die personenbezogenen Daten wurden gelöscht (Eintrag {n}); Grund:"
    " {ground}. Der Eintrag legt den Schlüssel der Kette offen: Mit ihm kann jeder die {count}"
    " Einträge davor zählen und keinen davon öffnen.",
    "fact.erased.final": "Nach dem {final} enthält keine Sicherung mehr einen Schlüssel, der sie"
    " öffnet.",
    "fact.sent": "Darauf gestützte Kampagnenmails nach Angabe des Betreibers: {count}.",
    # What was sent after the end
    "after.none": "Nach Angabe des Betreibers wurde danach ({end}) nichts mehr versandt, bis zum"
    " Logeintrag {index}.",
    "after.some": "Nach Angabe des Betreibers wurden danach ({end}) E-Mails versandt: {count}. Sie"
    " sind unten gekennzeichnet.",
    "after.later": "Danach ({end}) versandte E-Mails, die sich auf einen späteren Eintrag dieser"
    " Kette stützen: {count}.",
    "after.unknown": "Was versandt wurde, ist nicht mehr festgehalten.",
    "after.selective": "Das gilt nur für die Listen und Zwecke, nach denen gefragt wurde.",
    "after.mark": "danach versandt ({end})",
    "end.consent.withdrawn": "Widerruf",
    "end.consent.changed": "Änderung",
    "end.objection.recorded": "Widerspruch",
    "end.consent.expired": "Ablauf",
    "end.consent.invalidated": "Ungültigerklärung",
}
