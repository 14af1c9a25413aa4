/* SPDX-License-Identifier: MIT */
/*
 * The messages of one `belfry submit --wait`, and the receipts that are still to come for them: one
 * that the gateway has the results in its journal, which names outputs, and one from each of those.
 */
#ifndef CLI_AWAITED_H
#define CLI_AWAITED_H

#include <cjson/cJSON.h>
#include <stdbool.h>

#include "common/str.h"

struct awaited_output {
	char *name;
	bool is_named; /* by the gateway, so that its receipt is waited for */
	bool has_answered;
	double ms; /* until it was confirmed; negative: it was not */
};

struct awaited_message {
	bool is_journaled, is_over;
	double ms; /* until it was journaled */
	struct awaited_output *outputs;
	size_t count, capacity;
};

struct awaited {
	struct awaited_message *all;
	size_t count;
	size_t missing; /* messages that are not over */
};

/* `count` messages, by number. */
void awaited_init(struct awaited *a, size_t count);
/* Zeroed memory may be finished, too. */
void awaited_finish(struct awaited *a);

/* No receipt will come for the message. */
void awaited_drop(struct awaited *a, size_t index);

/*
 * Take a receipt into account. Appends to *refusals a line, without its end, for each result that
 * was refused: the code, the reason and the remedy. True when the message is over with it.
 */
bool awaited_take(struct awaited *a, size_t index, const cJSON *receipt, struct str *refusals);

/* "journaled after 0.82 ms, nagios confirmed after 3.1 ms, icinga has not confirmed" */
void awaited_describe(const struct awaited *a, size_t index, struct str *into);

#endif
