/* SPDX-License-Identifier: MIT */
#include "cli/link.h"

#include <mqtt_protocol.h>
#include <stdio.h>

#include "common/hash.h"
#include "common/mem.h"

enum { KEEPALIVE = 60 };

struct link {
	const struct link_config *config;
	struct link_events events;
	struct mosquitto *mosquitto;
	bool is_v5;
	bool connected;
	bool ended;	    /* after it was connected, or while it was being */
	int refusal;	    /* CONNACK's or DISCONNECT's reason; 0: none */
	enum answer answer; /* what the refusal means */
	bool was_let_in;    /* there was a CONNACK that said so */
	struct tls_failure tls_failure;
	struct str problem; /* why the connection ended */
};

const struct url_scheme link_schemes[] = {
	{ "mqtt", 1883, false },
	{ "mqtts", 8883, true },
	{ "unix", 0, false },
	{ NULL, 0, false },
};

static void refuse(struct link *l, int code, const mosquitto_property *properties)
{
	l->refusal = code;
	l->answer = answer_explain(code, properties, &l->problem);
}

/* What TLS failed of; false: of nothing that is known. */
static bool say_tls_failure(struct link *l)
{
	const struct link_config *c = l->config;
	struct tls_failure_words words = { .peer = "the broker",
		.host = c->broker->host,
		.trusted = c->cafile != NULL ? "--cafile" : "this system's (give --cafile)",
		.certfile = "--certfile",
		.keyfile = "--keyfile",
		.plain = "mqtt://",
		.has_certificate = c->certfile != NULL };

	if (!tls_failure_known(&l->tls_failure))
		return false;
	tls_failure_explain(&l->tls_failure, &words, &l->problem);
	return true;
}

static void say_error(struct link *l, int result)
{
	if (!say_tls_failure(l))
		str_append_text(&l->problem, mqtt_client_error(result));
}

static void on_connect(struct mosquitto *m, void *owner, int code, int flags,
		const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)flags;
	l->connected = l->was_let_in = code == 0;
	/* "Not authorized" is about a topic elsewhere; here it is 3.1.1's "not let in". */
	if (code == MQTT_RC_NOT_AUTHORIZED)
		code = REASON_NOT_LET_IN;
	if (code != 0)
		refuse(l, code, properties);
}

static void on_disconnect(
		struct mosquitto *m, void *owner, int code, const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	l->connected = false;
	l->ended = true;
	if (l->problem.len > 0)
		return;
	if (code >= 0x80) { /* a DISCONNECT of the broker; below are libmosquitto's own codes */
		refuse(l, code, properties);
		return;
	}
	if (say_tls_failure(l))
		return;
	str_append_text(&l->problem, "the broker closed the connection");
	if (!l->was_let_in && strcmp(l->config->broker->scheme->name, "mqtt") == 0)
		str_append_text(&l->problem,
				" without an answer; if it wants TLS on this port, write mqtts://");
}

static void on_publish(struct mosquitto *m, void *owner, int packet, int code,
		const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	if (l->events.published != NULL)
		l->events.published(l->events.owner, packet, code, properties);
}

static void on_subscribe(struct mosquitto *m, void *owner, int packet, int count,
		const int *granted, const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	if (l->events.subscribed != NULL)
		l->events.subscribed(l->events.owner, packet, count > 0 ? granted[0] : 0x80);
}

static void on_unsubscribe(
		struct mosquitto *m, void *owner, int packet, const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	if (l->events.subscribed != NULL)
		l->events.subscribed(l->events.owner, packet, 0);
}

static void on_message(struct mosquitto *m, void *owner, const struct mosquitto_message *message,
		const mosquitto_property *properties)
{
	struct link *l = owner;

	(void)m;
	(void)properties;
	if (l->events.received != NULL)
		l->events.received(l->events.owner, span_of_text(message->topic),
				span_of(message->payload, (size_t)message->payloadlen));
}

/* Why TLS failed is only told here. */
static void on_log(struct mosquitto *m, void *owner, int level, const char *text)
{
	struct link *l = owner;

	(void)m;
	if (level == MOSQ_LOG_ERR)
		tls_failure_add(&l->tls_failure, span_of_text(text));
}

static void set_callbacks(struct mosquitto *m)
{
	mosquitto_log_callback_set(m, on_log);
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	mosquitto_publish_v5_callback_set(m, on_publish);
	mosquitto_subscribe_v5_callback_set(m, on_subscribe);
	mosquitto_unsubscribe_v5_callback_set(m, on_unsubscribe);
	mosquitto_message_v5_callback_set(m, on_message);
}

