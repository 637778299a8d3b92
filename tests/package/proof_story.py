# SPDX-License-Identifier: Apache-2.0
"""The walk's chapter about proofs: by each selector, fetched from both places, and one lost.

It guarantees what `story` does: each step asserts what a person would see.
"""

import http.client
from urllib.parse import urlsplit

from tests.package.installation import KEY, Installation


def proofs(site: Installation, token: str, emails: tuple[str, str]) -> None:
    """A proof by each selector, of two people; the finished file, and one too big for an answer."""
    (found,) = site.api("GET", "/subscribers", query={"email": emails[1]})["items"]
    wanted = ({"email": emails[0]}, {"token": token}, {"subscriber": found["id"]})
    jobs = [site.api("POST", "/proofs", each, expect=202)["id"] for each in wanted]
    site.api("GET", "/proofs/{proof}/bundle", expect=409, proof=jobs[0])
    for _ in range(10):
        site.consume("sequence_ledger", least=0)
        if not site.consume("build_proofs", least=0):
            states = [site.api("GET", "/proofs/{proof}", proof=job)["status"] for job in jobs]
            if set(states) == {"ready"}:
                break
            site.consume("build_proofs")
    else:
        raise AssertionError(f"the proofs were not built: {states}")
    fetch(site, jobs[0])
    lose(site, emails[0])
    assert len(site.api("GET", "/proofs")["items"]) == len(jobs) + 1


def lose(site: Installation, email: str) -> None:
    """A proof whose half-made file is gone when its entry has come into the log."""
    job = site.api("POST", "/proofs", {"email": email}, expect=202)["id"]
    site.consume("sequence_ledger", least=0)
    site.hand_over("build_proofs", [{"v": 1, "job": job}])
    s3, bucket = site.client("s3"), site.environment["KVITTO_BUCKET"]
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="bundles/")["Contents"]:
        if item["Key"].endswith(".prepared"):
            s3.delete_object(Bucket=bucket, Key=item["Key"])
    site.consume("sequence_ledger")
    site.consume("build_proofs")
    assert site.api("GET", "/proofs/{proof}", proof=job)["status"] == "failed"


def fetch(site: Installation, job: str) -> None:
    """Fetch a bundle from the API, and then, once it is grown, from the store."""
    s3, bucket = site.client("s3"), site.environment["KVITTO_BUCKET"]
    words = {"headers": {"Authorization": f"Bearer {KEY}"}, "proof": job}
    status, _, _ = site.http("GET", "/api/v1/proofs/{proof}/bundle", **words)
    assert status == http.client.OK
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="bundles/")["Contents"]
    (key,) = (item["Key"] for item in listed if job in item["Key"])
    s3.put_object(Bucket=bucket, Key=key, Body=bytes(5 << 20))
    status, _, headers = site.http("GET", "/api/v1/proofs/{proof}/bundle", **words)
    assert status == http.client.SEE_OTHER
    place = urlsplit(headers["Location"])
    link = http.client.HTTPConnection(place.netloc, timeout=30)
    link.request("GET", f"{place.path}?{place.query}")
    assert len(link.getresponse().read()) == 5 << 20
    link.close()
