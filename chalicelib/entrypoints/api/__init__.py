# SPDX-License-Identifier: Apache-2.0
"""The API below /api/v1: one module per noun, one frame around all, one description of it."""
