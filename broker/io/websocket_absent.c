/* SPDX-License-Identifier: MIT */
/*
 * In the place of websocket.c and http_upgrade.c where their libraries are missing. The
 * configuration refuses what would lead here.
 */
#include "broker/io/websocket.h"

bool websocket_is_available(void)
{
	return false;
}

struct http_upgrade_rules *http_upgrade_rules_create(
		const struct text_list *origins, size_t max_size)
{
	(void)origins;
	(void)max_size;
	return NULL;
}

void http_upgrade_rules_unref(struct http_upgrade_rules *rules)
{
	(void)rules;
}

struct stream *websocket_create(struct stream *below, struct http_upgrade_rules *rules)
{
	(void)below;
	(void)rules;
	abort();
}
