/* SPDX-License-Identifier: MIT */
#include "cli/publisher.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdio.h>

#include "common/hash.h"

enum { MAX_UNANSWERED = 100, KEEPALIVE = 60 };

struct unanswered {
	int packet;
	size_t tag;
};

struct publisher {
	const struct publisher_config *config;
	publisher_report *report;
	void *owner;
	struct mosquitto *mosquitto;
	bool is_v5;
	bool connected;
	bool ended;  /* the connection, after it was there or while it was made */
	int refusal; /* CONNACK's or DISCONNECT's reason; 0: none */
	struct unanswered unanswered[MAX_UNANSWERED]; /* in the order of sending */
	size_t count;
	struct instant last_answer;
	struct str problem; /* why the connection ended */
};

const struct url_scheme publisher_schemes[] = {
	{ "mqtt", 1883, false },
	{ "mqtts", 8883, true },
	{ "unix", 0, false },
	{ NULL, 0, false },
};

/*
 * Reasons of MQTT 5, and the return codes of 3.1.1 below 6, as sentences. What is worth trying
 * again later counts as lost, the rest as refused.
 */
static const struct {
	int code;
	enum publish_outcome outcome;
	const char *sentence;
} reasons[] = {
	{ 1, PUBLISH_REFUSED, "the broker speaks neither MQTT 5 nor 3.1.1" },
	{ 2, PUBLISH_REFUSED, "the broker does not accept our client identifier" },
	{ 3, PUBLISH_LOST, "the broker is not available at the moment" },
	{ 4, PUBLISH_REFUSED, "user name or password is wrong (user in the URL, --password-file)" },
	{ 5, PUBLISH_REFUSED,
			"the broker does not let us in; check the user in the URL and "
			"--password-file" },
	{ MQTT_RC_NO_MATCHING_SUBSCRIBERS, PUBLISH_REFUSED,
			"nobody is subscribed to it, so the broker threw it away; is "
			"belfry-gateway running, and has it a route for this topic?" },
	{ MQTT_RC_UNSPECIFIED, PUBLISH_REFUSED, "the broker refuses it and does not say why" },
	{ MQTT_RC_IMPLEMENTATION_SPECIFIC, PUBLISH_REFUSED,
			"the broker refuses it for a reason of its own" },
	{ MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION, PUBLISH_REFUSED,
			"the broker speaks neither MQTT 5 nor 3.1.1" },
	{ MQTT_RC_CLIENTID_NOT_VALID, PUBLISH_REFUSED,
			"the broker does not accept our client identifier" },
	{ MQTT_RC_BAD_USERNAME_OR_PASSWORD, PUBLISH_REFUSED,
			"user name or password is wrong (user in the URL, --password-file)" },
	{ MQTT_RC_NOT_AUTHORIZED, PUBLISH_REFUSED,
			"the broker does not allow it to this user; its access rules (acl_file) "
			"decide that" },
	{ MQTT_RC_SERVER_UNAVAILABLE, PUBLISH_LOST, "the broker is not available at the moment" },
	{ MQTT_RC_SERVER_BUSY, PUBLISH_LOST, "the broker is too busy at the moment" },
	{ MQTT_RC_BANNED, PUBLISH_REFUSED, "the broker has banned this client" },
	{ MQTT_RC_SERVER_SHUTTING_DOWN, PUBLISH_LOST, "the broker is shutting down" },
	{ MQTT_RC_TOPIC_NAME_INVALID, PUBLISH_REFUSED,
			"the broker does not accept this topic; look at --topic-prefix" },
	{ MQTT_RC_PACKET_TOO_LARGE, PUBLISH_REFUSED,
			"it is larger than the broker accepts (max_packet_size)" },
	{ MQTT_RC_MESSAGE_RATE_TOO_HIGH, PUBLISH_LOST, "the broker wants fewer messages a second" },
	{ MQTT_RC_QUOTA_EXCEEDED, PUBLISH_LOST, "a quota of the broker is exceeded" },
	{ MQTT_RC_ADMINISTRATIVE_ACTION, PUBLISH_LOST, "an operator ended the connection" },
	{ MQTT_RC_PAYLOAD_FORMAT_INVALID, PUBLISH_REFUSED, "the broker does not accept its text" },
	{ MQTT_RC_QOS_NOT_SUPPORTED, PUBLISH_REFUSED, "the broker does not accept QoS 1" },
	{ MQTT_RC_USE_ANOTHER_SERVER, PUBLISH_REFUSED, "the broker names another one to use" },
	{ MQTT_RC_SERVER_MOVED, PUBLISH_REFUSED, "the broker has moved to another address" },
	{ MQTT_RC_CONNECTION_RATE_EXCEEDED, PUBLISH_LOST, "too many connections in a short time" },
};

