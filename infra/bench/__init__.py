# SPDX-License-Identifier: Apache-2.0
"""`make bench`: what the product costs, in CPU time, AWS requests and memory.

It guarantees figures and no verdict: nothing here compares with a target or fails because a
machine is slow. docs/benchmarks.md says what each line means.
"""
