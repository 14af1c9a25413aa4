/* SPDX-License-Identifier: MIT */
#include "gateway/output/unknown.h"

static bool has_object(void *owner, struct span host, struct span service)
{
	return objects_find(owner, host, service) == OBJECT_THERE;
}

/* After the core has got other objects, what it has by now is not pending any more. */
static void prune(struct unknown *u, struct objects *o)
{
	uint64_t generation = objects_generation(o);

	if (generation != u->generation)
		pending_prune(u->pending, u->output, has_object, o);
	u->generation = generation;
}

bool unknown_find(struct unknown *u, struct sink *sink, const struct check_result *result,
		struct rejection *ret)
{
	struct objects *o = sink->class->objects != NULL ? sink->class->objects(sink) : NULL;
	enum object_presence presence;

	if (o == NULL)
		return false;
	prune(u, o);
	presence = objects_find(o, result->host, result->service);
	if (presence == OBJECT_THERE)
		return false;
	*ret = (struct rejection){ .host = result->host, .service = result->service };
	if (presence == OBJECT_NO_HOST) {
		ret->reject = REJECT_UNKNOWN_HOST;
		ret->detail = result->host;
	} else {
		ret->reject = REJECT_UNKNOWN_SERVICE;
		ret->detail = result->service;
	}
	return true;
}

void unknown_note(struct unknown *u, const struct check_result *result,
		const struct rejection *rejection, const struct publisher *publisher,
		struct wall_time received)
{
	struct pending_note note = { .output = u->output,
		.result = result,
		.missing = rejection->reject == REJECT_UNKNOWN_HOST ? OBJECT_NO_HOST
								    : OBJECT_NO_SERVICE,
		.publisher = publisher,
		.received = received };

	pending_add(u->pending, &note);
}
