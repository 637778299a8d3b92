# SPDX-License-Identifier: Apache-2.0
"""Kvitto: e-mail marketing that proves every consent; see docs/architecture.md."""
