/* SPDX-License-Identifier: MIT */
/*
 * The hosts and services that a gateway has refused results for because the core does not have
 * them, as it tells them (gateway/output/pending.h). It repeats what strangers published: every
 * text is untrusted.
 */
#ifndef CLI_PENDING_LIST_H
#define CLI_PENDING_LIST_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "cli/snippet.h"

/* One object, as text; never NULL. Valid as long as the list. */
struct pending_object {
	const char *host, *service; /* service empty: the host itself */
	bool host_is_missing;
	double count;
	const char *first, *last, *state, *output, *publisher;
};

/* Sorted by host and service after pending_list_sort(). Zeroed memory is an empty list. */
struct pending_list {
	cJSON *replies; /* an array, whose texts the objects borrow */
	struct pending_object *all;
	size_t count, capacity;
};

/* Take over what a reply has of objects; what is no object is passed over. */
void pending_list_add(struct pending_list *list, const cJSON *reply);
void pending_list_sort(struct pending_list *list);
void pending_list_finish(struct pending_list *list);

void pending_list_print(const struct pending_list *list, FILE *out);
/* One JSON array, a line an object. */
void pending_list_json(const struct pending_list *list, FILE *out);

/*
 * Append the definitions of all that is pending of a host. False with a sentence in *problem: it
 * has none, or one of the names is refused; *into is then as before.
 */
bool pending_list_define(const struct pending_list *list, const char *host,
		const struct snippet_style *style, struct str *into, struct str *problem);

#endif
