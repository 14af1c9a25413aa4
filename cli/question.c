/* SPDX-License-Identifier: MIT */
#include "cli/question.h"

#include <mqtt_protocol.h>
#include <stdio.h>

#include "cli/retained_set.h"
#include "common/hash.h"
#include "common/mqtt_client.h"

#define GATEWAYS "belfry/gateway/"

enum { NOBODY_SUBSCRIBED = 0x10 };

struct exchange {
	const struct question *question;
	struct duration timeout;
	int result;		/* of libmosquitto's last call */
	int subscribe, publish; /* packet identifiers */
	int code;		/* of the acknowledgement that was waited for */
	bool is_subscribed, is_published, is_over;
	bool has_reply; /* since it was looked at last */
	char topic[64]; /* of the replies */
	char correlation[20];
	struct str error; /* of the gateway */
};

/* --- which gateway -------------------------------------------------------------------------- */

static bool is_offline(const struct retained_message *m)
{
	cJSON *status = cJSON_Parse(m->payload);
	const char *state = cJSON_GetStringValue(cJSON_GetObjectItem(status, "state"));
	bool offline = state != NULL && strcmp(state, "offline") == 0;

	cJSON_Delete(status);
	return offline;
}

static const char *id_of(const struct retained_message *m)
{
	return m->topic + strlen(GATEWAYS);
}

static void list_gateways(const struct retained_set *set, struct str *problem)
{
	str_append_text(problem, "there are several gateways; choose one with --gateway:");
	for (size_t i = 0; i < set->count; i++) {
		str_append_byte(problem, ' ');
		str_append_escaped(problem, span_of_text(id_of(&set->all[i])));
	}
}

/* The only gateway that has published a status. */
static enum answer find_gateway(
		const struct link_config *config, struct str *id, struct str *problem)
{
	struct retained_set set = { 0 };
	enum answer answer = retained_set_fetch(config, GATEWAYS "+", &set, problem);

	if (answer == ANSWER_DONE && set.count != 1) {
		answer = ANSWER_REFUSED;
		if (set.count > 1)
			list_gateways(&set, problem);
		else
			str_append_text(problem,
					"no gateway has published its status on this broker; is "
					"belfry-gateway running, and may this user read " GATEWAYS
					"+?");
	} else if (answer == ANSWER_DONE) {
		str_append_text(id, id_of(&set.all[0]));
		if (is_offline(&set.all[0])) {
			answer = ANSWER_REFUSED;
			str_append_text(problem, "gateway ");
			str_append_escaped(problem, str_span(id));
			str_append_text(problem, " is offline; start it");
		}
	}
	retained_set_finish(&set);
	return answer;
}

/* --- the exchange --------------------------------------------------------------------------- */

static void on_subscribed(void *owner, int packet, int code)
{
	struct exchange *x = owner;

	if (packet != x->subscribe)
		return;
	x->is_subscribed = true;
	x->code = code;
}

static void on_published(void *owner, int packet, int code, const mosquitto_property *properties)
{
	struct exchange *x = owner;

	(void)properties;
	if (packet != x->publish)
		return;
	x->is_published = true;
	x->code = code;
}

static void on_received(void *owner, struct span topic, struct span payload)
{
	struct exchange *x = owner;
	const char *error;
	cJSON *reply;

	if (x->is_over || !span_equal_text(topic, x->topic))
		return;
	reply = cJSON_ParseWithLength((const char *)payload.data, payload.len);
	error = cJSON_GetStringValue(cJSON_GetObjectItem(reply, "error"));
	if (!cJSON_IsObject(reply))
		str_append_text(&x->error, "its answer is no JSON object");
	else if (error != NULL)
		str_append_escaped(&x->error, span_of_text(error));
	else
		x->question->reply(x->question->owner, reply);
	x->has_reply = true;
	x->is_over = x->error.len > 0 || cJSON_IsTrue(cJSON_GetObjectItem(reply, "end"));
	cJSON_Delete(reply);
}

/* Step 1: so that no reply can come too early. False when the connection is over. */
static bool subscribe(struct link *l, struct exchange *x)
{
	x->result = mosquitto_subscribe(link_mosquitto(l), &x->subscribe, x->topic, 1);
	return x->result == MOSQ_ERR_SUCCESS && link_wait(l, &x->is_subscribed, x->timeout);
}

