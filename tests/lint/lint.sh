#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The checks of `make lint` beside the layers. Each prints what it found; the last line says how
# many failed. CC and CPPFLAGS come from the Makefile; the arguments are the C files.
set -u
failed=0

check() {
    name=$1
    shift
    if ! out=$("$@" 2>&1); then
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$name" "$out"
    elif [ -n "$out" ]; then
        failed=$((failed + 1))
        printf '%s:\n%s\n' "$name" "$out"
    fi
}

licence() {
    for f in "$@"; do
        head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f:1: no SPDX line"
    done
}

trailing_blanks() {
    grep -nE '[[:blank:]]+$' "$@" || true
}

# Nothing outside common/clock.c asks a clock in the pure layers, and they never log.
purity() {
    grep -nE '\b(instant_now|wall_time_now|clock_gettime|time|log_(error|warn|notice|info|debug|line)|printf|recv|send|read|write|getenv)\(' \
        broker/mqtt/*.[ch] broker/core/*.[ch] 2>/dev/null |
        grep -vE '^[^:]*:[0-9]+:[[:space:]]*(/?\*|//)' || true
}

formatting() {
    clang-format --dry-run --Werror "$@" 2>&1 | grep -E 'error:' | head -n 20
}

analysis() {
    cppcheck -q --include=tests/lint/uthash.h \
        --std=c11 -I. -D_GNU_SOURCE --enable=warning,performance,portability \
        --inline-suppr --suppress=missingIncludeSystem --suppress=normalCheckLevelMaxBranches \
        --suppressions-list=tests/lint/cppcheck.txt --error-exitcode=1 \
        common broker gateway plugins cli
}

# What mandoc knows of this machine's own manual is no business of ours.
manual() {
    mandoc -Tlint $(find broker gateway plugins cli -name "*.[1358]") 2>/dev/null |
        grep -vE 'referenced manual not found' || true
}

check "licence" licence "$@"
check "trailing blanks" trailing_blanks "$@"
check "purity" purity
check "statements of MQTT" python3 tests/lint/statements.py
if command -v clang-format >/dev/null; then check "formatting (make format mends it)" formatting "$@"; fi
if command -v cppcheck >/dev/null; then check "cppcheck" analysis; fi
if command -v mandoc >/dev/null; then check "manual" manual; else echo "note: without mandoc the manual is not looked at"; fi
exit $((failed > 0))
