# SPDX-License-Identifier: Apache-2.0
"""Decisions on values: no I/O, clock, randomness or logging."""
