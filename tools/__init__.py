# SPDX-License-Identifier: Apache-2.0
"""Command-line tools; the verifier shares no code with the product."""
