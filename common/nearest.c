/* SPDX-License-Identifier: MIT */
#include "common/nearest.h"

enum { MAX_WORD = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment distance, three rows of the usual matrix at a time. */
static size_t distance(struct span a, struct span b)
{
	size_t rows[3][MAX_WORD + 1];
	size_t *before = rows[0], *previous = rows[1], *current = rows[2];

	for (size_t j = 0; j <= b.len; j++)
		previous[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t *spare = before;

		current[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t change = previous[j - 1] + (a.data[i - 1] != b.data[j - 1]);

			current[j] = least(change, least(previous[j], current[j - 1]) + 1);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
					a.data[i - 2] == b.data[j - 1])
				current[j] = least(current[j], before[j - 2] + 1);
		}
		before = previous;
		previous = current;
		current = spare;
	}
	return previous[b.len];
}

void nearest_offer(struct nearest *n, struct span word, const char *known)
{
	struct span candidate = span_of_text(known);
	size_t d;

	if (word.len > MAX_WORD || candidate.len > MAX_WORD)
		return;
	d = distance(word, candidate);
	if (d > 0 && d * 3 <= candidate.len && (n->best == NULL || d < n->distance)) {
		n->best = known;
		n->distance = d;
	}
}
