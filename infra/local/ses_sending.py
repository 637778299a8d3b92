# SPDX-License-Identifier: Apache-2.0
"""SendEmail and SendBulkEmail.

It guarantees that what is accepted is in the mailbox before the call returns, and that a bulk call
answers for every entry by itself: accepted, throttled or wrong.
It refuses unverified senders and unknown configuration sets for the whole call, and templates
stored in SES, which the product does not use.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendBulkEmail.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from infra.local import ses_events
from infra.local.mailbox import Mailbox
from infra.local.ses_account import Account, Fault
from infra.local.ses_bucket import MAX_RECIPIENTS_PER_CALL
from infra.local.ses_errors import SesError, bad_request, not_found
from infra.local.ses_message import (
    Destination,
    Draft,
    Mail,
    check_address,
    read_destination,
    read_headers,
    read_raw,
    read_tags,
)
from infra.local.ses_publisher import Publisher
from infra.local.ses_template import (
    RenderingError,
    UnsupportedError,
    data_of,
    pieces,
    render,
)

MAX_TEMPLATE_DATA = 262_144
MAX_TEMPLATE_BYTES = 1024 * 1024
_STATUS = {
    "TooManyRequestsException": "ACCOUNT_THROTTLED",
    "BadRequestException": "INVALID_PARAMETER",
    "MessageRejected": "MESSAGE_REJECTED",
    "NotFoundException": "TEMPLATE_NOT_FOUND",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """The two operations that send.

    Args:
        new_id: returns a fresh SES message id.
        now_ms: clock in Unix milliseconds.
    """

    account: Account
    mailbox: Mailbox
    publisher: Publisher
    region: str
    new_id: Callable[[], str]
    now_ms: Callable[[], int]

    def send_email(self, body: dict[str, Any]) -> dict[str, Any]:
        """Send one message.

        Raises:
            SesError: as SES would refuse it.
        """
        self._check_account()
        content = body.get("Content") or {}
        destination = read_destination(body.get("Destination") or {})
        tags = read_tags(body.get("EmailTags"))
        configuration_set = body.get("ConfigurationSetName")
        failure = None
        if "Raw" in content:
            draft, raw_tags, raw_set = read_raw(
                content["Raw"]["Data"], destination, body.get("FromEmailAddress")
            )
            tags = raw_tags | tags
            configuration_set = configuration_set or raw_set
        elif "Simple" in content:
            draft = _simple(body, content["Simple"], destination)
        elif "Template" in content:
            draft, failure = _templated(body, content["Template"], None, destination, None)
        else:
            raise bad_request("Content must have one of Simple, Raw and Template.")
        self._check_call(draft.sender, configuration_set)
        _check_recipients(draft.destination)
        self.account.spend(len(draft.destination.addresses))
        return {"MessageId": self._accept(draft, tags, configuration_set, "SendEmail", failure)}

    def send_bulk_email(self, body: dict[str, Any], fault: Fault | None = None) -> dict[str, Any]:
        """Send one templated message to each entry.

        Raises:
            SesError: the call as a whole is refused; an entry's own fault is in its answer.
        """
        self._check_account()
        entries = body.get("BulkEmailEntries") or []
        recipients = sum(
            len(read_destination(entry.get("Destination") or {}).addresses) for entry in entries
        )
        if not entries or recipients > MAX_RECIPIENTS_PER_CALL:
            raise bad_request(f"A call takes 1 to {MAX_RECIPIENTS_PER_CALL} destinations.")
        self._check_call(body.get("FromEmailAddress") or "", body.get("ConfigurationSetName"))
        template = (body.get("DefaultContent") or {}).get("Template") or {}
        _template_content(template)
        default_tags = read_tags(body.get("DefaultEmailTags"))
        results = []
        for entry in entries:
            try:
                if fault is not None:
                    results.append({"Status": fault.status, "Error": "Planted by the local stack."})
                    continue
                results.append(
                    {
                        "Status": "SUCCESS",
                        "MessageId": self._send_entry(body, template, default_tags, entry),
                    }
                )
            except SesError as error:
                status = _STATUS.get(error.kind, "FAILED")
                if error.message.startswith("Daily"):
                    status = "ACCOUNT_DAILY_QUOTA_EXCEEDED"
                results.append({"Status": status, "Error": error.message})
        return {"BulkEmailEntryResults": results}

    def _send_entry(
        self,
        body: dict[str, Any],
        template: dict[str, Any],
        default_tags: dict[str, str],
        entry: dict[str, Any],
    ) -> str:
        destination = read_destination(entry.get("Destination") or {})
        _check_recipients(destination)
        replacement = (entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate") or {}
        headers = read_headers(entry.get("ReplacementHeaders"))
        tags = default_tags | read_tags(entry.get("ReplacementTags"))
        draft, failure = _templated(
            body, template, replacement.get("ReplacementTemplateData"), destination, headers
        )
        self.account.spend(len(destination.addresses))
        return self._accept(draft, tags, body.get("ConfigurationSetName"), "SendBulkEmail", failure)

    def _accept(
        self,
        draft: Draft,
        tags: dict[str, str],
        configuration_set: str | None,
        operation: str,
        failure: ses_events.Fate | None,
    ) -> str:
        """Keep an accepted mail and let it meet its fate. What did not render is not kept."""
        mail = Mail(
            message_id=self.new_id(),
            draft=draft,
            tags=tags,
            configuration_set=configuration_set,
            operation=operation,
            region=self.region,
            accepted_ms=self.now_ms(),
        )
        if failure is None:
            self.mailbox.add(mail)
        self.publisher.accepted(mail, failure)
        return mail.message_id

    def _check_account(self) -> None:
        if not self.account.sending_enabled:
            raise SesError("SendingPausedException", 400, "Sending is paused for your account.")

    def _check_call(self, sender: str, configuration_set: str | None) -> None:
        if not sender:
            raise bad_request("The From address is missing.")
        check_address(sender)
        self.account.check_sender(sender, self.region)
        if configuration_set:
            self.account.destinations(configuration_set)


def _check_recipients(destination: Destination) -> None:
    if not 1 <= len(destination.addresses) <= MAX_RECIPIENTS_PER_CALL:
        raise bad_request(f"A message takes 1 to {MAX_RECIPIENTS_PER_CALL} recipients.")


def _simple(body: dict[str, Any], simple: dict[str, Any], destination: Destination) -> Draft:
    """Return a draft of the API's Simple content."""
    bodies = simple.get("Body") or {}
    subject = str((simple.get("Subject") or {}).get("Data", ""))
    text, html = ((bodies.get(kind) or {}).get("Data") for kind in ("Text", "Html"))
    if text is None and html is None:
        raise bad_request("The message has neither text nor HTML.")
    _check_text(subject, text, html)
    return Draft(
        sender=body.get("FromEmailAddress") or "",
        destination=destination,
        reply_to=tuple(body.get("ReplyToAddresses") or ()),
        subject=subject,
        text=text,
        html=html,
        headers=read_headers(simple.get("Headers")),
        attachments=tuple(simple.get("Attachments") or ()),
    )


