/* SPDX-License-Identifier: MIT */
#include "cli/retained_set.h"

#include <mqtt_protocol.h>

#include "common/mem.h"

struct fetch {
	struct retained_set *set;
	int subscribe, unsubscribe; /* packet identifiers */
	int code;		    /* of the SUBACK */
	bool is_subscribed, is_done;
};

static void on_received(void *owner, struct span topic, struct span payload)
{
	struct fetch *f = owner;
	struct retained_set *set = f->set;

	set->all = grow_array(set->all, set->count, &set->capacity, sizeof(*set->all));
	set->all[set->count] = (struct retained_message){ span_dup_text(topic),
		span_dup_text(payload), set->count };
	set->count++;
}

static void on_subscribed(void *owner, int packet, int code)
{
	struct fetch *f = owner;

	if (packet == f->unsubscribe) {
		f->is_done = true;
	} else if (packet == f->subscribe) {
		f->is_subscribed = true;
		f->code = code;
	}
}

static int by_topic(const void *a, const void *b)
{
	const struct retained_message *left = a, *right = b;
	int order = strcmp(left->topic, right->topic);

	return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

/* A message that changes while we look comes twice: the newer one counts. */
static void sort(struct retained_set *set)
{
	size_t kept = 0;

	if (set->count == 0)
		return;
	qsort(set->all, set->count, sizeof(*set->all), by_topic);
	for (size_t i = 1; i < set->count; i++) {
		if (strcmp(set->all[kept].topic, set->all[i].topic) == 0) {
			free(set->all[kept].topic);
			free(set->all[kept].payload);
		} else {
			kept++;
		}
		set->all[kept] = set->all[i];
	}
	set->count = kept + 1;
}

static enum answer fetch(struct link *l, struct fetch *f, const char *filter,
		struct duration timeout, struct str *problem)
{
	struct mosquitto *m = link_mosquitto(l);
	int r = mosquitto_subscribe(m, &f->subscribe, filter, 0);

	if (r == MOSQ_ERR_SUCCESS && link_wait(l, &f->is_subscribed, timeout)) {
		if (f->code >= 0x80) {
			str_printf(problem, "%s: ", filter);
			return answer_explain(f->code == 0x80 ? MQTT_RC_NOT_AUTHORIZED : f->code,
					NULL, problem);
		}
		r = mosquitto_unsubscribe(m, &f->unsubscribe, filter);
		if (r == MOSQ_ERR_SUCCESS && link_wait(l, &f->is_done, timeout))
			return ANSWER_DONE;
	}
	str_append_text(problem, r != MOSQ_ERR_SUCCESS ? mqtt_client_error(r) : link_problem(l));
	return ANSWER_LOST;
}

enum answer retained_set_fetch(const struct link_config *config, const char *filter,
		struct retained_set *ret, struct str *problem)
{
	struct fetch f = { .set = ret };
	struct link_events events = {
		.owner = &f, .subscribed = on_subscribed, .received = on_received
	};
	enum answer answer;
	struct link *l = link_open(config, &events, &answer, problem);

	if (l == NULL)
		return answer;
	answer = fetch(l, &f, filter, config->timeout, problem);
	link_close(l);
	sort(ret);
	return answer;
}

void retained_set_finish(struct retained_set *set)
{
	for (size_t i = 0; i < set->count; i++) {
		free(set->all[i].topic);
		free(set->all[i].payload);
	}
	free(set->all);
	*set = (struct retained_set){ 0 };
}

const char *retained_set_find(const struct retained_set *set, const char *prefix, const char *topic)
{
	size_t len = strlen(prefix);

	for (size_t i = 0; i < set->count; i++) {
		if (strncmp(set->all[i].topic, prefix, len) == 0 &&
				strcmp(set->all[i].topic + len, topic) == 0)
			return set->all[i].payload;
	}
	return NULL;
}
