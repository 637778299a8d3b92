# SPDX-License-Identifier: Apache-2.0
"""Templates, packaging, deployment and the local stack: nothing here ships in the Lambda."""
