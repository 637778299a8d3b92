# SPDX-License-Identifier: Apache-2.0
"""Time passing on a running stack, whose clock is the machine's own."""

from contextlib import closing

from chalicelib.proof.tokens import confirm_token_hash
from tests.support.stack import Stack


def let_expire(stack: Stack, link: str) -> None:
    """Make the 72 hours of a confirmation link be over."""
    token = confirm_token_hash(link.rpartition("/")[2])
    with closing(stack.client("dynamodb")) as dynamo:
        dynamo.update_item(
            TableName="kvitto-ledger",
            Key={"pk": {"S": f"T#{token}"}, "sk": {"S": "T"}},
            UpdateExpression="SET expires_ms = :past",
            ConditionExpression="attribute_exists(pk)",
            ExpressionAttributeValues={":past": {"N": "1"}},
        )