/* Step 2. */
static bool publish(struct link *l, struct exchange *x, const char *gateway)
{
	const char *body = x->question->body;
	mosquitto_property *properties = NULL;
	struct str topic = { 0 };
	int r = mosquitto_property_add_string(&properties, MQTT_PROP_RESPONSE_TOPIC, x->topic);

	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_property_add_binary(&properties, MQTT_PROP_CORRELATION_DATA,
				x->correlation, (uint16_t)strlen(x->correlation));
	str_printf(&topic, GATEWAYS "%s/ask", gateway);
	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_publish_v5(link_mosquitto(l), &x->publish, str_text(&topic),
				(int)strlen(body), body, 1, false, properties);
	str_finish(&topic);
	mosquitto_property_free_all(&properties);
	x->result = r;
	return r == MOSQ_ERR_SUCCESS && link_wait(l, &x->is_published, x->timeout);
}

/* Step 3, again and again. */
static bool hear(struct link *l, struct exchange *x)
{
	x->has_reply = false;
	return link_wait(l, &x->has_reply, x->timeout);
}

/* What the acknowledgement of the question says; true: the gateway has it. */
static bool was_taken(const struct exchange *x, const char *gateway, struct str *problem)
{
	if (x->code == 0)
		return true;
	if (x->code == NOBODY_SUBSCRIBED) {
		str_append_text(problem, "gateway ");
		str_append_escaped(problem, span_of_text(gateway));
		str_append_text(problem, " does not listen; is it running, and under this "
					 "client_id?");
	} else {
		str_append_text(problem, "asking: ");
		answer_explain(x->code, NULL, problem);
	}
	return false;
}

/* The gateway's own words, or why the connection is over. */
static enum answer tell_failure(
		struct link *l, struct exchange *x, const char *gateway, struct str *problem)
{
	str_append_text(problem, "gateway ");
	str_append_escaped(problem, span_of_text(gateway));
	str_append_text(problem, ": ");
	if (x->error.len > 0) {
		str_append(problem, str_span(&x->error));
		return ANSWER_REFUSED;
	}
	str_append_text(problem, x->result != MOSQ_ERR_SUCCESS ? mqtt_client_error(x->result)
							       : link_problem(l));
	return ANSWER_LOST;
}

static enum answer converse(
		struct link *l, struct exchange *x, const char *gateway, struct str *problem)
{
	if (!subscribe(l, x))
		return tell_failure(l, x, gateway, problem);
	if (x->code >= 0x80) {
		str_printf(problem, "%s: ", x->topic);
		return answer_explain(
				x->code == 0x80 ? MQTT_RC_NOT_AUTHORIZED : x->code, NULL, problem);
	}
	if (!publish(l, x, gateway))
		return tell_failure(l, x, gateway, problem);
	if (!was_taken(x, gateway, problem))
		return ANSWER_REFUSED;
	while (!x->is_over && hear(l, x))
		;
	return x->is_over && x->error.len == 0 ? ANSWER_DONE : tell_failure(l, x, gateway, problem);
}

enum answer question_ask(const struct question *q, struct str *problem)
{
	struct link_config config = connect_options_link(q->verb, q->connect);
	struct exchange x = { .question = q, .timeout = config.timeout };
	struct link_events events = { .owner = &x,
		.subscribed = on_subscribed,
		.published = on_published,
		.received = on_received };
	enum answer answer = ANSWER_DONE;
	struct link *l = NULL;
	struct str id = { 0 };

	snprintf(x.topic, sizeof(x.topic), "belfry/reply/%016llx%016llx",
			(unsigned long long)hash_seed(), (unsigned long long)hash_seed());
	snprintf(x.correlation, sizeof(x.correlation), "%016llx", (unsigned long long)hash_seed());
	connect_watchdog_start(q->verb, q->connect);
	if (q->gateway != NULL)
		str_append_text(&id, q->gateway);
	else
		answer = find_gateway(&config, &id, problem);
	if (answer == ANSWER_DONE)
		l = link_open(&config, &events, &answer, problem);
	connect_watchdog_stop();
	if (l != NULL && !link_is_v5(l)) {
		str_append_text(problem,
				"the broker does not speak MQTT 5, which a question needs");
		answer = ANSWER_REFUSED;
	} else if (l != NULL) {
		answer = converse(l, &x, str_text(&id), problem);
	}
	link_close(l);
	str_finish(&x.error);
	str_finish(&id);
	return answer;
}
