/* SPDX-License-Identifier: MIT */
/*
 * Mode list: RPUSH, so that who takes from the head, as Logstash does, gets the oldest first. Its
 * answer is the list's length, so that a limit costs nothing while it is not reached. RPUSH of
 * several values is atomic: it has happened or not.
 */
#include "plugins/json_record.h"
#include "plugins/redis/delivery.h"

/* --- lists that are full ---------------------------------------------------------------------- */

static size_t find_full(const struct full_lists *full, struct span key)
{
	size_t i = 0;

	while (i < full->count && !span_equal(str_span(&full->keys[i]), key))
		i++;
	return i;
}

static void remember_full(struct full_lists *full, struct span key, bool is_full)
{
	size_t at = find_full(full, key);

	if (is_full && at == full->count && at < FULL_LISTS) {
		str_append(&full->keys[at], key);
		full->count++;
	} else if (!is_full && at < full->count) {
		str_finish(&full->keys[at]);
		full->keys[at] = full->keys[--full->count];
		full->keys[full->count] = (struct str){ 0 };
	}
}

static bool note_length(struct delivery *d, struct command *command, const redisReply *reply)
{
	(void)d;
	command->answer = reply->integer;
	return reply->type == REDIS_REPLY_INTEGER;
}

/*
 * Ask those that were full; what goes to one that still is waits, or is dropped. False when the
 * connection broke: nobody knows then how long they are, and nothing may be dropped for it.
 */
static bool keep_limit(struct delivery *d)
{
	struct request *r = d->second;

	request_clear(r);
	for (size_t i = 0; i < d->full->count; i++) {
		struct span key = str_span(&d->full->keys[i]);

		request_begin(r, 2, (struct command){ .key = key, .answer = 0 });
		request_append_text(r, "LLEN");
		request_append(r, key);
	}
	if (!delivery_exchange(d, r, note_length))
		return false;
	/* From the end: taking one away moves the last one into its place. */
	for (size_t i = r->count; i-- > 0;)
		if ((uint64_t)r->commands[i].answer < d->settings->max_len)
			remember_full(d->full, str_span(&d->full->keys[i]), false);
	return true;
}

static bool hold(struct delivery *d, size_t index)
{
	struct span key = delivery_key(d, index);
	struct failure f;
	struct str name = { 0 };

	if (find_full(d->full, key) == d->full->count)
		return false;
	if (d->settings->on_full == ON_FULL_DROP_NEWEST) {
		d->fates[index] = FATE_TAKEN;
		d->host->count(d->host, COUNT_DROPPED_FULL, 1);
		return true;
	}
	d->fates[index] = FATE_HELD;
	str_append_escaped(&name, span_first(key, 100));
	f = failure_of(REFUSAL_PASSES,
			"the list %s holds max_len elements; whoever reads it is behind or away",
			str_text(&name));
	str_finish(&name);
	delivery_fail(d, &f);
	return true;
}

/* --- pushing ---------------------------------------------------------------------------------- */

/* How many records from `first` on go into one RPUSH. */
static size_t run_length(struct delivery *d, size_t first, size_t most)
{
	struct span key = delivery_key(d, first);
	size_t n = 1;

	while (n < most && first + n < d->batch->count &&
			delivery_fate(d, first + n) == FATE_WAITING &&
			span_equal(delivery_key(d, first + n), key))
		n++;
	return n;
}

static struct span text_of(const struct delivery *d, size_t index)
{
	return text_span(relay_record_at(d->batch, index)->text);
}

/* One element that is a JSON array of records. */
static void append_pack(struct delivery *d, size_t first, size_t count)
{
	struct str *pack = &d->request->pack;

	str_clear(pack);
	for (size_t i = 0; i < count; i++) {
		str_append_byte(pack, i == 0 ? '[' : ',');
		json_record_append(pack, relay_record_at(d->batch, first + i)->text);
	}
	str_append_byte(pack, ']');
	request_append(d->request, str_span(pack));
}

static void append_push(struct delivery *d, size_t first, size_t count)
{
	struct request *r = d->request;
	size_t pack = (size_t)d->settings->pack;
	struct span key = delivery_key(d, first);

	request_begin(r, 2 + (count + pack - 1) / pack,
			(struct command){ .first = first, .count = count, .key = key });
	request_append_text(r, "RPUSH");
	request_append(r, key);
	for (size_t i = 0; i < count; i += pack) {
		if (pack == 1)
			request_append(r, text_of(d, first + i));
		else
			append_pack(d, first + i, count - i < pack ? count - i : pack);
	}
}

static bool take_push(struct delivery *d, struct command *command, const redisReply *reply)
{
	uint64_t most = d->settings->max_len;

	if (reply->type != REDIS_REPLY_INTEGER || reply->integer < 0)
		return false;
	command->answer = reply->integer;
	delivery_set(d, command, FATE_TAKEN);
	d->host->count(d->host, COUNT_PUSHED, command->count);
	if (most > 0 && d->settings->on_full != ON_FULL_DROP_OLDEST)
		remember_full(d->full, command->key, (uint64_t)reply->integer >= most);
	return true;
}

/* --- cutting off ------------------------------------------------------------------------------ */

static bool take_trim(struct delivery *d, struct command *command, const redisReply *reply)
{
	d->host->count(d->host, COUNT_TRIMMED, (uint64_t)command->answer);
	return reply->type == REDIS_REPLY_STATUS;
}

/* LTRIM key -max_len -1 keeps the newest. */
static void append_trims(struct delivery *d)
{
	const struct request *pushed = d->request;
	int64_t most = (int64_t)d->settings->max_len;
	struct request *r = d->second;

	request_clear(r);
	for (size_t i = 0; i < pushed->count; i++) {
		const struct command *c = &pushed->commands[i];

		if (c->answer <= most ||
				(i + 1 < pushed->count &&
						span_equal(pushed->commands[i + 1].key, c->key)))
			continue;
		request_begin(r, 4, (struct command){ .key = c->key, .answer = c->answer - most });
		request_append_text(r, "LTRIM");
		request_append(r, c->key);
		request_append_number(r, -most);
		request_append_number(r, -1);
	}
}

void deliver_to_list(struct delivery *d)
{
	uint64_t longest = 0;
	size_t most = (size_t)(d->settings->push_values * d->settings->pack);

	request_clear(d->request);
	if (!keep_limit(d))
		return;
	for (size_t i = 0; i < d->batch->count;) {
		size_t n = 1;

		if (delivery_sendable(d, i) && !hold(d, i)) {
			n = run_length(d, i, most);
			append_push(d, i, n);
			if (!delivery_send_early(d, d->request))
				break;
		}
		i += n;
	}
	delivery_exchange(d, d->request, take_push);
	for (size_t i = 0; i < d->request->count; i++)
		if ((uint64_t)d->request->commands[i].answer > longest)
			longest = (uint64_t)d->request->commands[i].answer;
	if (longest > 0)
		d->host->count(d->host, COUNT_LIST_LENGTH, longest);
	if (d->settings->on_full == ON_FULL_DROP_OLDEST) {
		append_trims(d);
		delivery_exchange(d, d->second, take_trim);
	}
}
