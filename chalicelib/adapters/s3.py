# SPDX-License-Identifier: Apache-2.0
"""Objects in one S3 bucket.

Guarantees that an immutable object is created once (`If-None-Match: *`) and that a changing one is
replaced only when it is the one that was read (`If-Match`). The bucket keeps versions: a deleted
object is invisible at once and destroyed by the bucket's own lifecycle rules; `delete_all`
destroys at once.

Source: Amazon S3 User Guide, "Add preconditions to S3 operations with conditional requests".
"""

from typing import Any, Final

from chalicelib.adapters.aws import client, error_code, translated
from chalicelib.errors import Conflict, FatalError, NotFound
from chalicelib.ports.outside import Blob

_MISSING: Final = frozenset({"NoSuchKey", "404"})
_EXISTS: Final = frozenset({"PreconditionFailed", "412"})
_BEYOND: Final = frozenset({"InvalidRange", "416"})
PUT_TRIES: Final = 3


class S3Blobs:
    """`Blobs` in one bucket."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    def get(self, key: str) -> Blob | None:
        """Return the object, or None when there is none."""
        try:
            with translated("read an object"):
                answer = client("s3").get_object(Bucket=self._bucket, Key=key)
                return Blob(data=answer["Body"].read(), etag=answer["ETag"])
        except NotFound:
            return None

    def get_range(self, key: str, first: int, last: int) -> bytes:
        """Return bytes ``first`` to ``last`` inclusive, fewer at the end of the object.

        Raises:
            NotFound: no such object.
        """
        answer = self._attempt(
            "read part of an object", "get_object", _BEYOND, Key=key, Range=f"bytes={first}-{last}"
        )
        if answer is None:
            return b""
        with translated("read part of an object"):
            return bytes(answer["Body"].read())

    def put_new(self, key: str, data: bytes, content_type: str) -> bool:
        """Create an immutable object; False when the key exists (compare it yourself).

        False also comes when the first answer was lost and the SDK asked again.

        Raises:
            Conflict: others are writing the same key, every time we tried.
        """
        put = {"Key": key, "Body": data, "ContentType": content_type, "IfNoneMatch": "*"}
        for _ in range(PUT_TRIES - 1):
            try:
                return self._attempt("create an object", "put_object", _EXISTS, **put) is not None
            except Conflict:
                # 409: another conditional write was under way; S3 says to send it again.
                continue
        return self._attempt("create an object", "put_object", _EXISTS, **put) is not None

    def put(self, key: str, data: bytes, content_type: str, if_match: str | None = None) -> None:
        """Write an object that may change.

        Raises:
            Conflict: ``if_match`` was given and the object's tag is another, or it is gone.
        """
        only = {} if if_match is None else {"IfMatch": if_match}
        put = {"Key": key, "Body": data, "ContentType": content_type, **only}
        if self._attempt("replace an object", "put_object", _MISSING, **put) is None:
            raise Conflict("replace an object: it is gone")

    def size(self, key: str) -> int | None:
        """Return the object's length in bytes, or None."""
        answer = self._attempt("measure an object", "head_object", _MISSING, Key=key)
        return None if answer is None else int(answer["ContentLength"])

    def address(self, key: str, lasts_s: int) -> str:
        """Return an address anybody may fetch the object from for ``lasts_s`` seconds.

        Source: Amazon S3 User Guide, "Sharing objects with presigned URLs".
        """
        with translated("address an object"):
            return str(
                client("s3").generate_presigned_url(
                    "get_object",
                    Params={"Bucket": self._bucket, "Key": key},
                    ExpiresIn=lasts_s,
                )
            )

    def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        with translated("remove an object"):
            client("s3").delete_object(Bucket=self._bucket, Key=key)

    def delete_all(self, prefix: str) -> int:
        """Destroy every object below ``prefix`` in every version; return how many versions.

        Raises:
            FatalError: the prefix does not end in a slash.
        """
        if not prefix.endswith("/"):
            raise FatalError("objects are destroyed by folder")
        destroyed = 0
        while True:
            # From the start each time: what was destroyed is not listed any more.
            with translated("list versions"):
                answer = client("s3").list_object_versions(Bucket=self._bucket, Prefix=prefix)
            found = [*answer.get("Versions", ()), *answer.get("DeleteMarkers", ())]
            for each in found:
                with translated("destroy a version"):
                    client("s3").delete_object(
                        Bucket=self._bucket, Key=each["Key"], VersionId=each["VersionId"]
                    )
            destroyed += len(found)
            if not answer.get("IsTruncated") or not found:
                return destroyed

    def _attempt(
        self, what: str, operation: str, expected: frozenset[str], **request: Any
    ) -> dict[str, Any] | None:
        """Return the answer, or None when the service refused with an expected code."""
        from botocore.exceptions import ClientError

        with translated(what):
            try:
                answer = getattr(client("s3"), operation)(Bucket=self._bucket, **request)
            except ClientError as error:
                if error_code(error) in expected:
                    return None
                raise
            return dict(answer)
