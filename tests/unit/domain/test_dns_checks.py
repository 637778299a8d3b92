# SPDX-License-Identifier: Apache-2.0
"""Checks of DNS: each just right, each just wrong, and what we print is what we accept."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain import dns_checks as checks
from chalicelib.domain.account_checks import dkim_records
from chalicelib.domain.account_checks import identity as identity_check
from chalicelib.domain.deliverability import Verdict
from chalicelib.domain.dmarc import walked
from chalicelib.domain.sender_facts import Sender
from tests.support.memory_deliverability import identity, plant
from tests.support.memory_dns import MemoryDns

DOMAIN = "example.org"
BOUNCE = f"bounce.{DOMAIN}"
MX = "10 feedback-smtp.eu-north-1.amazonses.com"
SPF = "v=spf1 include:amazonses.com ~all"
POLICY = "v=DMARC1; p=none; rua=mailto:privacy@example.org"
SENDER = Sender(
    address=f"news@{DOMAIN}",
    domain=DOMAIN,
    contact=f"privacy@{DOMAIN}",
    region="eu-north-1",
    identities=(identity(),),
)
RIGHT = identity()
TOKENS = [record.name for record in dkim_records(RIGHT)]


def zone():
    """Return a DNS in which all is right."""
    dns = MemoryDns()
    plant(dns.zone)
    return dns


def asking(dns):
    return lambda name, kind: dns.ask(name, kind, 3_000)


def sender(**changes):
    """Return the sender with changes of its identity; `dkim` and `mail_from` of their parts."""
    known = RIGHT
    if "dkim" in changes:
        known = replace(known, dkim=replace(known.dkim, **changes["dkim"]))
    if "mail_from" in changes:
        part = changes["mail_from"]
        known = replace(known, mail_from=part and replace(known.mail_from, **part))
    return replace(SENDER, identities=(known,))


def found(check_of, of=SENDER, *planted):
    """Return a check's finding in a DNS with these planted: (name, type, values)."""
    dns = zone()
    for name, kind, values in planted:
        dns.set(name, kind, *values)
    return check_of(of, asking(dns))


def dmarc(of, ask):
    return checks.dmarc(of, walked(of.domain, ask))


def alignment(of, ask):
    return next(check for check in checks.checks(of, ask) if check.id == "alignment")


@pytest.mark.parametrize(
    ("domain", "planted", "code"),
    [
        (DOMAIN, (), "from_ok"),
        ("gmail.com", (), "from_public"),
        ("nomail.test", (), "from_no_mail"),
        ("a.missing.test", (), "from_no_mail"),
        ("broken.test", (), "from_unknown"),
        (DOMAIN, ((DOMAIN, "MX", ()),), "from_ok"),  # its address stands in
        (DOMAIN, ((DOMAIN, "MX", ()), (DOMAIN, "A", ())), "from_no_mail"),
    ],
)
def test_the_domain_of_the_sender(domain, planted, code):
    assert found(checks.from_domain, replace(SENDER, domain=domain), *planted).code == code


@pytest.mark.parametrize(
    ("of", "planted", "code"),
    [
        (SENDER, (), "dkim_ok"),
        (replace(SENDER, identities=None), (), "dkim_unknown"),
        (replace(SENDER, identities=()), (), "dkim_no_identity"),
        (replace(SENDER, identities=(identity(f"news@{DOMAIN}"),)), (), "dkim_no_identity"),
        (sender(dkim={"signing": False}), (), "dkim_off"),
        (sender(dkim={"tokens": ()}), (), "dkim_no_keys"),
        (SENDER, ((TOKENS[2], "CNAME", ()),), "dkim_missing"),
        (sender(dkim={"status": "PENDING"}), ((TOKENS[0], "CNAME", ()),), "dkim_missing"),
        (SENDER, ((TOKENS[1], "CNAME", ("other.example",)),), "dkim_other"),
        (SENDER, ((TOKENS[1], "CNAME", ()), (TOKENS[1], "TXT", ("p=MIGf",))), "dkim_ok"),
        (SENDER, ((TOKENS[1], "CNAME", ()), (TOKENS[1], "TXT", ("v=DKIM1; p=",))), "dkim_missing"),
        (sender(dkim={"status": "PENDING"}), (), "dkim_pending"),
        (sender(dkim={"status": "FAILED"}), (), "dkim_failed"),
        (sender(dkim={"status": "NOT_STARTED"}), (), "dkim_failed"),
        (sender(dkim={"status": "TEMPORARY_FAILURE"}), (), "dkim_shaky"),
        (sender(dkim={"bits": 1024}), (), "dkim_short_key"),
        (sender(dkim={"bits": 0}), (), "dkim_ok"),
        (sender(dkim={"own_key": True}), ((TOKENS[0], "CNAME", ()),), "dkim_ok"),
        (sender(dkim={"own_key": True, "status": "PENDING"}), (), "dkim_own_key"),
        (sender(dkim={"own_key": True, "bits": 1024}), (), "dkim_short_key"),
    ],
)
def test_dkim(of, planted, code):
    assert found(checks.dkim, of, *planted).code == code


