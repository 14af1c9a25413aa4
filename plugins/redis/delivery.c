/* SPDX-License-Identifier: MIT */
#include "plugins/redis/delivery.h"

#include <stdio.h>

enum {
	EARLY_SIZE = 65536, /* of a part of a request that is sent before the rest is written */
	MOST_KEY = 40,	    /* of its bytes are told */
	FULL_WAIT_MS = 500,
	SETTINGS_WAIT_MS = 5000,
	MOVED_WAIT_MS = 1,
};

struct span delivery_key(const struct delivery *d, size_t index)
{
	return text_span(relay_record_at(d->batch, index)->rendered[RENDERED_KEY]);
}

/*
 * These, all of them, are to blame: the host is told at once, of each with its own reason, as it
 * would take them apart one by one otherwise, and write each dead letter to disk by itself.
 */
static void reject(struct delivery *d, size_t first, size_t count, const char *reason)
{
	for (size_t i = first; i < first + count; i++) {
		d->fates[i] = FATE_REJECTED;
		d->host->mark(d->host, i, RELAY_REJECT, reason);
	}
}

bool delivery_sendable(struct delivery *d, size_t index)
{
	if (delivery_fate(d, index) != FATE_WAITING)
		return false;
	if (delivery_key(d, index).len > 0)
		return true;
	reject(d, index, 1, "what key says is empty for this record");
	return false;
}

void delivery_set(struct delivery *d, const struct command *command, enum fate fate)
{
	memset(d->fates + command->first, (int)fate, command->count);
}

void delivery_fail(struct delivery *d, const struct failure *failure)
{
	if (d->failure.kind == REFUSAL_NONE)
		d->failure = *failure;
}

/* What is wrong with one key: which one is told, and who is to blame. */
static struct failure key_failure(
		const struct delivery *d, const struct command *command, const struct failure *f)
{
	struct span key = command->key.len > 0 ? command->key : delivery_key(d, command->first);
	struct failure result;
	struct str name = { 0 };

	str_append_escaped(&name, span_first(key, MOST_KEY));
	result = failure_of(redis_key_is_chosen(d->settings) ? REFUSAL_RECORD : REFUSAL_SETTINGS,
			"%s (%s%s)", f->reason, str_text(&name), key.len > MOST_KEY ? "..." : "");
	str_finish(&name);
	return result;
}

/*
 * An error that is about the key. True when its records have left with it: why others have to wait,
 * if they do, is something else.
 */
static bool reject_for_key(struct delivery *d, const struct command *command, struct failure *f)
{
	*f = key_failure(d, command, f);
	if (f->kind != REFUSAL_RECORD || command->count == 0)
		return false;
	reject(d, command->first, command->count, f->reason);
	return true;
}

/* An error in answer to `command`. */
static void refuse(struct delivery *d, const struct command *command, struct span error)
{
	struct failure f = refusal_failure(error);

	if (f.kind == REFUSAL_KEY && reject_for_key(d, command, &f))
		return;
	if (f.kind == REFUSAL_OLD_ID && command->count == 1) {
		delivery_set(d, command, FATE_OLD_ID);
		return;
	}
	if (f.kind == REFUSAL_RECORD && command->count == 1)
		reject(d, command->first, 1, f.reason);
	else if (f.kind == REFUSAL_RECORD)
		delivery_set(d, command, FATE_POISON);
	if (d->failure.kind == REFUSAL_NONE)
		str_append(&d->error, error);
	delivery_fail(d, &f);
}

static bool send_bytes(struct delivery *d, struct request *request)
{
	struct peer *p = &d->connection->peer;
	struct failure lost = { 0 };
	bool ok = p->stream != NULL && peer_send(p, str_span(&request->bytes), &lost);

	str_clear(&request->bytes);
	if (!ok)
		delivery_fail(d, &lost);
	return ok;
}

bool delivery_send_early(struct delivery *d, struct request *request)
{
	return request->bytes.len < EARLY_SIZE || send_bytes(d, request);
}

bool delivery_exchange(struct delivery *d, struct request *request, delivery_take *take)
{
	struct peer *p = &d->connection->peer;
	struct failure lost = { 0 };
	bool ok;

	if (request->count == 0)
		return true;
	ok = send_bytes(d, request);
	for (size_t i = 0; ok && i < request->count; i++) {
		redisReply *reply = peer_reply(p, &lost);

		if (reply == NULL)
			ok = false;
		else if (reply->type == REDIS_REPLY_ERROR)
			refuse(d, &request->commands[i], reply_text(reply));
		else if (!take(d, &request->commands[i], reply))
			peer_odd(p, &lost);
		freeReplyObject(reply);
		ok = ok && p->stream != NULL;
	}
	if (ok)
		d->connection->used = instant_now();
	else
		delivery_fail(d, &lost);
	return ok;
}

static uint32_t wait_of(enum refusal kind, bool held)
{
	if (held)
		return FULL_WAIT_MS;
	if (kind == REFUSAL_SETTINGS)
		return SETTINGS_WAIT_MS;
	return kind == REFUSAL_MOVED ? MOVED_WAIT_MS : 0;
}

/* Tell the host of each record that is not as the verdict says; of what is rejected it knows. */
static void mark(const struct delivery *d, enum relay_verdict verdict)
{
	for (size_t i = 0; i < d->batch->count; i++) {
		enum fate fate = delivery_fate(d, i);

		if (fate == FATE_TAKEN)
			d->host->mark(d->host, i, RELAY_OK, NULL);
		else if (fate != FATE_REJECTED && fate != FATE_POISON && verdict == RELAY_REJECT)
			d->host->mark(d->host, i, RELAY_RETRY, NULL);
	}
}

enum relay_verdict delivery_verdict(struct delivery *d, struct relay_outcome *outcome)
{
	size_t count[FATE_POISON + 1] = { 0 };
	enum relay_verdict verdict;

	if (d->failure.kind != REFUSAL_NONE)
		connection_refused(d->connection, &d->failure, str_span(&d->error));
	for (size_t i = 0; i < d->batch->count; i++)
		count[delivery_fate(d, i)]++;
	if (count[FATE_TAKEN] + count[FATE_REJECTED] == d->batch->count) {
		/* Of rejected records their dead letters tell. */
		bool is_told = d->failure.kind == REFUSAL_RECORD && count[FATE_REJECTED] > 0;

		if (d->failure.kind != REFUSAL_NONE && !is_told)
			d->host->log(d->host, RELAY_LOG_WARNING, "%s", d->failure.reason);
		return RELAY_OK;
	}
	verdict = count[FATE_POISON] > 0 ? RELAY_REJECT : RELAY_RETRY;
	mark(d, verdict);
	outcome->retry_after_ms = wait_of(d->failure.kind, count[FATE_HELD] > 0);
	snprintf(outcome->reason, sizeof(outcome->reason), "%s", d->failure.reason);
	return verdict;
}
