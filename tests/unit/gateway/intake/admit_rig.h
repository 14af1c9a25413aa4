/* SPDX-License-Identifier: MIT */
/*
 * An admit with one route, "nagios/#", to one output, and nothing on disk. For tests and fuzzers.
 */
#ifndef TESTS_UNIT_GATEWAY_INTAKE_ADMIT_RIG_H
#define TESTS_UNIT_GATEWAY_INTAKE_ADMIT_RIG_H

#include "common/mem.h"
#include "gateway/intake/admit.h"

struct admit_rig {
	struct config config;
	struct route route;
	struct counters counters;
	struct admit admit;
};

static inline void admit_rig_init(struct admit_rig *r)
{
	static char id[] = "rig";
	struct standing_policy policy = {
		.max_skew = seconds(60), .id_window = seconds(60), .max_ids = 100, .max_objects = 2
	};
	struct str problem = { 0 };

	*r = (struct admit_rig){ .config = { .client_id = id } };
	text_list_add(&r->route.filters, span_of_text("nagios/#"));
	template_parse(span_of_text("${topic[1]}"), "host", &r->route.host, &problem);
	template_parse(span_of_text("${topic[2..]}"), "service", &r->route.service, &problem);
	r->route.formats = DECODE_JSON | DECODE_TEXT;
	r->route.output_set = 1;
	r->config.routes = &r->route;
	r->config.route_count = 1;
	admit_init(&r->admit, &r->config, &r->counters);
	r->admit.standings = standings_create(&policy, 1);
	r->admit.states = states_create(0, id, 1);
	str_finish(&problem);
}

static inline void admit_rig_finish(struct admit_rig *r)
{
	admit_finish(&r->admit);
	standings_destroy(r->admit.standings);
	states_destroy(r->admit.states);
	route_finish(&r->route);
}

static inline void admit_rig_take(struct admit_rig *r, const struct record *message)
{
	struct arrival arrival = { .received = message->received,
		.now = { message->received.ns },
		.retained = message->retain };

	admit_message(&r->admit, message, &arrival);
}

/* The record of the batch at `index`; false when it cannot be read. */
static inline bool admit_rig_record(const struct admit_rig *r, size_t index, struct record *ret)
{
	const struct record_batch *b = &r->admit.records;
	struct span rest = str_span(&b->bytes);

	for (size_t i = 0; i < index; i++)
		rest = span_from(rest, b->sizes[i]);
	return record_decode(span_first(rest, b->sizes[index]), ret);
}

#endif