/* The sentence of a reason code, with what the broker itself says behind it. */
static enum publish_outcome explain(
		int code, const mosquitto_property *properties, struct str *into)
{
	char *own = NULL;
	size_t i = 0;

	while (i < array_size(reasons) && reasons[i].code != code)
		i++;
	if (i < array_size(reasons))
		str_append_text(into, reasons[i].sentence);
	else
		str_printf(into, "the broker answers with reason 0x%02x (%s)", (unsigned)code,
				mosquitto_reason_string(code));
	if (mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &own, false) !=
			NULL) {
		str_append_text(into, "; it says: ");
		str_append_escaped(into, span_of_text(own));
		free(own);
	}
	return i < array_size(reasons) ? reasons[i].outcome : PUBLISH_REFUSED;
}

static void on_connect(struct mosquitto *m, void *owner, int code, int flags,
		const mosquitto_property *properties)
{
	struct publisher *p = owner;

	(void)m;
	(void)flags;
	p->connected = code == 0;
	/* "Not authorized" is about a topic elsewhere; here it is 3.1.1's "not let in". */
	if (code == MQTT_RC_NOT_AUTHORIZED)
		code = 5;
	p->refusal = code;
	if (code != 0)
		explain(code, properties, &p->problem);
}

static void on_disconnect(
		struct mosquitto *m, void *owner, int code, const mosquitto_property *properties)
{
	struct publisher *p = owner;

	(void)m;
	p->connected = false;
	p->ended = true;
	if (p->problem.len > 0)
		return;
	if (code >= 0x80) { /* a DISCONNECT of the broker; below are libmosquitto's own codes */
		p->refusal = code;
		explain(code, properties, &p->problem);
	} else {
		str_append_text(&p->problem, "the broker closed the connection");
	}
}

static void on_publish(struct mosquitto *m, void *owner, int packet, int code,
		const mosquitto_property *properties)
{
	struct publisher *p = owner;
	struct str sentence = { 0 };
	enum publish_outcome outcome = PUBLISH_DONE;
	size_t tag, i = 0;

	(void)m;
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
		outcome = explain(code, properties, &sentence);
	p->report(p->owner, tag, outcome, str_text(&sentence));
	str_finish(&sentence);
}

static const char *error_text(int result)
{
	switch (result) {
	case MOSQ_ERR_ERRNO:
		return strerror(errno);
	case MOSQ_ERR_EAI:
		return "there is no host of that name";
	case MOSQ_ERR_TLS:
		return "TLS failed: the broker speaks no TLS on this port, or its certificate is "
		       "not signed by --cafile, or names another host";
	default:
		return mosquitto_strerror(result);
	}
}

static int set_tls(struct mosquitto *m, const struct publisher_config *c)
{
	int r;

	if (c->cafile == NULL)
		r = mosquitto_int_option(m, MOSQ_OPT_TLS_USE_OS_CERTS, 1);
	else
		r = mosquitto_tls_set(m, c->cafile, NULL, c->certfile, c->keyfile, NULL);
	/* In 2.0.11 this is the lowest version, not the only one. */
	return r != MOSQ_ERR_SUCCESS ? r : mosquitto_tls_opts_set(m, 1, "tlsv1.2", NULL);
}

static int set_options(struct publisher *p)
{
	const struct publisher_config *c = p->config;
	struct mosquitto *m = p->mosquitto;
	int r = mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION,
			p->is_v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);

	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
	if (r == MOSQ_ERR_SUCCESS && c->broker->user != NULL)
		r = mosquitto_username_pw_set(m, c->broker->user, c->password);
	if (r == MOSQ_ERR_SUCCESS && c->broker->scheme->tls)
		r = set_tls(m, c);
	mosquitto_connect_v5_callback_set(m, on_connect);
	mosquitto_disconnect_v5_callback_set(m, on_disconnect);
	mosquitto_publish_v5_callback_set(m, on_publish);
	return r;
}

/* One turn of libmosquitto's loop. False when the connection is over. */
static bool turn(struct publisher *p, struct duration at_most)
{
	int r = mosquitto_loop(p->mosquitto, (int)duration_milliseconds(at_most) + 1, 1);

	if (r == MOSQ_ERR_SUCCESS)
		return !p->ended;
	p->ended = true;
	if (p->problem.len == 0)
		str_append_text(&p->problem, error_text(r));
	return false;
}

/* Create the client and connect it. The problem is in p->problem. */
static enum publish_outcome try_connect(struct publisher *p)
{
	struct instant deadline = instant_after(instant_now(), p->config->timeout);
	char id[40];
	int r;