def test_keys_that_cannot_be_looked_up_are_not_called_missing():
    name = "broken.test"
    of = replace(SENDER, identities=(identity(name),))
    assert found(checks.dkim, of).code == "dkim_unknown"


@pytest.mark.parametrize(
    ("of", "planted", "code"),
    [
        (SENDER, (), "mail_from_ok"),
        (replace(SENDER, identities=None), (), "mail_from_unknown"),
        (sender(mail_from=None), (), "mail_from_none"),
        (sender(mail_from={"status": "FAILED"}), (), "mail_from_unused"),
        (sender(mail_from={"status": "PENDING", "rejects": True}), (), "mail_from_refuses"),
        (sender(mail_from={"rejects": True}), (), "mail_from_ok"),
        (SENDER, ((BOUNCE, "MX", ()),), "mail_from_mx"),
        (SENDER, ((BOUNCE, "MX", (MX, "20 mx.example.org")),), "mail_from_mx"),
        (SENDER, ((BOUNCE, "MX", ("20 " + MX[3:].upper() + ".",)),), "mail_from_ok"),
        (sender(mail_from={"domain": "broken.test"}), (), "mail_from_unknown"),
    ],
)
def test_mail_from(of, planted, code):
    assert found(checks.mail_from, of, *planted).code == code


TEN = "v=spf1 " + "a " * 10 + "include:amazonses.com ~all"


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ((SPF,), "spf_ok"),
        ((SPF, "google-site-verification=x", "v=spf10 -all"), "spf_ok"),
        (("v=spf1 include:amazonses.com -all",), "spf_ok"),
        ((), "spf_none"),
        (("v=spf1;include:amazonses.com ~all",), "spf_none"),
        ((SPF, "v=spf1 -all"), "spf_two"),
        (("v=spf1 mx -all",), "spf_without_ses"),
        (("v=spf1 -include:amazonses.com ~all",), "spf_without_ses"),
        (("v=spf1 include:amazonses.com +all",), "spf_all_pass"),
        (("v=spf1 include:amazonses.com all",), "spf_all_pass"),
        (("v=spf1 include:amazonses.com ?all",), "spf_open"),
        (("v=spf1 include:amazonses.com",), "spf_open"),
        (("v=spf1 incldue:amazonses.com ~all",), "spf_unreadable"),
        (("v=spf1 include:nothing.example include:amazonses.com ~all",), "spf_include_missing"),
        ((TEN,), "spf_too_many"),
        ((TEN.replace("a ", "", 1),), "spf_ok"),
        (("v=spf1 include:broken.test include:amazonses.com ~all",), "spf_unknown"),
    ],
)
def test_spf(texts, code):
    assert found(checks.spf, SENDER, (BOUNCE, "TXT", texts)).code == code


