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

static void policy_destroy(struct policy *p)
{
	free(p->listener);
	free(p->auto_id_prefix);
	free(p->mount_point);
	text_list_finish(&p->clientid_prefixes);
	acl_unref(p->acl);
	password_file_unref(p->passwords);
	free(p);
}

void policy_unref(struct policy *p)
{
	while (p != NULL && --p->refs == 0) {
		struct policy *successor = p->successor;

		policy_destroy(p);
		p = successor;
	}
}

void policy_move(struct policy **held, struct policy *policy)
{
	policy_ref(policy);
	policy_unref(*held);
	*held = policy;
}

void policy_set_acl(struct policy *p, struct acl *acl)
{
	if (acl != NULL)
		acl_ref(acl);
	acl_unref(p->acl);
	p->acl = acl;
}

void policy_replace(struct policy *old, struct policy *policy)
{
	policy_move(&old->successor, policy);
	policy_set_acl(old, policy->acl);
}

void policy_follow(struct policy **held)
{
	while ((*held)->successor != NULL)
		policy_move(held, (*held)->successor);
}

bool policy_takes_client_id(const struct policy *p, struct span id)
{
	for (size_t i = 0; i < p->clientid_prefixes.count; i++) {
		if (span_starts_with(id, span_of_text(p->clientid_prefixes.texts[i])))
			return true;
	}
	return p->clientid_prefixes.count == 0;
}
