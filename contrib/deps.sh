#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Install what is missing from the distribution, as root or through sudo; nothing when all is there.
#   deps.sh         everything: building, testing, linting
#   deps.sh --run   what `make demo` needs: building and running
set -eu

run="gcc make pkg-config libc6-dev libev-dev liblmdb-dev libmosquitto-dev libcjson-dev
     uthash-dev libxxhash-dev libssl-dev libwslay-dev libhttp-parser-dev libmicrohttpd-dev
     libhiredis-dev zlib1g-dev libcurl4-openssl-dev
     mosquitto-clients nagios4-core"
test="clang clang-format clang-tidy libcmocka-dev cppcheck libclang-rt-14-dev mandoc mosquitto openssl
      python3 python3-paho-mqtt python3-pytest python3-pytest-xdist util-linux node-mqtt icinga2-bin
      strace redis-server rsyslog rsyslog-gnutls graphite-carbon influxdb
      victoria-metrics stunnel4"

wanted=$run
[ "${1:-}" = --run ] || wanted="$run $test"

missing=
for package in $wanted; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

sudo=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "missing packages:$missing" >&2
        echo "install them as root: apt-get install --no-install-recommends$missing" >&2
        exit 1
    fi
    sudo=sudo
fi
echo "installing:$missing"

# Daemons of the distribution stay off: the demo and the tests start their own.
policy=
if [ ! -e /usr/sbin/policy-rc.d ]; then
    policy=/usr/sbin/policy-rc.d
    printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null
    $sudo chmod 755 $policy
fi
trap '[ -z "$policy" ] || $sudo rm -f $policy' EXIT

export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
# shellcheck disable=SC2086 # a list of words
if ! { $sudo apt-get -q update && $sudo apt-get -q install -y --no-install-recommends $missing; } >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    echo "the packages could not be installed; see above" >&2
    exit 1
fi
rm -f "$log"
