#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs aics-tlog, a stranger's verifier that our own are compared with, into .local/oracles.
# It needs Python 3.12 or newer. Without one, or without a package registry, that comparison is skipped.
set -eu
VERSION=0.2.1
VENV=.local/oracles/aics-tlog-$VERSION
if [ -x "$VENV/bin/python" ] && "$VENV/bin/python" -c 'import aics_tlog' 2>/dev/null; then exit 0; fi
for candidate in python3.14 python3.13 python3.12 python3 "$HOME"/.pyenv/versions/3.1[2-9].*/bin/python; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        echo "installing aics-tlog $VERSION for the comparison of verifiers"
        if "$candidate" -m venv --clear "$VENV" && "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
            "aics-tlog==$VERSION" cryptography==50.0.2 cffi pycparser 2>/dev/null; then exit 0; fi
        rm -rf "$VENV"
    fi
done
echo "no Python 3.12 or newer that can install aics-tlog: the comparison with it will be skipped"
