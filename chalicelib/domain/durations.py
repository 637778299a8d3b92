# SPDX-License-Identifier: Apache-2.0
"""Lengths of time in the unit of every time here, milliseconds."""

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