	snprintf(id, sizeof(id), "belfry-submit-%016llx", (unsigned long long)hash_seed());
	p->mosquitto = mosquitto_new(id, true, p);
	p->connected = p->ended = false;
	p->refusal = 0;
	str_clear(&p->problem);
	r = p->mosquitto == NULL ? MOSQ_ERR_ERRNO : set_options(p);
	if (r == MOSQ_ERR_SUCCESS) /* port 0 is a Unix socket */
		r = mosquitto_connect_bind_v5(p->mosquitto, p->config->broker->host,
				p->config->broker->port, KEEPALIVE, NULL, NULL);
	if (r != MOSQ_ERR_SUCCESS) {
		str_append_text(&p->problem, error_text(r));
		if (r == MOSQ_ERR_ERRNO)
			str_append_text(&p->problem, "; is the broker running there?");
		return PUBLISH_LOST;
	}
	while (!p->connected && p->refusal == 0) {
		struct duration left = instant_between(instant_now(), deadline);

		if (left.ns <= 0) {
			str_append_text(&p->problem, "connected, but no MQTT answer in time");
			return PUBLISH_LOST;
		}
		if (!turn(p, left))
			break;
	}
	if (p->connected)
		return PUBLISH_DONE;
	for (size_t i = 0; i < array_size(reasons); i++) {
		if (p->refusal != 0 && reasons[i].code == p->refusal)
			return reasons[i].outcome;
	}
	return p->refusal != 0 ? PUBLISH_REFUSED : PUBLISH_LOST;
}

/* An older broker refuses MQTT 5, or takes offence and hangs up. */
static bool worth_an_older_version(const struct publisher *p)
{
	return p->is_v5 && (p->refusal == 1 || p->refusal == MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION ||
					   (p->refusal == 0 && p->ended));
}

struct publisher *publisher_open(const struct publisher_config *config, publisher_report *report,
		void *owner, enum publish_outcome *ret, struct str *problem)
{
	struct publisher *p = xcalloc(1, sizeof(*p));

	mosquitto_lib_init();
	*p = (struct publisher){
		.config = config, .report = report, .owner = owner, .is_v5 = true
	};
	*ret = try_connect(p);
	if (*ret != PUBLISH_DONE && worth_an_older_version(p)) {
		mosquitto_destroy(p->mosquitto);
		p->is_v5 = false;
		*ret = try_connect(p);
	}
	p->last_answer = instant_now();
	if (*ret == PUBLISH_DONE)
		return p;
	url_format(config->broker, problem);
	str_printf(problem, ": %s", str_text(&p->problem));
	publisher_close(p);
	return NULL;
}

void publisher_close(struct publisher *p)
{
	if (p == NULL)
		return;
	if (p->connected) {
		mosquitto_disconnect(p->mosquitto);
		mosquitto_loop_write(p->mosquitto, 1);
	}
	if (p->mosquitto != NULL)
		mosquitto_destroy(p->mosquitto);
	mosquitto_lib_cleanup();
	str_finish(&p->problem);
	free(p);
}

/* Wait until at most `left` messages are unanswered; give the others up when that fails. */
static void wait_for_answers(struct publisher *p, size_t left)
{
	while (p->count > left && !p->ended) {
		struct instant deadline = instant_after(p->last_answer, p->config->timeout);
		struct duration patience = instant_between(instant_now(), deadline);

		if (patience.ns <= 0) {
			p->ended = true;
			str_printf(&p->problem, "no acknowledgement within %.0f s",
					duration_seconds(p->config->timeout));
		} else {
			turn(p, patience);
		}
	}
	while (p->count > 0 && p->ended) {
		size_t tag = p->unanswered[0].tag;

		p->count--;
		memmove(&p->unanswered[0], &p->unanswered[1], p->count * sizeof(p->unanswered[0]));
		p->report(p->owner, tag, PUBLISH_LOST, str_text(&p->problem));
	}
}

void publisher_send(struct publisher *p, size_t tag, const char *topic, struct span payload)
{
	int packet = 0;
	int r;

	wait_for_answers(p, MAX_UNANSWERED - 1);
	if (p->ended) {
		p->report(p->owner, tag, PUBLISH_LOST, str_text(&p->problem));
		return;
	}
	if (p->count == 0)
		p->last_answer = instant_now();
	r = mosquitto_publish_v5(p->mosquitto, &packet, topic, (int)payload.len, payload.data, 1,
			false, NULL);
	if (r == MOSQ_ERR_OVERSIZE_PACKET || r == MOSQ_ERR_PAYLOAD_SIZE)
		p->report(p->owner, tag, PUBLISH_REFUSED,
				"it is larger than the broker accepts (max_packet_size)");
	else if (r != MOSQ_ERR_SUCCESS)
		p->report(p->owner, tag, PUBLISH_REFUSED, error_text(r));
	else
		p->unanswered[p->count++] = (struct unanswered){ packet, tag };
}

void publisher_wait(struct publisher *p)
{
	wait_for_answers(p, 0);
}
