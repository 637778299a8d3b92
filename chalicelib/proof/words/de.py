# SPDX-License-Identifier: Apache-2.0
"""The words of a bundle's report and README, in German.

Guarantees that a report says nothing beyond its evidence: each sentence is fixed here and only
times, ids, numbers and disclosed values are set into it.
"""

from collections.abc import Mapping
from typing import Final

WORDS: Final[Mapping[str, str]] = {
    # How to read it, and the head
    "title": "Nachweis der Einwilligung",
    "how.ledger": "Jeder Satz nennt den Eintrag, auf dem er beruht. „Eintrag 2“ ist eine Nummer in"
    " der Kette der Einträge dieser Person, „Logeintrag 17“ eine Stelle im Register des"
    " Verantwortlichen, einem Log, das nur wachsen kann. Dieses Nachweispaket belegt, dass jeder"
    " Eintrag unverändert in diesem Log steht und keiner ausgelassen ist.",
    "how.operator": "Was „Angabe des Betreibers“ heißt, ist das, was der Verantwortliche selbst"
    " angibt. Es liegt fest, seit dieses Paket erstellt wurde, und durch nichts Früheres.",
    "how.zone": "Zeiten sind in UTC und in der Ortszeit von {city} angegeben, der Zeitzone, die"
    " der Verantwortliche eingestellt hat; die Person wurde nicht nach einer gefragt.",
    "how.utc": "Zeiten sind in UTC angegeben; der Verantwortliche hat keine andere Zeitzone"
    " eingestellt.",
    "how.clock": "Sie sind die Uhr des Systems des Verantwortlichen. Wie weit sie bewiesen sind,"
    " sagt das Urteil des Prüfprogramms über die Zeit (time).",
    "time.local": "Ortszeit {city}",
    "head.about": "Person",
    "head.erased": "nicht mehr gespeichert",
    "head.controller": "Verantwortlicher",
    "head.made": "Erstellt",
    "head.exporter": "Angefordert von",
    "head.recipient": "Übergeben an",
    "head.reason": "Anlass",
    "head.asked": "Wonach gefragt wurde",
    "head.entries": "Einträge dieser Person",
    "head.log": "Register",
    "head.log.size": "{origin}, {size} Einträge",
    "head.bundle": "Nachweispaket",
    # Sections
    "sec.summary": "Kurz gefasst",
    "sec.steps": "Die zwei Schritte der Einwilligung",
    "sec.shown": "Was gezeigt wurde",
    "sec.mail": "Die Bestätigungsmail, wie sie versandt wurde",
    "sec.privacy": "Die Datenschutzerklärung jenes Tages",
    "sec.sent": "Darauf gestützte E-Mails: Angabe des Betreibers",
    "sec.timeline": "Alle Einträge der Reihe nach",
    "sec.anchors": "Zeitstempel",
    "sec.closed": "Wonach gefragt wurde und was verschlossen blieb",
    "sec.limits": "Was dies nicht beweist",
    "sec.check": "Wie man es prüft",
    # Scopes and values
    "scope": "E-Mail von {brand} (Listen: {lists}; Zwecke: {purposes})",
    "scope.every_brand": "dem Verantwortlichen",
    "scope.all": "alle",
    "asked": "Listen: {lists}; Zwecke: {purposes}",
    "closed": "in diesem Paket verschlossen",
    "erased": "gelöscht",
    "nothing": "nichts festgehalten",
    "quoted": "„{text}“",
    "sep.value": ": ",
    "sep.part": "; ",
    "entry": "Eintrag {n}",
    "log_entry": "Logeintrag {index}",
    # The conclusion
    "state.confirmed": "Dem Register zufolge wurde die Einwilligung in {scope} am {at} im"
    " Double-Opt-in-Verfahren erteilt. Bis zum Eintrag {last}, dem letzten vor Erstellung dieses"
    " Pakets, ist weder ein Widerruf noch ein Widerspruch festgehalten.",
    "state.ended": "Dem Register zufolge wurde die Einwilligung in {scope} am {at} im"
    " Double-Opt-in-Verfahren erteilt. Sie endete am {ended}: {how}.",
    "state.given": "Eine Einwilligung in {scope} wurde am {at} festgehalten, jedoch nicht im"
    " Double-Opt-in-Verfahren. Bis zum Eintrag {last}, dem letzten vor Erstellung dieses Pakets,"
    " ist weder ein Widerruf noch ein Widerspruch festgehalten.",
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
    "fact.stopped": "{at}: {event}, Grund: {reason} (Eintrag {n}).",
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
    "end.objection.recorded": "Widerspruch",
    "end.consent.expired": "Ablauf",
    "end.consent.invalidated": "Ungültigerklärung",
    # The steps
    "col.step": "Schritt",
    "col.time": "Zeit",
    "col.origin": "Netzwerkadresse der Herkunft",
    "col.browser": "Browser nach eigener Angabe",
    "col.entry": "Eintrag",
    "step.request": "1. Formular abgesandt",
    "step.mail": "Bestätigungsmail versandt",
    "step.answer": "2. Bestätigt",
    "step.refused": "2. Abgelehnt",
    "step.none": "2. Nicht bestätigt",
    "step.not_applicable": "–",
    # What was shown, the mail, the privacy text
    "shown.page": "Die Seite genau so, wie sie gezeigt wurde:",
    "shown.published": "Veröffentlicht am {at} als Logeintrag {index}; genannt von Eintrag"
    " {entries}.",
    "shown.unpublished": "Die Veröffentlichung ist nicht Teil dieses Pakets; genannt von Eintrag"
    " {entries}.",
    "shown.no_text": "Der reine Text ist nicht Teil dieses Pakets; bitte die Seite öffnen.",
    "shown.none": "Kein Eintrag nennt einen gezeigten Text.",
    "mail.heading": "E-Mail zu Eintrag {n}",
    "mail.from": "Von",
    "mail.to": "An",
    "mail.subject": "Betreff",
    "mail.message_id": "Nachrichtenkennung bei Amazon SES",
    "mail.file": "Mit allen Kopfzeilen und dem HTML-Teil:",
    "mail.absent": "Der Text der E-Mail zu Eintrag {n} ist nicht in diesem Paket: Er wurde nicht"
    " gebraucht, ist nicht mehr gespeichert, oder sein Bestätigungslink gilt noch.",
    "mail.none": "Eine Bestätigungsmail ist nicht festgehalten.",
    "privacy.page": "Die Seite genau so, wie sie veröffentlicht wurde:",
    "privacy.recorded": "Festgehalten am {at} als Logeintrag {index}.",
    "privacy.none": "Keine Datenschutzerklärung ist Teil dieses Pakets.",
    # Mails sent
    "sent.note": "Diese Tabelle ist eine eigene Angabe des Verantwortlichen. Bewiesen sind nur"
    " zwei Dinge: dass die Person für eine Kampagne vorgesehen war und was die Kampagne sagte."
    " Dass und wann eine E-Mail hinausging und was aus ihr wurde, gibt der Verantwortliche an."
    " Der Plan wird festgelegt, während die Kampagne hinausgeht; sein Eintrag kann deshalb kurz"
    " nach den ersten E-Mails stehen.",
    "sent.none": "Die Angabe des Betreibers nennt keine Kampagnenmail.",
    "sent.gone": "Die Angaben über Versandtes sind mit den personenbezogenen Daten gelöscht.",
    "sent.allowed": "Eintrag {n} vom {at}: {event}",
    "sent.planned": "vorgesehen: bewiesen durch Logeintrag {index} vom {at}",
    "sent.unsent": "keine Zustellung festgehalten",
    "sent.content": "was sie sagte",
    "sent.answer": "Antwort: „{answer}“",
    "col.sent": "Übergeben",
    "col.campaign": "Kampagne",
    "col.allowed": "Erlaubt durch",
    "col.planned": "Plan",
    "col.outcome": "Was daraus wurde",
    "outcome.sent": "dem Maildienst übergeben",
    "outcome.delivered": "vom empfangenden Server angenommen",
    "outcome.delayed": "verzögert",
    "outcome.bounced": "vom empfangenden Server zurückgewiesen",
    "outcome.soft": "nicht zugestellt, vorübergehender Grund",
    "outcome.full": "nicht zugestellt, Postfach voll",
    "outcome.expired": "nicht rechtzeitig zugestellt",
    "outcome.content": "wegen des Inhalts abgelehnt",
    "outcome.permanent": "nicht zugestellt, die Adresse funktioniert nicht",
    "outcome.complaint": "als Spam gemeldet",
    "outcome.listed": "nicht versandt, der Maildienst sperrt die Adresse",
    "outcome.rejected": "vom Maildienst abgelehnt",
    "outcome.failed": "nicht versandt, sie konnte nicht erstellt werden",
    "outcome.unknown": "unbekannt",
    # Timeline
    "col.scope": "Marke, Listen, Zwecke",
    "col.empty": "Nichts festgehalten",
    "col.closed": "Verschlossen",
    "col.gone": "Gelöscht",
    "claim.subject": "Wer",
    "claim.session": "Woher",
    "claim.choice": "Was abgesandt wurde",
    "claim.link": "Gehört zu",
    "member.email": "Adresse",
    "member.email_as_typed": "Adresse wie geschrieben",
    "member.ip": "Netzwerkadresse",
    "member.ua": "Browser",
    "member.url": "Seite",
    "member.referrer": "kam von",
    "member.lang": "Sprache",
    "member.form": "Formular",
    "member.version": "Fassung des Formulars",
    "member.prechecked": "Kästchen vorab angekreuzt",
    "member.privacy": "Datenschutzerklärung",
    "member.request": "Anfrage",
    "member.previous": "Hash des Eintrags davor",
    "member.token_sha256": "einmaliger Link (Hash)",
    "member.message_id": "Nachrichtenkennung",
    "member.feedback_id": "Rückmeldungskennung",
    "member.delivery": "Zustellkennung",
    "member.grade": "behaupteter Grad",
    "member.clue": "gefunden über",
    "member.key": "API-Schlüssel",
    "member.claimed_ts": "behauptete Zeit",
    "member.source": "Quelle",
    "member.sale": "Verkauf",
    "member.product": "Produkt",
    "member.sale_ts": "Zeit des Verkaufs",
    "member.objection_how": "wie der Widerspruch angeboten wurde",
    "member.objection_ts": "wann der Widerspruch angeboten wurde",
    "member.shown_as": "gezeigt als",
    "member.tag": "Kampagnenkennung",
    "member.descriptor": "was gezeigt wurde (Hash)",
    "member.medium": "eingegangen per",
    "member.received_at": "eingegangen am",
    "member.received_by": "entgegengenommen von",
    "member.rights_request": "Antrag zu Rechten",
    "member.reason": "Grund",
    "yes": "ja",
    "no": "nein",
    # What stayed closed, and time stamps
    "closed.some": "Verschlossen geblieben, weil dafür nicht gebraucht:",
    "closed.line": "Eintrag {n}: {claims}",
    "closed.none": "Nichts blieb verschlossen.",
    "closed.erased": "Nach der Löschung kann nichts mehr geöffnet werden.",
    "closed.note": "Jeder Eintrag ist an das gebunden, was er verschlossen hält; es später zu"
    " öffnen, ändert nichts.",
    "anchors.line": "{at}: Der Stand des Logs mit {size} Einträgen wurde mit einem Zeitstempel"
    " versehen (RFC 3161). Logeinträge mit kleinerer Nummer als {size} gab es da schon.",
    "anchors.note": "Ob die Stempel echt sind und was sie beweisen, sagt das Urteil des"
    " Prüfprogramms über die Zeit (time).",
    "anchors.none": "Dieses Paket enthält keinen Zeitstempel: Die Zeiten beruhen allein auf der"
    " Uhr des Verantwortlichen.",
    # Events and their ways
    "event.consent.requested": "Einwilligung angefragt: ein Formular wurde abgesandt",
    "event.consent.mail_sent": "Bestätigungsmail zum Versand übergeben",
    "event.consent.confirmed": "Einwilligung bestätigt",
    "event.consent.refused": "Einwilligung abgelehnt",
    "event.consent.renewed": "Einwilligung erneuert",
    "event.consent.changed": "Auswahl der Zwecke geändert",
    "event.consent.withdrawn": "Einwilligung widerrufen",
    "event.consent.expired": "Einwilligung abgelaufen",
    "event.consent.invalidated": "Einwilligung vom Verantwortlichen für ungültig erklärt",
    "event.consent.imported": "Einwilligung durch einen Import behauptet; nicht hier erteilt",
    "event.consent.imported.api": "Einwilligung von einem anderen System des Verantwortlichen"
    " angegeben; nicht hier erteilt",
    "event.basis.recorded": "Verkauf als Grundlage festgehalten (Bestandskundenwerbung)",
    "event.objection.recorded": "Widerspruch gegen Direktwerbung",
    "event.right.requested": "Antrag der Person festgehalten",
    "event.right.answered": "Antrag der Person beantwortet",
    "event.right.extended": "Frist für einen Antrag verlängert",
    "event.right.refused": "Antrag der Person abgelehnt",
    "event.hold.placed": "Für Rechtsansprüche aufbewahrt",
    "event.hold.released": "Nicht mehr aufbewahrt oder nicht mehr eingeschränkt",
    "event.identifier.changed": "Adresse geändert",
    "event.data.unsealed": "Versiegelte Daten vom Verantwortlichen geöffnet",
    "event.suppression.added": "Versand an die Adresse gesperrt",
    "event.subject.restricted": "Verarbeitung eingeschränkt",
    "event.subject.erased": "Personenbezogene Daten gelöscht",
    "event.bundle.exported": "Nachweispaket erstellt",
    "via.list-unsub-post": "über die Ein-Klick-Abmeldung eines Mailprogramms (RFC 8058)",
    "via.page": "auf einer Seite des Verantwortlichen",
    "via.complaint": "durch eine Spam-Beschwerde, die der Postfachanbieter weitergab",
    "via.reply": "durch Antwort auf eine E-Mail",
    "via.operator": "durch Mitarbeitende des Verantwortlichen",
    "via.api": "über ein anderes System des Verantwortlichen",
    # Reasons and grades
    "reason.access": "Auskunft",
    "reason.rectification": "Berichtigung",
    "reason.erasure": "Löschung",
    "reason.restriction": "Einschränkung",
    "reason.portability": "Datenübertragbarkeit",
    "reason.objection": "Widerspruch",
    "reason.legal-claim": "Rechtsansprüche",
    "reason.legal-duty": "rechtliche Verpflichtung",
    "reason.ended": "nicht mehr nötig",
    "reason.not-the-person": "es antwortete nicht die Person",
    "reason.notice-defect": "das Gezeigte hatte einen Mangel",
    "reason.evidence-lost": "die Beweise gingen verloren",
    "reason.policy": "eigene Regel des Verantwortlichen",
    "reason.search": "Suche",
    "reason.proof": "Nachweis",
    "reason.access-request": "Auskunftsantrag der Person",
    "reason.support": "von der Person erbetene Hilfe",
    "reason.bounce": "E-Mail an die Adresse kam zurück",
    "reason.complaint": "Spam-Beschwerde",
    "reason.bundle.exported.complaint": "Beschwerde",
    "reason.manual": "vom Verantwortlichen entschieden",
    "reason.unsubscribed": "abgemeldet",
    "reason.erased": "personenbezogene Daten gelöscht",
    "reason.accuracy-contested": "die Person bestreitet die Richtigkeit",
    "reason.unlawful": "unrechtmäßige Verarbeitung",
    "reason.erasure-requested": "Löschung verlangt",
    "reason.not-needed": "für den Zweck nicht mehr nötig",
    "reason.withdrawn": "Einwilligung widerrufen",
    "reason.child": "Daten eines Kindes",
    "reason.unconfirmed": "die Anfrage wurde nie bestätigt",
    "reason.authority": "Ersuchen einer Behörde",
    "reason.audit": "Prüfung",
    "grade.A": "A, Double-Opt-in mit bewiesener Zeit",
    "grade.B": "B, Double-Opt-in",
    "grade.C": "C, vom Verantwortlichen angegeben",
    "grade.D": "D, ein Import, zu dem der Verantwortliche Unterlagen zu haben angibt",
    "grade.E": "E, ein Import mit nichts als dem Wort des Verantwortlichen",
    "grade.none": "keiner; ohne Unterlagen ist er nicht mehr wert als das Wort des"
    " Verantwortlichen (E)",
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
