/* SPDX-License-Identifier: MIT */
/*
 * An admit with nothing on disk and two routes: "nagios/#" is decoded for one output, "logs/#" is
 * passed on to another one. For tests and fuzzers.
 */
#ifndef TESTS_UNIT_GATEWAY_INTAKE_ADMIT_RIG_H
#define TESTS_UNIT_GATEWAY_INTAKE_ADMIT_RIG_H

#include "common/mem.h"
#include "gateway/intake/admit.h"

struct admit_rig {
	struct config config;
	struct route routes[2]; /* decoded, passed on */
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
	text_list_add(&r->routes[0].filters, span_of_text("nagios/#"));
	template_parse(span_of_text("${topic[1]}"), "host", &r->routes[0].host, &problem);
	template_parse(span_of_text("${topic[2..]}"), "service", &r->routes[0].service, &problem);
	r->routes[0].formats = DECODE_JSON | DECODE_TEXT;
	r->routes[0].output_set = 1;
	text_list_add(&r->routes[1].filters, span_of_text("logs/#"));
	r->routes[1].output_set = 2;
	r->config.routes = r->routes;
	r->config.route_count = array_size(r->routes);
	admit_init(&r->admit, &r->config, &r->counters);
	r->admit.standings = standings_create(&policy, 1);
	r->admit.states = states_create(0, id, 1, 1);
	str_finish(&problem);
}

static inline void admit_rig_finish(struct admit_rig *r)
{
	admit_finish(&r->admit);
	standings_destroy(r->admit.standings);
	states_destroy(r->admit.states);
	for (size_t i = 0; i < array_size(r->routes); i++)
		route_finish(&r->routes[i]);
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
