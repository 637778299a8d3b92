# SPDX-License-Identifier: Apache-2.0
"""Evidence formats: knows bytes and keys, never a subscriber; usable without AWS."""
