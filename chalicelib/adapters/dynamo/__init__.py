# SPDX-License-Identifier: Apache-2.0
"""Stores on DynamoDB, one per port."""
