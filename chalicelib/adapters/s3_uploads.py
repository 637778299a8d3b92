# SPDX-License-Identifier: Apache-2.0
"""`ports.exports.Uploads` on one S3 bucket: multipart uploads.

Guarantees that each part is named again at the end with the checksum S3 gave it, without which S3
completes no upload that was begun with checksums, as the SDK begins them all.

Source: Amazon S3 User Guide, "Uploading and copying objects using multipart upload".
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from chalicelib.adapters.aws import client, error_code, translated
from chalicelib.errors import Conflict

_CRC: Final = "ChecksumCRC32"
_PAST: Final = frozenset({"NoSuchUpload", "InvalidPart", "InvalidPartOrder", "404"})


class S3Uploads:
    """`Uploads` in one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def begin(self, key: str, content_type: str) -> str:
        """Return the name of a new upload."""
        with translated("begin an upload"):
            answer = client("s3").create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type
            )
        return str(answer["UploadId"])

    def part(self, key: str, upload: str, number: int, data: bytes) -> str:
        """Store a part, from 1 on, and return its tag; a repeat replaces it.

        Raises:
            Conflict: the upload is completed or gone.
        """
        with _present("store a part"):
            answer = client("s3").upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )
        return f"{answer['ETag']},{answer.get(_CRC, '')}"

    def complete(self, key: str, upload: str, tags: Sequence[str]) -> None:
        """Make the object of the parts with these tags, in this order; a repeat changes nothing.

        Raises:
            Conflict: the upload is completed, or gone, or a part is another by now.
        """
        parts = [_named(number, tag) for number, tag in enumerate(tags, 1)]
        with _present("complete an upload"):
            client("s3").complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": parts}
            )

    def abandon(self, key: str, upload: str) -> None:
        """Destroy what was stored of an upload; one completed or gone is left as it is."""
        try:
            with _present("abandon an upload"):
                client("s3").abort_multipart_upload(Bucket=self._bucket, Key=key, UploadId=upload)
        except Conflict:
            return


def _named(number: int, tag: str) -> dict[str, Any]:
    etag, _, checksum = tag.partition(",")
    return {"PartNumber": number, "ETag": etag, **({_CRC: checksum} if checksum else {})}


@contextmanager
def _present(what: str) -> Iterator[None]:
    """Turn the service's word for an upload or a part that is not there into a conflict."""
    from botocore.exceptions import ClientError

    with translated(what):
        try:
            yield
        except ClientError as error:
            if error_code(error) in _PAST:
                raise Conflict(f"{what}: it is not there any more") from None
            raise
