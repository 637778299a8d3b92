# SPDX-License-Identifier: Apache-2.0
"""Everything around the product: templates, packaging, deployment and the local stack. Nothing here ships in the Lambda."""
