#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs Debian's Chromium for the browser tests when it is missing and we may.
set -eu
if command -v chromium >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing Debian's Chromium for the browser tests"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
    echo "Chromium is missing: the browser tests will be skipped. To run them: sudo apt-get install chromium"
fi
