# SPDX-License-Identifier: Apache-2.0
"""What the services need from outside, with the guarantees they rely on."""
