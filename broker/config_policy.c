/* SPDX-License-Identifier: MIT */
#include "broker/config.h"
#include "common/mem.h"

bool config_versions(const char *text, uint8_t *ret)
{
	struct span rest = span_of_text(text);

	*ret = 0;
	while (rest.data != NULL) {
		struct span word = span_trim(span_cut(&rest, ','));
		uint64_t version;

		if (!span_to_uint(word, MQTT_5, &version) || version < MQTT_3_1)
			return false;
		*ret |= policy_version((enum mqtt_version)version);
	}
	return true;
}

const struct security_config *config_security(
		const struct config *config, const struct listener_config *listener)
{
	bool is_own = config->per_listener_settings && listener != &config->first;

	return is_own ? &listener->security : &config->security;
}

static bool allows_anonymous(const struct config *config, const struct listener_config *listener)
{
	int wanted = listener->listener_allow_anonymous;

	if (wanted == ANONYMOUS_BY_LISTENERS)
		wanted = config_security(config, listener)->allow_anonymous;
	return wanted == ANONYMOUS_BY_LISTENERS ? config->is_local_only : wanted == ANONYMOUS_YES;
}

static char *copy_text(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

struct policy *config_policy(const struct config *config, const struct listener_config *listener)
{
	const struct security_config *security = config_security(config, listener);
	struct policy *policy = policy_create();

	policy->allow_anonymous = allows_anonymous(config, listener);
	policy->allow_zero_length_clientid = security->allow_zero_length_clientid;
	policy->use_username_as_clientid = listener->use_username_as_clientid;
	if (listener->accept_protocol_versions != NULL)
		config_versions(listener->accept_protocol_versions, &policy->versions);
	policy->max_qos = (uint8_t)listener->max_qos;
	policy->max_topic_alias = (uint16_t)listener->max_topic_alias;
	policy->max_topic_alias_broker = (uint16_t)listener->max_topic_alias_broker;
	policy->auto_id_prefix = copy_text(listener->listener_auto_id_prefix != NULL
							   ? listener->listener_auto_id_prefix
							   : security->auto_id_prefix);
	policy->mount_point = copy_text(listener->mount_point);
	for (size_t i = 0; i < config->clientid_prefixes.count; i++)
		text_list_add(&policy->clientid_prefixes,
				span_of_text(config->clientid_prefixes.texts[i]));
	return policy;
}