def test_spf_speaks_for_another_or_is_not_known():
    assert found(checks.spf, sender(mail_from=None)).code == "spf_amazon"
    assert found(checks.spf, sender(mail_from={"status": "FAILED"})).code == "spf_amazon"
    waiting = sender(mail_from={"status": "PENDING", "rejects": True})
    assert found(checks.spf, waiting).code == "spf_ok"
    assert found(checks.spf, replace(SENDER, identities=None)).code == "spf_unknown"
    assert found(checks.spf, sender(mail_from={"domain": "broken.test"})).code == "spf_unknown"


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ((POLICY,), "dmarc_ok"),
        ((POLICY.replace("none", "reject"),), "dmarc_ok"),
        (("stray text", POLICY), "dmarc_ok"),
        ((), "dmarc_none"),
        (("v=dmarc1; p=none",), "dmarc_none"),
        (("v=DMARC10; p=none",), "dmarc_none"),
        ((POLICY, POLICY), "dmarc_two"),
        (("v=DMARC1; p=nonsense",), "dmarc_unreadable"),
        (("v=DMARC1",), "dmarc_unreadable"),
        (("v=DMARC1; p=none",), "dmarc_no_reports"),
        ((POLICY + "; t=y",), "dmarc_testing"),
        ((POLICY + "; t=n",), "dmarc_ok"),
        ((POLICY + "; pct=50",), "dmarc_old_tags"),
        ((POLICY + "; rf=afrf",), "dmarc_old_tags"),
        ((POLICY + "; ri=86400",), "dmarc_old_tags"),
    ],
)
def test_dmarc(texts, code):
    assert found(dmarc, SENDER, (f"_dmarc.{DOMAIN}", "TXT", texts)).code == code


BELOW = replace(SENDER, domain=f"news.{DOMAIN}", address=f"a@news.{DOMAIN}")


@pytest.mark.parametrize(
    ("planted", "code"),
    [
        ((), "dmarc_ok"),
        (((f"_dmarc.{DOMAIN}", "TXT", ()),), "dmarc_none"),
        ((("_dmarc.org", "TXT", ("v=DMARC1; p=none; psd=y",)),), "dmarc_ok"),
        (
            (
                (f"_dmarc.{DOMAIN}", "TXT", ()),
                ("_dmarc.org", "TXT", ("v=DMARC1; p=none; psd=y; rua=mailto:a@org",)),
            ),
            "dmarc_none",
        ),
        (((f"_dmarc.{BELOW.domain}", "TXT", (POLICY, POLICY)),), "dmarc_two"),
        (((DOMAIN, "TXT", (POLICY, POLICY)),), "dmarc_ok"),
        ((("_dmarc.org", "TXT", ("v=DMARC1; p=nonsense",)),), "dmarc_ok"),
        (
            ((f"_dmarc.{DOMAIN}", "TXT", ()), ("_dmarc.org", "TXT", ("v=DMARC1; p=nonsense",))),
            "dmarc_none",
        ),
    ],
)
def test_a_policy_above_the_sender_holds_and_that_of_a_registry_does_not(planted, code):
    assert found(dmarc, BELOW, *planted).code == code


def test_a_policy_that_cannot_be_looked_up_is_not_called_missing():
    assert found(dmarc, replace(SENDER, domain="broken.test")).code == "dmarc_unknown"


def test_the_missing_policy_is_printed_at_the_domain_that_signs():
    (record,) = found(dmarc, BELOW, (f"_dmarc.{DOMAIN}", "TXT", ())).records
    assert record.name == f"_dmarc.{DOMAIN}"
    elsewhere = replace(BELOW, identities=(identity("other.example"),))
    (record,) = found(dmarc, elsewhere, (f"_dmarc.{DOMAIN}", "TXT", ())).records
    assert record.name == f"_dmarc.{BELOW.domain}"


@pytest.mark.parametrize(
    ("contact", "reports_to"),
    [
        ("privacy@example.org", "privacy@example.org"),
        ("privacy@mail.example.org", "privacy@mail.example.org"),
        ("privacy@other.example", "postmaster@example.org"),
        ("a!b@example.org", "postmaster@example.org"),
        ("a,b;c@example.org", "postmaster@example.org"),
    ],
)
def test_reports_go_only_where_nobody_else_has_to_agree(contact, reports_to):
    of = replace(SENDER, contact=contact)
    (record,) = found(dmarc, of, (f"_dmarc.{DOMAIN}", "TXT", ())).records
    assert record.value == f"v=DMARC1; p=none; rua=mailto:{reports_to}"


