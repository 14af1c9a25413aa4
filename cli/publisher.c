/* SPDX-License-Identifier: MIT */
#include "cli/publisher.h"

#include <stdio.h>

#include "common/mem.h"

enum { MAX_UNANSWERED = 100 };

struct unanswered {
	int packet;
	size_t tag;
};

struct publisher {
	struct link *link;
	struct duration timeout;
	publisher_report *report;
	void *owner;
	struct unanswered unanswered[MAX_UNANSWERED]; /* in the order of sending */
	size_t count;
	struct instant last_answer;
};

static void on_published(void *owner, int packet, int code, const mosquitto_property *properties)
{
	struct publisher *p = owner;
	struct str sentence = { 0 };
	enum answer answer = ANSWER_DONE;
	size_t tag, i = 0;

	while (i < p->count && p->unanswered[i].packet != packet)
		i++;
	if (i == p->count)
		return;
	tag = p->unanswered[i].tag;
	p->count--;
	memmove(&p->unanswered[i], &p->unanswered[i + 1],
			(p->count - i) * sizeof(p->unanswered[0]));
	p->last_answer = instant_now();
	if (code != 0)
		answer = answer_explain(code, properties, &sentence);
	p->report(p->owner, tag, answer, str_text(&sentence));
	str_finish(&sentence);
}

struct publisher *publisher_open(const struct link_config *config, publisher_report *report,
		void *owner, enum answer *ret, struct str *problem)
{
	struct publisher *p = xcalloc(1, sizeof(*p));
	struct link_events events = { .owner = p, .published = on_published };

	*p = (struct publisher){ .report = report, .owner = owner, .timeout = config->timeout };
	p->link = link_open(config, &events, ret, problem);
	p->last_answer = instant_now();
	if (p->link != NULL)
		return p;
	free(p);
	return NULL;
}

void publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	link_close(p->link);
	free(p);
}

/* Wait until at most `left` messages are unanswered; give the others up when that fails. */
static void wait_for_answers(struct publisher *p, size_t left)
{
	while (p->count > left && !link_has_ended(p->link)) {
		struct instant deadline = instant_after(p->last_answer, p->timeout);
		struct duration patience = instant_between(instant_now(), deadline);
		char problem[64];

		if (patience.ns > 0) {
			link_turn(p->link, patience);
			continue;
		}
		snprintf(problem, sizeof(problem), "no acknowledgement within %.0f s",
				duration_seconds(p->timeout));
		link_give_up(p->link, problem);
	}
	while (p->count > 0 && link_has_ended(p->link)) {
		size_t tag = p->unanswered[0].tag;

		p->count--;
		memmove(&p->unanswered[0], &p->unanswered[1], p->count * sizeof(p->unanswered[0]));
		p->report(p->owner, tag, ANSWER_LOST, link_problem(p->link));
	}
}

void publisher_send(struct publisher *p, size_t tag, const char *topic, struct span payload)
{
	int packet = 0;
	int r;

	wait_for_answers(p, MAX_UNANSWERED - 1);
	if (link_has_ended(p->link)) {
		p->report(p->owner, tag, ANSWER_LOST, link_problem(p->link));
		return;
	}
	if (p->count == 0)
		p->last_answer = instant_now();
	r = mosquitto_publish_v5(link_mosquitto(p->link), &packet, topic, (int)payload.len,
			payload.data, 1, false, NULL);
	if (r == MOSQ_ERR_OVERSIZE_PACKET || r == MOSQ_ERR_PAYLOAD_SIZE)
		p->report(p->owner, tag, ANSWER_REFUSED,
				"it is larger than the broker accepts (max_packet_size)");
	else if (r != MOSQ_ERR_SUCCESS)
		p->report(p->owner, tag, ANSWER_REFUSED, mqtt_client_error(r));
	else
		p->unanswered[p->count++] = (struct unanswered){ packet, tag };
}

void publisher_wait(struct publisher *p)
{
	wait_for_answers(p, 0);
}
