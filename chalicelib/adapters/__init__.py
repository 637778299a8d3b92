# SPDX-License-Identifier: Apache-2.0
"""The only home of the AWS SDK, PynamoDB and Jinja2."""
