/* SPDX-License-Identifier: MIT */
#include "common/mqtt_client.h"

#include <errno.h>
#include <mqtt_protocol.h>

/*
 * The context is all that counts: versions, ciphers, whom to believe, revocation, the host's name.
 * libmosquitto takes a reference of its own and adds nothing.
 */
static int set_tls(struct mosquitto *m, struct tls_context *tls)
{
	int r = mosquitto_int_option(m, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);

	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_void_option(m, MOSQ_OPT_SSL_CTX, tls_context_native(tls));
	return r;
}

static int set_options(struct mosquitto *m, const struct mqtt_client_options *o)
{
	int r = mosquitto_int_option(m, MOSQ_OPT_PROTOCOL_VERSION,
			o->is_v5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);

	if (r == MOSQ_ERR_SUCCESS)
		r = mosquitto_int_option(m, MOSQ_OPT_TCP_NODELAY, 1);
	if (r == MOSQ_ERR_SUCCESS && o->receive_maximum > 0)
		r = mosquitto_int_option(m, MOSQ_OPT_RECEIVE_MAXIMUM, o->receive_maximum);
	if (r == MOSQ_ERR_SUCCESS && o->broker->user != NULL)
		r = mosquitto_username_pw_set(m, o->broker->user, o->password);
	if (r == MOSQ_ERR_SUCCESS && o->broker->scheme->tls)
		r = set_tls(m, o->tls);
	return r;
}

struct mosquitto *mqtt_client_create(
		const struct mqtt_client_options *o, void *owner, struct str *problem)
{
	struct mosquitto *m = mosquitto_new(o->client_id, o->clean, owner);
	int r = m != NULL ? set_options(m, o) : MOSQ_ERR_ERRNO;

	if (r == MOSQ_ERR_SUCCESS)
		return m;
	str_append_text(problem, mqtt_client_error(r));
	if (m != NULL)
		mosquitto_destroy(m);
	return NULL;
}

const char *mqtt_client_error(int result)
{
	switch (result) {
	case MOSQ_ERR_ERRNO:
		return strerror(errno);
	case MOSQ_ERR_EAI:
		return "there is no host of that name";
	case MOSQ_ERR_CONN_LOST:
		return "closed by the broker";
	default:
		return mosquitto_strerror(result);
	}
}
