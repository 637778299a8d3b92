# SPDX-License-Identifier: Apache-2.0
"""The bundle's reading aids: `report.html` for a judge and a lawyer, and `README.txt`.

Guarantees self-contained pages (no script, no external resource) built only from leaves, opened
disclosures and files of the bundle, every value escaped. Refuses to judge: verdicts are the
verifier's.
"""

from chalicelib.proof.evidence import Evidence
from chalicelib.proof.report import parts
from chalicelib.proof.report.conclusion import summary
from chalicelib.proof.report.html import Markup, bullets, element, join, section
from chalicelib.proof.report.readme import limits, readme
from chalicelib.proof.report.saying import Sayer
from chalicelib.proof.report.style import STYLE
from chalicelib.proof.story import Story

__all__ = ["limits", "readme", "render"]

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def render(evidence: Evidence, story: Story) -> bytes:
    """report.html for the chain that `story` was read from.

    Raises:
        Malformed: the time zone is unknown.
    """
    say = Sayer(evidence)
    body = (
        parts.head(say, evidence, story),
        summary(say, evidence, story),
        parts.steps(say, story),
        parts.shown(say, evidence, story),
        parts.confirmation_mails(say, evidence, story),
        parts.privacy(say, evidence),
        parts.sent(say, evidence, story),
        parts.timeline(say, story),
        parts.anchors(say, evidence),
        parts.kept_closed(say, evidence, story),
        section(say("sec.limits"), bullets(limits(evidence.language))),
        _check(say, evidence),
    )
    page = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name_="viewport", content_="width=device-width,initial-scale=1"),
            element("meta", http_equiv="Content-Security-Policy", content_=_POLICY),
            element("title", say("title")),
            element("style", Markup(STYLE)),
        ),
        element("body", element("main", *body)),
        lang=say.language,
    )
    return f"<!doctype html>\n{page}\n".encode()


def _check(say: Sayer, evidence: Evidence) -> Markup:
    policy = f"{evidence.base_url}/ledger/policy" if evidence.base_url else "/ledger/policy"
    sentences = (say("check.1"), say("check.2", policy=policy))
    return section(say("sec.check"), join(element("p", sentence) for sentence in sentences))
