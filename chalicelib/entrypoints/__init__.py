# SPDX-License-Identifier: Apache-2.0
"""Parse, authorise, call one service, shape the reply."""