STRICT = POLICY + "; adkim=s; aspf=s"


@pytest.mark.parametrize(
    ("of", "planted", "code"),
    [
        (SENDER, (), "alignment_ok"),
        (BELOW, (), "alignment_ok"),
        (SENDER, ((f"_dmarc.{DOMAIN}", "TXT", ()),), "alignment_ok"),
        (sender(mail_from=None), (), "alignment_dkim_only"),
        (sender(mail_from={"status": "FAILED"}), (), "alignment_dkim_only"),
        (sender(mail_from={"domain": "bounce.other.example"}), (), "alignment_dkim_only"),
        (SENDER, ((f"_dmarc.{DOMAIN}", "TXT", (STRICT,)),), "alignment_dkim_only"),
        (
            sender(mail_from={"domain": DOMAIN}),
            ((f"_dmarc.{DOMAIN}", "TXT", (STRICT,)), (DOMAIN, "TXT", (SPF,))),
            "alignment_ok",
        ),
        (SENDER, ((TOKENS[0], "CNAME", ()),), "alignment_spf_only"),
        (sender(dkim={"signing": False}), (), "alignment_spf_only"),
        (sender(dkim={"signing": False}, mail_from=None), (), "alignment_none"),
        (SENDER, ((TOKENS[0], "CNAME", ()), (BOUNCE, "TXT", ())), "alignment_none"),
        (replace(BELOW), ((f"_dmarc.{DOMAIN}", "TXT", (STRICT,)),), "alignment_none"),
        (
            BELOW,
            ((f"_dmarc.{BELOW.domain}", "TXT", (POLICY,)), (f"_dmarc.{DOMAIN}", "TXT", ())),
            "alignment_parent",
        ),
        (
            replace(SENDER, domain="shop.example"),
            (("_dmarc.shop.example", "TXT", (POLICY,)),),
            "alignment_none",
        ),
        (replace(SENDER, domain="shop.example"), (), "alignment_none"),
        (replace(SENDER, identities=None), (), "alignment_unknown"),
        (replace(SENDER, identities=()), (), "alignment_none"),
    ],
)
def test_alignment(of, planted, code):
    of_bounce = of.mail_from and of.mail_from.domain
    more = () if of_bounce in (None, BOUNCE, DOMAIN) else ((of_bounce, "TXT", (SPF,)),)
    assert found(alignment, of, *planted, *more).code == code


