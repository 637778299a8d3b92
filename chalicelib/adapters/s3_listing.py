# SPDX-License-Identifier: Apache-2.0
"""`ports.audit.ObjectAudit` on one S3 bucket: names of objects, page by page. Writes nothing."""

from collections.abc import Iterator

from chalicelib.adapters.aws import client, translated


class S3Listing:
    """Keys of one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys below ``prefix``; S3 gives them in the order of their UTF-8 bytes."""
        request = {"Bucket": self._bucket, "Prefix": prefix}
        while True:
            with translated("list objects"):
                answer = client("s3").list_objects_v2(**request)
            yield from (each["Key"] for each in answer.get("Contents", ()))
            if not answer.get("IsTruncated"):
                return
            request["ContinuationToken"] = answer["NextContinuationToken"]
