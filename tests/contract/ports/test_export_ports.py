# SPDX-License-Identifier: Apache-2.0
"""`ports.exports` as promised, by the fakes and by the adapters alike."""

from contextlib import suppress
from typing import Any

import pytest

from chalicelib.adapters import aws as clients
from chalicelib.adapters.dynamo.exports import DynamoExportFence
from chalicelib.adapters.s3 import S3Blobs
from chalicelib.adapters.s3_uploads import S3Uploads
from chalicelib.errors import Conflict, FatalError
from tests.contract.ports.conftest import CAMPAIGNS
from tests.support.clock import SeededRandom
from tests.support.memory_exports import MemoryExportFence, MemoryUploads
from tests.support.memory_outside import MemoryBlobs, OutsideRows

BUCKET = "kvitto-store"
KEY = "exports/AAAAAAAAAAAAAAAAAAAAAA.csv"
CSV = "text/csv"
FIVE_MIB = 5 * 1024 * 1024


@pytest.fixture(params=["memory", "dynamo"])
def fences(request: pytest.FixtureRequest) -> Any:
    """Two processes' fences over one row."""
    if request.param == "dynamo":
        request.getfixturevalue("tables")
        return [DynamoExportFence(CAMPAIGNS, SeededRandom(seed)) for seed in (1, 2)]
    rows = OutsideRows()
    return [MemoryExportFence(rows), MemoryExportFence(rows)]


@pytest.fixture(params=["memory", "s3"])
def stores(request: pytest.FixtureRequest) -> Any:
    """Uploads, and the blobs of the same bucket."""
    if request.param == "memory":
        rows = OutsideRows()
        return MemoryUploads(rows), MemoryBlobs(rows)
    request.getfixturevalue("aws")
    where = {"LocationConstraint": "eu-north-1"}
    clients.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    return S3Uploads(BUCKET), S3Blobs(BUCKET)


def test_a_fence_that_was_moved_never_stands_where_it_stood(fences: Any) -> None:
    one, other = fences
    places = [one.place()]
    assert places == [""]
    for fence in (one, other, one, other):
        fence.move()
        assert one.place() == other.place()
        places.append(one.place())
    assert len(set(places)) == len(places)


def test_what_ends_exports_alone_leaves_imports_and_stands_nowhere_twice(fences: Any) -> None:
    one, other = fences
    one.move_exports()
    places = ["", one.place()]
    assert one.place_of_imports() == ""
    for move in (one.move, other.move_exports, other.move):
        move()
        assert one.place() == other.place()
        places.append(one.place())
    assert len(set(places)) == len(places)
    assert one.place_of_imports() == other.place_of_imports() != ""


def test_a_fence_of_another_version_is_not_guessed_at(tables: None) -> None:
    fence = DynamoExportFence(CAMPAIGNS, SeededRandom(1))
    fence.move()
    clients.client("dynamodb").update_item(
        TableName=CAMPAIGNS,
        Key={"pk": {"S": "EXPORTS"}, "sk": {"S": "FENCE"}},
        UpdateExpression="SET v = :v",
        ExpressionAttributeValues={":v": {"N": "2"}},
    )
    with pytest.raises(FatalError):
        fence.place()


def test_an_object_is_read_once_it_is_complete_and_not_before(stores: Any) -> None:
    uploads, blobs = stores
    upload = uploads.begin(KEY, CSV)
    tags = [uploads.part(KEY, upload, 1, b"a" * FIVE_MIB)]
    tags.append(uploads.part(KEY, upload, 2, b"never"))
    tags[1] = uploads.part(KEY, upload, 2, b"end")
    assert not any(" " in tag for tag in tags)
    assert blobs.get(KEY) is None
    uploads.complete(KEY, upload, tags)
    blob = blobs.get(KEY)
    assert blob is not None
    assert blob.data == b"a" * FIVE_MIB + b"end"


def test_one_part_alone_may_be_small(stores: Any) -> None:
    uploads, blobs = stores
    upload = uploads.begin(KEY, CSV)
    uploads.complete(KEY, upload, [uploads.part(KEY, upload, 1, b"all")])
    assert blobs.size(KEY) == 3


def test_an_upload_that_is_over_takes_nothing_more(stores: Any) -> None:
    uploads, blobs = stores
    completed, abandoned = uploads.begin(KEY, CSV), uploads.begin(KEY, CSV)
    tag = uploads.part(KEY, completed, 1, b"all")
    uploads.complete(KEY, completed, [tag])
    uploads.part(KEY, abandoned, 1, b"other")
    for _ in range(2):
        uploads.abandon(KEY, abandoned)
        uploads.abandon(KEY, completed)
    if isinstance(uploads, MemoryUploads):  # moto breaks down over an upload it does not have.
        for upload in (completed, abandoned):
            with pytest.raises(Conflict):
                uploads.part(KEY, upload, 2, b"more")
        with pytest.raises(Conflict):
            uploads.complete(KEY, abandoned, [tag])
    with suppress(Conflict):  # S3 may take the very same for a repetition.
        uploads.complete(KEY, completed, [tag])
    blob = blobs.get(KEY)
    assert blob is not None
    assert blob.data == b"all"


def test_a_part_that_is_another_by_now_is_not_completed(stores: Any) -> None:
    uploads, blobs = stores
    upload = uploads.begin(KEY, CSV)
    old = uploads.part(KEY, upload, 1, b"first account")
    uploads.part(KEY, upload, 1, b"second account")
    with pytest.raises(Conflict):
        uploads.complete(KEY, upload, [old])
    assert blobs.get(KEY) is None


def test_an_upload_that_s3_does_not_have_is_a_conflict(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.exceptions import ClientError

    def gone(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "NoSuchUpload"}}, "UploadPart")

    for operation in ("upload_part", "complete_multipart_upload", "abort_multipart_upload"):
        monkeypatch.setattr(clients.client("s3"), operation, gone)
    uploads = S3Uploads(BUCKET)
    with pytest.raises(Conflict):
        uploads.part(KEY, "gone", 1, b"more")
    with pytest.raises(Conflict):
        uploads.complete(KEY, "gone", ['"a",'])
    uploads.abandon(KEY, "gone")


def test_each_part_is_named_again_with_the_checksum_s3_gave_it(
    aws: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, named = clients.client("s3"), []
    monkeypatch.setattr(
        client, "upload_part", lambda **_: {"ETag": '"a"', "ChecksumCRC32": "AAAAAA=="}
    )
    monkeypatch.setattr(client, "complete_multipart_upload", lambda **call: named.append(call))
    uploads = S3Uploads(BUCKET)
    uploads.complete(KEY, "upload", [uploads.part(KEY, "upload", 1, b"all")])
    parts = [{"PartNumber": 1, "ETag": '"a"', "ChecksumCRC32": "AAAAAA=="}]
    assert named[0]["MultipartUpload"] == {"Parts": parts}


def test_the_type_is_kept(aws: None) -> None:
    where = {"LocationConstraint": "eu-north-1"}
    clients.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    uploads = S3Uploads(BUCKET)
    upload = uploads.begin(KEY, CSV)
    uploads.complete(KEY, upload, [uploads.part(KEY, upload, 1, b"all")])
    assert clients.client("s3").head_object(Bucket=BUCKET, Key=KEY)["ContentType"] == CSV