BROKEN = [
    (SENDER, ((name, "CNAME", ()),), "dkim_missing") for name in TOKENS
] + [
    (SENDER, ((TOKENS[0], "CNAME", ("other.example",)),), "dkim_other"),
    (SENDER, ((BOUNCE, "MX", ("20 mx.example.org",)),), "mail_from_mx"),
    *(
        (SENDER, ((BOUNCE, "TXT", texts),), code)
        for texts, code in (
            ((), "spf_none"),
            (("v=spf1 mx -all", "v=spf1 ip4:192.0.2.0/24 ?all"), "spf_two"),
            (("v=spf1 mx -all",), "spf_without_ses"),
            (("v=spf1 mx include:amazonses.com +all",), "spf_all_pass"),
            (("v=spf1 mx include:amazonses.com",), "spf_open"),
            (("v=spf1 redirect=loop.example",), "spf_include_missing"),
            (("v=spf1 mx ptr:",), "spf_unreadable"),
            ((TEN,), "spf_too_many"),
        )
    ),
    *(
        (of, ((f"_dmarc.{DOMAIN}", "TXT", texts),), code)
        for of in (SENDER, BELOW)
        for texts, code in (
            ((), "dmarc_none"),
            ((POLICY, POLICY), "dmarc_two"),
            (("v=DMARC1; p=nonsense; sp=reject; rua=mailto:a@example.org",), "dmarc_unreadable"),
            (("v=DMARC1; p=quarantine",), "dmarc_no_reports"),
            ((POLICY + "; t=y; pct=1",), "dmarc_testing"),
            ((POLICY + "; pct=50; ri=1; fo=1",), "dmarc_old_tags"),
        )
    ),
    (
        BELOW,
        ((f"_dmarc.{BELOW.domain}", "TXT", (POLICY,)), (f"_dmarc.{DOMAIN}", "TXT", ())),
        "alignment_parent",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("of", "planted", "code"), BROKEN)
def test_a_record_we_print_turns_its_check_right(of, planted, code):
    dns = zone()
    for name, kind, values in planted:
        dns.set(name, kind, *values)
    (check,) = [check for check in checks.checks(of, asking(dns)) if check.code == code]
    for record in check.records:
        dns.set(record.name, record.type, record.value)
    after = {each.id: each for each in checks.checks(of, asking(dns))}
    assert after[check.id].verdict is Verdict.OK, after[check.id].code


@pytest.mark.parametrize(
    "part", [None, {"status": "FAILED"}, {"status": "FAILED", "rejects": True}]
)
def test_the_records_of_a_new_bounce_domain_are_right_once_ses_has_seen_them(part):
    dns, of = MemoryDns(), sender(mail_from=part)
    for record in checks.mail_from(of, asking(dns)).records:
        dns.set(record.name, record.type, record.value)
    assert checks.mail_from(SENDER, asking(dns)).verdict is Verdict.OK
    assert checks.spf(SENDER, asking(dns)).verdict is Verdict.OK


def test_the_records_of_a_new_identity_are_right_once_ses_has_seen_them():
    dns = MemoryDns()
    of = replace(SENDER, identities=(replace(RIGHT, verified=False, status="PENDING"),))
    for record in identity_check(of).records:
        dns.set(record.name, record.type, record.value)
    assert checks.dkim(SENDER, asking(dns)).verdict is Verdict.OK


def test_a_bounce_domain_that_others_use_keeps_what_it_says():
    dns = MemoryDns()
    dns.set(BOUNCE, "TXT", "v=spf1 ip4:192.0.2.0/24 -all")
    text = checks.mail_from(sender(mail_from={"status": "FAILED"}), asking(dns)).records[1]
    assert text.value == "v=spf1 ip4:192.0.2.0/24 include:amazonses.com -all"
    dns.set(BOUNCE, "TXT", "v=spf1 ip4:192.0.2.0/24 include:amazonses.com -all")
    again = checks.mail_from(sender(mail_from={"status": "FAILED"}), asking(dns)).records[1]
    assert again.value == text.value


_WORDS = st.sampled_from(
    (
        *("v=spf1", "v=DMARC1;", "p=none;", "rua=", "include:", "redirect=", "amazonses.com"),
        *("~all", "+all", "t=y;", "psd=y;", "psd=n;", "adkim=s;", "mx", "a", "%{i}", ";", "=", ":"),
    )
)
TEXTS = st.lists(
    st.one_of(st.text(max_size=40), st.lists(_WORDS, max_size=8).map(" ".join)), max_size=3
)


@given(bounce=TEXTS, policy=TEXTS, key=TEXTS)
def test_whatever_is_found_there_every_check_ends_and_tells_a_sentence(bounce, policy, key):
    dns = zone()
    dns.set(BOUNCE, "TXT", *bounce)
    dns.set(f"_dmarc.{DOMAIN}", "TXT", *policy)
    dns.set(TOKENS[0], "CNAME")
    dns.set(TOKENS[0], "TXT", *key)
    told = list(checks.checks(BELOW, asking(dns)))
    assert all(check.sentence() for check in told)
    assert len(told) == 6
    for check in told:
        for record in check.records:
            dns.set(record.name, record.type, record.value)
    mended = {check.id: check for check in checks.checks(BELOW, asking(dns))}
    for check in told:
        if check.records:
            assert mended[check.id].verdict is Verdict.OK, (check.code, mended[check.id].code)


def test_what_will_be_asked_is_known_beforehand():
    dns = zone()
    list(checks.checks(BELOW, asking(dns)))
    ahead = set(checks.questions(BELOW))
    assert set(dns.asked) <= ahead
