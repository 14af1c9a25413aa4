/* SPDX-License-Identifier: MIT */
/*
 * A `connection` of the configuration, taken apart: what a bridge needs, with copies of all texts,
 * so that it may outlive the configuration.
 */
#ifndef BROKER_BRIDGE_PLAN_H
#define BROKER_BRIDGE_PLAN_H

#include "broker/config.h"

struct bridge_plan {
	char *name;
	char *remote_client_id, *remote_username, *remote_password;
	char *local_client_id, *local_username;
	char *notification_topic; /* NULL: none */
	char *bind_address;
	struct bridge_topics topics;
	struct bridge_address *addresses;
	size_t address_count;
	struct policy *policy;		    /* of its session; a reference */
	struct bridge_link_options options; /* which borrow the above */
};

/*
 * Errors are added to the report; NULL when there are any. What only should be mended is logged.
 */
struct bridge_plan *bridge_plan_create(
		const struct bridge_config *bridge, struct settings_report *report);

/* Accepts NULL. */
void bridge_plan_destroy(struct bridge_plan *plan);

/* Take what files have brought, from a plan that is the same but for them. */
void bridge_plan_renew(struct bridge_plan *plan, struct bridge_plan *from);

#endif
