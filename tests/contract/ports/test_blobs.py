# SPDX-License-Identifier: Apache-2.0
"""`ports.outside.Blobs` as promised, by the fake and by S3's adapter alike."""

from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.errors import Conflict, FatalError, NotFound, Unavailable
from chalicelib.ports.outside import Blobs
from tests.support.memory_outside import MemoryBlobs

BUCKET = "kvitto-store"
BYTES = "application/octet-stream"


@pytest.fixture
def bucket(aws: None) -> S3Blobs:
    clients.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
    )
    clients.client("s3").put_bucket_versioning(
        Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"}
    )
    return S3Blobs(BUCKET)


@pytest.fixture(params=["memory", "s3"])
def blobs(request: pytest.FixtureRequest) -> Blobs:
    if request.param == "s3":
        made: Blobs = request.getfixturevalue("bucket")
        return made
    return MemoryBlobs()


def test_an_object_is_read_back_as_it_was_written(blobs):
    assert blobs.put_new("log/tile/0/000", b"\x00\xff data", BYTES) is True
    blob = blobs.get("log/tile/0/000")
    assert blob is not None
    assert blob.data == b"\x00\xff data"
    assert blobs.size("log/tile/0/000") == 7


def test_an_empty_object_is_an_object(blobs):
    assert blobs.put_new("empty", b"", BYTES) is True
    assert blobs.size("empty") == 0
    assert blobs.put_new("empty", b"x", BYTES) is False


def test_what_is_not_there_is_none(blobs):
    assert blobs.get("none") is None
    assert blobs.size("none") is None
    blobs.delete("none")


def test_an_immutable_object_is_written_once(blobs):
    assert blobs.put_new("notice/a", b"first", "text/html") is True
    assert blobs.put_new("notice/a", b"second", "text/html") is False
    blob = blobs.get("notice/a")
    assert blob is not None
    assert blob.data == b"first"


def test_a_range_is_inclusive_and_stops_at_the_end(blobs):
    blobs.put_new("manifests/a", bytes(range(100)), BYTES)
    assert blobs.get_range("manifests/a", 0, 0) == b"\x00"
    assert blobs.get_range("manifests/a", 10, 19) == bytes(range(10, 20))
    assert blobs.get_range("manifests/a", 90, 500) == bytes(range(90, 100))
    assert blobs.get_range("manifests/a", 100, 200) == b""


def test_a_range_of_nothing_is_not_found(blobs):
    with pytest.raises(NotFound):
        blobs.get_range("none", 0, 1)


def test_a_changing_object_is_replaced_only_as_it_was_read(blobs):
    blobs.put("log/checkpoint", b"one", "text/plain")
    first = blobs.get("log/checkpoint")
    assert first is not None
    blobs.put("log/checkpoint", b"two", "text/plain", if_match=first.etag)
    with pytest.raises(Conflict):
        blobs.put("log/checkpoint", b"three", "text/plain", if_match=first.etag)
    blobs.put("log/checkpoint", b"four", "text/plain")
    last = blobs.get("log/checkpoint")
    assert last is not None
    assert last.data == b"four"


def test_an_object_that_is_gone_is_not_replaced(blobs):
    blobs.put("a", b"one", BYTES)
    blob = blobs.get("a")
    assert blob is not None
    blobs.delete("a")
    with pytest.raises(Conflict):
        blobs.put("a", b"two", BYTES, if_match=blob.etag)
    assert blobs.get("a") is None


def test_a_deleted_object_is_gone_and_its_key_free(blobs):
    blobs.put_new("bundles/a.zip", b"zip", "application/zip")
    blobs.delete("bundles/a.zip")
    assert blobs.get("bundles/a.zip") is None
    assert blobs.size("bundles/a.zip") is None
    with pytest.raises(NotFound):
        blobs.get_range("bundles/a.zip", 0, 1)
    assert blobs.put_new("bundles/a.zip", b"new", "application/zip") is True


def test_the_content_type_is_kept(bucket):
    bucket.put_new("notice/a", b"<p>", "text/html; charset=utf-8")
    answer = clients.client("s3").head_object(Bucket=BUCKET, Key="notice/a")
    assert answer["ContentType"] == "text/html; charset=utf-8"


def test_a_missing_bucket_is_a_fault_and_never_an_absent_object(aws):
    with pytest.raises(Unavailable):
        S3Blobs("no-such-bucket").get("a")


def racing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[Any]:
    """Answer 409 ConditionalRequestConflict to the first puts, as S3 does in a race."""
    from botocore.exceptions import ClientError

    client = clients.client("s3")
    real, seen = client.put_object, []

    def put_object(**request: Any) -> Any:
        seen.append(request["IfNoneMatch"])
        if len(seen) <= times:
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")
        return real(**request)

    monkeypatch.setattr(client, "put_object", put_object)
    return seen


def test_a_race_for_a_new_object_is_tried_again(bucket, monkeypatch):
    seen = racing(monkeypatch, times=2)
    assert bucket.put_new("a", b"x", BYTES) is True
    assert seen == ["*", "*", "*"]


def test_a_race_that_does_not_end_is_a_conflict(bucket, monkeypatch):
    racing(monkeypatch, times=9)
    with pytest.raises(Conflict):
        bucket.put_new("a", b"x", BYTES)


def test_a_folder_is_destroyed_in_every_version_and_no_other(blobs):
    for data in (b"first", b"second"):
        blobs.put("bundles/ada/a.zip", data, BYTES)
    blobs.put("bundles/ada/b.zip", b"third", BYTES)
    blobs.delete("bundles/ada/b.zip")
    blobs.put("bundles/adam/a.zip", b"another's", BYTES)
    assert blobs.delete_all("bundles/ada/") >= 1
    assert blobs.get("bundles/ada/a.zip") is None
    assert blobs.get("bundles/adam/a.zip") is not None
    assert blobs.delete_all("bundles/ada/") == 0
    with pytest.raises(FatalError):
        blobs.delete_all("bundles/ada")


def test_no_version_of_a_destroyed_object_can_be_listed(bucket):
    for _ in range(3):
        bucket.put("bundles/ada/a.zip", b"data", BYTES)
        bucket.delete("bundles/ada/a.zip")
    assert bucket.delete_all("bundles/ada/") == 6
    listed = clients.client("s3").list_object_versions(Bucket=BUCKET)
    assert "Versions" not in listed
    assert "DeleteMarkers" not in listed
