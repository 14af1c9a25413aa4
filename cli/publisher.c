/* SPDX-License-Identifier: MIT */
#include "cli/publisher.h"

#include <mqtt_protocol.h>
#include <stdio.h>

#include "common/hash.h"
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

	publisher_receipt *receipt; /* NULL: none are wanted */
	char reply_topic[64];	    /* of receipts, followed by the tag */
	int subscribe;		    /* packet identifier */
	bool is_subscribed;
	int code; /* of the SUBACK */
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

static void on_subscribed(void *owner, int packet, int code)
{
	struct publisher *p = owner;

	if (packet != p->subscribe)
		return;
	p->is_subscribed = true;
	p->code = code;
}

static void on_received(void *owner, struct span topic, struct span payload)
{
	struct publisher *p = owner;
	uint64_t tag;
	cJSON *receipt;

	if (p->receipt == NULL || !span_starts_with(topic, span_of_text(p->reply_topic)) ||
			!span_to_uint(span_from(topic, strlen(p->reply_topic)), SIZE_MAX, &tag))
		return;
	p->last_answer = instant_now();
	receipt = cJSON_ParseWithLength((const char *)payload.data, payload.len);
	if (cJSON_IsObject(receipt))
		p->receipt(p->owner, tag, receipt);
	cJSON_Delete(receipt);
}

struct publisher *publisher_open(const struct link_config *config, publisher_report *report,
		void *owner, enum answer *ret, struct str *problem)
{
	struct publisher *p = xcalloc(1, sizeof(*p));
	struct link_events events = { .owner = p,
		.published = on_published,
		.subscribed = on_subscribed,
		.received = on_received };

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

static int publish(struct publisher *p, int *packet, size_t tag, const char *topic,
		struct span payload)
{
	mosquitto_property *properties = NULL;
	char reply[96];
	int r = MOSQ_ERR_SUCCESS;

	snprintf(reply, sizeof(reply), "%s%zu", p->reply_topic, tag);
	if (p->receipt != NULL)
		r = mosquitto_property_add_string(&properties, MQTT_PROP_RESPONSE_TOPIC, reply);
	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_publish_v5(link_mosquitto(p->link), packet, topic, (int)payload.len,
				payload.data, 1, false, properties);
	mosquitto_property_free_all(&properties);
	return r;
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
	r = publish(p, &packet, tag, topic, payload);
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

/* --- receipts ------------------------------------------------------------------------------- */

/* One turn of the link. False when nothing came in time, or the connection is over. */
static bool turn(struct publisher *p)
{
	struct instant deadline = instant_after(p->last_answer, p->timeout);
	struct duration patience = instant_between(instant_now(), deadline);

	if (patience.ns > 0)
		return link_turn(p->link, patience);
	link_give_up(p->link, "no answer in time");
	return false;
}

static bool wait_subscribed(struct publisher *p)
{
	while (!p->is_subscribed) {
		if (!turn(p))
			return false;
	}
	return true;
}

static bool wait_receipts(struct publisher *p, const size_t *missing)
{
	while (*missing > 0) {
		if (!turn(p))
			return false;
	}
	return true;
}

enum answer publisher_ask_receipts(
		struct publisher *p, publisher_receipt *receipt, struct str *problem)
{
	char filter[96];
	int r;

	if (!link_is_v5(p->link)) {
		str_append_text(problem, "the broker does not speak MQTT 5, which receipts need");
		return ANSWER_REFUSED;
	}
	p->receipt = receipt;
	snprintf(p->reply_topic, sizeof(p->reply_topic), "belfry/reply/%016llx%016llx/",
			(unsigned long long)hash_seed(), (unsigned long long)hash_seed());
	snprintf(filter, sizeof(filter), "%s+", p->reply_topic);
	p->last_answer = instant_now();
	r = mosquitto_subscribe(link_mosquitto(p->link), &p->subscribe, filter, 1);
	if (r == MOSQ_ERR_SUCCESS && wait_subscribed(p)) {
		if (p->code < 0x80)
			return ANSWER_DONE;
		str_append_text(problem, "belfry/reply/#: ");
		return answer_explain(
				p->code == 0x80 ? MQTT_RC_NOT_AUTHORIZED : p->code, NULL, problem);
	}
	str_append_text(problem,
			r != MOSQ_ERR_SUCCESS ? mqtt_client_error(r) : link_problem(p->link));
	return ANSWER_LOST;
}

bool publisher_wait_receipts(struct publisher *p, const size_t *missing)
{
	if (*missing > 0)
		p->last_answer = instant_now();
	return wait_receipts(p, missing);
}
