#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Renew what a manual page says about the keywords of a configuration: between two lines of it
# stands what the program prints of its settings tables.
#   man.sh PAGE PROGRAM [PLUGIN]           rewrite the page
#   man.sh --check PAGE PROGRAM [PLUGIN]   exit 1, with the difference, when it is not what PROGRAM
#                                          prints of its keywords, or of those of the PLUGIN
set -eu

check=
if [ "$1" = --check ]; then
    check=yes
    shift
fi
page=$1
program=$2
plugin=${3:-}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$program" --print-settings=mdoc${plugin:+:$plugin} >"$folder/printed"
awk -v printed="$folder/printed" '
    /^\.\\" END of what / { inside = 0; ends++ }
    !inside { print }
    /^\.\\" BEGIN of what / {
        inside = 1
        begins++
        while ((getline line <printed) > 0)
            print line
    }
    END {
        if (begins != 1 || ends != 1 || inside) {
            print "the lines BEGIN and END are not there once each" >"/dev/stderr"
            exit 1
        }
    }' "$page" >"$folder/page"
if [ -z "$check" ]; then
    cat "$folder/page" >"$page"
elif ! diff -u "$page" "$folder/page"; then
    echo "$page is not what $program prints; run: make man" >&2
    exit 1
fi
