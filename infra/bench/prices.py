# SPDX-License-Identifier: Apache-2.0
"""What a million costs: counted quantities times AWS's list prices.

It guarantees that every sum shows its terms. Prices are list prices of us-east-1 without free
tier, as the pages below gave them when this table was written (November 2026): look again before
a decision depends on them. SES's own fee is its own term and is never part of the sum.

Sources: aws.amazon.com/dynamodb/pricing/on-demand (on-demand since November 2024),
/sns/pricing (SQS deliveries are free), /sqs/pricing, /kms/pricing, /s3/pricing,
/lambda/pricing (x86), /api-gateway/pricing (REST), /ses/pricing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

USD_PER_MILLION: Mapping[str, float] = {
    "dynamodb.write_unit": 0.625,
    "dynamodb.read_unit": 0.125,
    "sns.publish": 0.50,
    "sqs.request": 0.40,
    "kms.request": 3.00,
    "kms.sign": 15.00,
    "s3.put": 5.00,
    "s3.get": 0.40,
    "lambda.request": 0.20,
    "lambda.gb_s": 16.6667,
    "api_gateway.request": 3.50,
}
SES_USD_PER_MILLION = 100.0

VCPU_PER_GB = 1024 / 1769
"""A function of 1,769 MB has one vCPU. Source: AWS Lambda Developer Guide, memory."""
REQUEST_S = 0.005
SES_ONE_S = 0.1
SES_BULK_S = 0.5
"""Assumed answer times of AWS: inside the Region, for SendEmail, for SendBulkEmail."""
ASSUMED = {"request_s": REQUEST_S, "ses_one_s": SES_ONE_S, "ses_bulk_s": SES_BULK_S}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one piece of work asked of AWS: requests by operation, capacity units, own CPU."""

    requests: Mapping[str, float] = field(default_factory=dict)
    write_units: float = 0.0
    read_units: float = 0.0
    cpu_s: float = 0.0

    def with_cpu(self, cpu_s: float) -> "Counted":
        """Return the same, done in ``cpu_s`` CPU seconds."""
        return replace(self, cpu_s=cpu_s)

    def scaled(self, factor: float) -> "Counted":
        """Return ``factor`` times as much of everything."""
        return Counted(
            requests={name: count * factor for name, count in self.requests.items()},
            write_units=self.write_units * factor,
            read_units=self.read_units * factor,
            cpu_s=self.cpu_s * factor,
        )

    def plus(self, other: "Counted") -> "Counted":
        """Return both together."""
        names = self.requests.keys() | other.requests.keys()
        return Counted(
            requests={x: self.requests.get(x, 0) + other.requests.get(x, 0) for x in sorted(names)},
            write_units=self.write_units + other.write_units,
            read_units=self.read_units + other.read_units,
            cpu_s=self.cpu_s + other.cpu_s,
        )

    def gb_s(self, memory_gb: float) -> float:
        """Return Lambda's GB-seconds: our CPU at that memory's share, plus waiting for AWS."""
        waiting = sum(count * _answer_s(name) for name, count in self.requests.items())
        return memory_gb * (self.cpu_s / min(1.0, memory_gb * VCPU_PER_GB) + waiting)

    def quantities(self) -> dict[str, float]:
        """Return what is billed, by the names of the price table."""
        billed = {
            "dynamodb.write_unit": self.write_units,
            "dynamodb.read_unit": self.read_units,
        }
        for name, count in self.requests.items():
            item = _price_of(name)
            if item:
                billed[item] = billed.get(item, 0.0) + count
        return billed


def _answer_s(operation: str) -> float:
    return {"ses.SendEmail": SES_ONE_S, "ses.SendBulkEmail": SES_BULK_S}.get(operation, REQUEST_S)


def _price_of(operation: str) -> str | None:
    service, _, name = operation.partition(".")
    if service == "kms":
        return "kms.sign" if name == "Sign" else "kms.request"
    if service == "s3":
        # Deleting is free; a HEAD is priced as a GET, and a listing as a PUT.
        return {"PUT": "s3.put", "LIST": "s3.put", "DELETE": None}.get(name, "s3.get")
    return "sqs.request" if service == "sqs" else None


def bill(quantities: Mapping[str, float]) -> tuple[float, dict[str, dict[str, float]]]:
    """Return the dollars of a million times ``quantities``, and each term: count, price, sum."""
    terms = {
        name: {
            "each": count,
            "usd_per_million": USD_PER_MILLION[name],
            "usd": count * USD_PER_MILLION[name],
        }
        for name, count in sorted(quantities.items())
        if count
    }
    return sum(term["usd"] for term in terms.values()), terms