def _template_content(template: dict[str, Any]) -> dict[str, str]:
    """Return an inline template's subject, text and HTML."""
    content: dict[str, str] | None = template.get("TemplateContent")
    if content is None:
        raise not_found(f"Template {template.get('TemplateName', '')} does not exist.")
    if (
        sum(len(part.encode("utf-8", "surrogatepass")) for part in content.values())
        > MAX_TEMPLATE_BYTES
    ):
        raise bad_request("The inline template is larger than 1 MB.")
    try:
        for part in content.values():
            pieces(part)
    except UnsupportedError as error:
        raise bad_request(str(error)) from error
    return content


def _templated(
    body: dict[str, Any],
    template: dict[str, Any],
    replacement_data: str | None,
    destination: Destination,
    replacement_headers: tuple[tuple[str, str], ...] | None,
) -> tuple[Draft, ses_events.Fate | None]:
    """Return a draft of an inline template, and the failure to render it if there was one.

    An entry's header replaces the template's header of the same name; others of the template stay.
    """
    content = _template_content(template)
    if (
        len(replacement_data or "") > MAX_TEMPLATE_DATA
        or len(template.get("TemplateData") or "") > MAX_TEMPLATE_DATA
    ):
        raise bad_request("Template data is longer than 262144 characters.")
    own = replacement_headers or ()
    replaced = {name.lower() for name, _ in own}
    headers = own + tuple(
        header
        for header in read_headers(template.get("Headers"))
        if header[0].lower() not in replaced
    )
    draft = Draft(
        sender=body.get("FromEmailAddress") or "",
        destination=destination,
        reply_to=tuple(body.get("ReplyToAddresses") or ()),
        headers=headers,
        attachments=tuple(template.get("Attachments") or ()),
    )
    try:
        data = data_of(template.get("TemplateData"), replacement_data)
        subject = render(content.get("Subject", ""), data)
        text, html = (
            render(content[part], data) if part in content else None for part in ("Text", "Html")
        )
    except RenderingError as error:
        return draft, ses_events.rendering_failure(
            str(error), template.get("TemplateName", "inline")
        )
    _check_text(subject, text, html)
    return replace(draft, subject=subject, text=text, html=html), None


def _check_text(subject: str, *bodies: str | None) -> None:
    """Refuse what cannot be written as a message."""
    if "\n" in subject or "\r" in subject:
        raise bad_request("The subject holds a line break.")
    for text in (subject, *bodies):
        try:
            (text or "").encode("utf-8")
        except UnicodeEncodeError as error:
            raise bad_request("The content is not valid Unicode.") from error
