# SPDX-License-Identifier: MIT
# Check that every #include "..." points down the layers.
#   awk -f layers.awk layers.txt FILE...
FILENAME ~ /layers\.txt$/ {
	if ($0 ~ /^#/ || NF == 0)
		next
	known[$1] = 1
	allowed[$1, $1] = 1
	for (i = 2; i <= NF; i++)
		allowed[$1, $i] = 1
	next
}

function folder(path) {
	sub(/\/[^\/]*$/, "", path)
	while (!(path in known) && path ~ /\//)
		sub(/\/[^\/]*$/, "", path)
	return path
}

/^[ \t]*#[ \t]*include[ \t]+"/ {
	if (FILENAME ~ /^tests\//)
		next
	split($0, part, "\"")
	from = folder(FILENAME)
	to = folder(part[2])
	if (!((from, to) in allowed)) {
		printf "%s:%d: %s may not include \"%s\"; see tests/lint/layers.txt\n", FILENAME, FNR, from, part[2]
		bad = 1
	}
}

END { exit bad }
