/* SPDX-License-Identifier: MIT */
/*
 * Mode channel: PUBLISH. Its answer is how many have got it: with 0 nobody has, and that is not
 * the output's failure, but it is counted.
 */
#include "plugins/redis/delivery.h"

#include "plugins/text.h"

static bool take_publish(struct delivery *d, struct command *command, const redisReply *reply)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return false;
	delivery_set(d, command, FATE_TAKEN);
	d->host->count(d->host, COUNT_PUSHED, 1);
	if (reply->integer == 0)
		d->host->count(d->host, COUNT_NO_SUBSCRIBERS, 1);
	return true;
}

void deliver_to_channel(struct delivery *d)
{
	request_clear(d->request);
	for (size_t i = 0; i < d->batch->count; i++) {
		if (!delivery_sendable(d, i))
			continue;
		request_begin(d->request, 3, (struct command){ .first = i, .count = 1 });
		request_append_text(d->request, "PUBLISH");
		request_append(d->request, delivery_key(d, i));
		request_append(d->request, text_span(relay_record_at(d->batch, i)->text));
		if (!delivery_send_early(d, d->request))
			break;
	}
	delivery_exchange(d, d->request, take_publish);
}
