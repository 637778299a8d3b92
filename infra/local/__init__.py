# SPDX-License-Identifier: Apache-2.0
"""The local stack: the same code as in the cloud against emulated services, on 127.0.0.1 only.

It guarantees that `python -m infra.local.run` starts everything the product needs and stops all of
it.
It refuses to be a model of AWS where AWS matters for safety: expiry, key deletion and idempotency
tokens are proven by `make conformance`, not here.
"""