/* False with the problem in l->problem. */
static bool create_client(struct link *l)
{
	const struct link_config *c = l->config;
	char id[40];
	struct mqtt_client_options options = { .client_id = id,
		.clean = true,
		.is_v5 = l->is_v5,
		.broker = c->broker,
		.password = c->password,
		.tls = c->tls };

	snprintf(id, sizeof(id), "belfry-%s-%016llx", c->errand, (unsigned long long)hash_seed());
	l->mosquitto = mqtt_client_create(&options, l, &l->problem);
	if (l->mosquitto == NULL)
		return false;
	set_callbacks(l->mosquitto);
	if (c->tls != NULL)
		tls_failure_watch(c->tls, &l->tls_failure);
	return true;
}

bool link_turn(struct link *l, struct duration at_most)
{
	int r = mosquitto_loop(l->mosquitto, (int)duration_milliseconds(at_most) + 1, 1);

	if (r == MOSQ_ERR_SUCCESS)
		return !l->ended;
	l->ended = true;
	if (l->problem.len == 0)
		say_error(l, r);
	return false;
}

/* Wait for the CONNACK. */
static enum answer wait_for_answer(struct link *l)
{
	struct instant deadline = instant_after(instant_now(), l->config->timeout);

	while (!l->connected && l->refusal == 0) {
		struct duration left = instant_between(instant_now(), deadline);

		if (left.ns <= 0) {
			str_append_text(&l->problem, "connected, but no MQTT answer in time");
			return ANSWER_LOST;
		}
		if (!link_turn(l, left))
			break;
	}
	if (l->connected)
		return ANSWER_DONE;
	return l->refusal != 0 ? l->answer : ANSWER_LOST;
}

/* Create the client and connect it. The problem is in l->problem. */
static enum answer try_connect(struct link *l)
{
	const struct url *broker = l->config->broker;
	int r;

	l->connected = l->ended = l->was_let_in = false;
	l->tls_failure = (struct tls_failure){ 0 };
	l->refusal = 0;
	str_clear(&l->problem);
	if (!create_client(l))
		return ANSWER_LOST;
	/* Port 0 is a Unix socket. */
	r = mosquitto_connect_bind_v5(
			l->mosquitto, broker->host, broker->port, KEEPALIVE, NULL, NULL);
	if (r == MOSQ_ERR_SUCCESS)
		return wait_for_answer(l);
	say_error(l, r);
	if (r == MOSQ_ERR_ERRNO && !tls_failure_known(&l->tls_failure))
		str_append_text(&l->problem, "; is the broker running there?");
	return ANSWER_LOST;
}

/* An older broker refuses MQTT 5, or takes offence and hangs up. */
static bool worth_an_older_version(const struct link *l)
{
	return l->refusal == 1 || l->refusal == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ||
	       (l->refusal == 0 && l->ended);
}

struct link *link_open(const struct link_config *config, const struct link_events *events,
		enum answer *ret, struct str *problem)
{
	struct link *l = xcalloc(1, sizeof(*l));

	mosquitto_lib_init();
	*l = (struct link){ .config = config, .events = *events, .is_v5 = true };
	*ret = try_connect(l);
	if (*ret != ANSWER_DONE && worth_an_older_version(l)) {
		mosquitto_destroy(l->mosquitto);
		l->is_v5 = false;
		*ret = try_connect(l);
	}
	if (*ret == ANSWER_DONE)
		return l;
	url_format(config->broker, problem);
	str_printf(problem, ": %s", str_text(&l->problem));
	link_close(l);
	return NULL;
}

void link_close(struct link *l)
{
	if (l == NULL)
		return;
	if (l->connected) {
		mosquitto_disconnect(l->mosquitto);
		mosquitto_loop_write(l->mosquitto, 1);
	}
	if (l->mosquitto != NULL)
		mosquitto_destroy(l->mosquitto);
	if (l->config->tls != NULL)
		tls_failure_watch(l->config->tls, NULL);
	mosquitto_lib_cleanup();
	str_finish(&l->problem);
	free(l);
}

const char *link_problem(const struct link *l)
{
	return str_text(&l->problem);
}

void link_give_up(struct link *l, const char *problem)
{
	l->ended = true;
	if (l->problem.len == 0)
		str_append_text(&l->problem, problem);
}

bool link_has_ended(const struct link *l)
{
	return l->ended;
}

bool link_is_v5(const struct link *l)
{
	return l->is_v5;
}

struct mosquitto *link_mosquitto(struct link *l)
{
	return l->mosquitto;
}

bool link_wait(struct link *l, const bool *condition, struct duration timeout)
{
	struct instant deadline = instant_after(instant_now(), timeout);

	while (!*condition) {
		struct duration left = instant_between(instant_now(), deadline);

		if (left.ns <= 0)
			link_give_up(l, "no answer in time");
		if (left.ns <= 0 || !link_turn(l, left))
			return false;
	}
	return true;
}
