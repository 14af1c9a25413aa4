/* SPDX-License-Identifier: MIT */
#include "broker/core/policy.h"

#include "broker/core/password_file.h"
#include "common/mem.h"

struct policy *policy_create(void)
{
	struct policy *p = xcalloc(1, sizeof(*p));

	p->refs = 1;
	p->allow_zero_length_clientid = true;
	p->versions = policy_version(MQTT_3_1) | policy_version(MQTT_3_1_1) |
		      policy_version(MQTT_5);
	p->max_qos = 2;
	p->max_topic_alias = 10;
	p->max_topic_alias_broker = 10;
	return p;
}

void policy_unref(struct policy *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	free(p->auto_id_prefix);
	free(p->mount_point);
	text_list_finish(&p->clientid_prefixes);
	password_file_unref(p->passwords);
	free(p);
}

bool policy_takes_client_id(const struct policy *p, struct span id)
{
	for (size_t i = 0; i < p->clientid_prefixes.count; i++) {
		if (span_starts_with(id, span_of_text(p->clientid_prefixes.texts[i])))
			return true;
	}
	return p->clientid_prefixes.count == 0;
}
