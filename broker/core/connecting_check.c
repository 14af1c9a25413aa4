/* SPDX-License-Identifier: MIT */
#include "broker/core/connecting.h"
#include "broker/core/mount.h"
#include "broker/core/protocol.h"
#include "common/topic.h"

/* Nobody can guess it: a name that is guessed can be taken over. */
static void assign_client_id(struct connecting *k)
{
	struct shard *shard = k->client->shard;
	const char *prefix = k->client->policy->auto_id_prefix;
	uint32_t parts[4];
	struct writer w = writer_of(k->assigned, sizeof(k->assigned));

	for (size_t i = 0; i < array_size(parts); i++) {
		uint64_t counter[2] = { shard->assigned_ids, i };

		parts[i] = hash_span(shard->id_seed, span_of(counter, sizeof(counter)));
	}
	shard->assigned_ids++;
	if (prefix != NULL)
		write_bytes(&w, span_first(span_of_text(prefix), 64));
	for (size_t i = 0; i < array_size(parts) * 8; i++)
		write_u8(&w, (uint8_t) "0123456789abcdef"[parts[i / 8] >> (i % 8 * 4) & 15]);
	k->client_id = writer_span(&w);
	k->is_assigned = true;
}

static enum mqtt_reason check_version(const struct connecting *k)
{
	return k->client->policy->versions & policy_version(k->packet->version)
			       ? MQTT_SUCCESS
			       : MQTT_UNSUPPORTED_PROTOCOL_VERSION;
}

static enum mqtt_reason check_client_id(struct connecting *k)
{
	const struct connect_packet *packet = k->packet;
	const struct policy *policy = k->client->policy;

	k->client_id = policy->use_username_as_clientid ? k->username : packet->client_id;
	if (policy->use_username_as_clientid && k->username.len == 0)
		return MQTT_NOT_AUTHORIZED;
	if (k->client_id.len > MAX_CLIENT_ID) {
		client_explain(k->client, "the client identifier has more than 1,024 bytes");
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID;
	}
	if (k->client_id.len > 0)
		return policy_takes_client_id(policy, k->client_id) ? MQTT_SUCCESS
								    : MQTT_NOT_AUTHORIZED;
	if (!policy->allow_zero_length_clientid || packet->version == MQTT_3_1)
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID;
	if (packet->version == MQTT_3_1_1 && !packet->clean_start)
		return MQTT_CLIENT_IDENTIFIER_NOT_VALID; /* [v3 MQTT-3.1.3-8] */
	assign_client_id(k);
	return MQTT_SUCCESS;
}

struct span connecting_will_topic(const struct connecting *k)
{
	return mount_in(k->client->policy, &k->client->shard->mounted, k->packet->will.topic);
}

static enum mqtt_reason check_will(const struct connecting *k)
{
	const struct limits *limits = k->client->shard->limits;
	const struct will_packet *will = &k->packet->will;
	struct span response = { NULL, 0 };

	if (!k->packet->has_will)
		return MQTT_SUCCESS;
	if (!topic_name_valid(will->topic) || !topic_name_valid(connecting_will_topic(k)))
		return MQTT_TOPIC_NAME_INVALID;
	if (protocol_topic_reserved(connecting_will_topic(k)))
		return MQTT_NOT_AUTHORIZED;
	response = property_text(&will->properties, PROPERTY_RESPONSE_TOPIC);
	if (response.data != NULL && !topic_name_valid(response))
		return MQTT_PROTOCOL_ERROR; /* [v5 MQTT-3.3.2-14] */
	if (will->qos > k->client->policy->max_qos)
		return MQTT_QOS_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-12] */
	if (will->retain && !limits->retain_available)
		return MQTT_RETAIN_NOT_SUPPORTED; /* [v5 MQTT-3.2.2-13] */
	if (limits->message_size_limit > 0 && will->payload.len > limits->message_size_limit)
		return MQTT_PACKET_TOO_LARGE;
	return MQTT_SUCCESS;
}

static enum mqtt_reason check_keep_alive(struct connecting *k)
{
	uint64_t limit = k->client->shard->limits->max_keepalive;

	k->keep_alive = k->packet->keep_alive;
	if (limit == 0 || limit >= UINT16_MAX || (k->keep_alive > 0 && k->keep_alive <= limit))
		return MQTT_SUCCESS;
	k->keep_alive = (uint32_t)limit;
	/* Only version 5 can be told (server keep alive); an older client relies on its own. */
	return k->packet->version == MQTT_5 ? MQTT_SUCCESS : MQTT_CLIENT_IDENTIFIER_NOT_VALID;
}

static void find_username(struct connecting *k)
{
	if (k->client->identity != NULL)
		k->username = span_of_text(k->client->identity);
	else if (k->packet->has_user_name)
		k->username = k->packet->user_name;
}

enum mqtt_reason connecting_check(struct connecting *k)
{
	enum mqtt_reason reason = check_version(k);

	find_username(k);
	if (reason == MQTT_SUCCESS)
		reason = check_client_id(k);
	/* No method is configured (v5 4.12). */
	if (reason == MQTT_SUCCESS &&
			property_present(&k->packet->properties, PROPERTY_AUTHENTICATION_METHOD))
		reason = MQTT_BAD_AUTHENTICATION_METHOD;
	if (reason == MQTT_SUCCESS)
		reason = check_keep_alive(k);
	if (reason == MQTT_SUCCESS)
		reason = check_will(k);
	if (reason == MQTT_SUCCESS && k->client->identity != NULL && k->username.len == 0)
		reason = MQTT_BAD_USER_NAME_OR_PASSWORD; /* the transport proved none */
	return reason;
}

bool connecting_is_will_denied(const struct connecting *k)
{
	const struct acl_subject subject = { k->username, k->client_id };
	const struct acl *acl = k->client->policy->acl;
	const struct core_observer *observer = &k->client->shard->observer;

	if (!k->packet->has_will || k->packet->version != MQTT_5 || acl == NULL ||
			acl_allows(acl, &subject, connecting_will_topic(k), ACL_WRITE))
		return false;
	if (observer->denied != NULL)
		observer->denied(observer->owner, k->client_id, DENIED_WILL,
				connecting_will_topic(k), true);
	return true;
}
