/* SPDX-License-Identifier: MIT */
/*
 * A store in a temporary folder, batches for it, and the shard that it is loaded into.
 */
#ifndef TESTS_UNIT_BROKER_STORE_FIXTURE_H
#define TESTS_UNIT_BROKER_STORE_FIXTURE_H

#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "broker/core/shard.h"
#include "broker/store/store.h"
#include "common/mem.h"
#include "common/store_log.h"

enum { PLAN = 8 };

struct fixture {
	char parent[64];
	char folder[80];
	struct store *store;
	struct batch batch;
	uint64_t max_bytes;
	/* Each step that is named here fails once, in this order. */
	const char *plan[PLAN];
	_Atomic unsigned failed;
	int error;
	const char *exit_at; /* ends the process instead */
	_Atomic unsigned wakes;

	struct limits limits;
	struct shard *shard;
	struct policy *policy;
	struct span asked_listener; /* of the last policy that was looked for */
	struct store_summary found;
};

static inline void on_wake(void *owner)
{
	struct fixture *f = owner;

	f->wakes++;
}

static inline int on_step(void *owner, const char *step)
{
	struct fixture *f = owner;
	const char *next = f->failed < PLAN ? f->plan[f->failed] : NULL;

	if (f->exit_at != NULL && strcmp(step, f->exit_at) == 0)
		_exit(0);
	if (next == NULL || strcmp(step, next) != 0)
		return 0;
	f->failed++;
	return f->error;
}

static inline int try_open(struct fixture *f)
{
	const struct store_options options = {
		.folder = f->folder,
		.max_bytes = f->max_bytes,
		.retry = milliseconds(1),
		.wake = on_wake,
		.owner = f,
		.fault = on_step,
	};

	return store_open(&options, &f->store);
}

static inline void open_store(struct fixture *f)
{
	assert_int_equal(try_open(f), 0);
}

static inline void close_store(struct fixture *f)
{
	store_close(f->store);
	f->store = NULL;
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->parent, "/tmp/belfry-store-XXXXXX");
	assert_non_null(mkdtemp(f->parent));
	snprintf(f->folder, sizeof(f->folder), "%s/belfry.store", f->parent);
	f->batch.number = f->batch.first_message = f->batch.first_delivery = 1;
	*state = f;
	return 0;
}

static inline void unload(struct fixture *f)
{
	shard_destroy(f->shard);
	policy_unref(f->policy);
	f->shard = NULL;
	f->policy = NULL;
}

static inline int remove_one(const char *path, const struct stat *info, int type, struct FTW *where)
{
	(void)info;
	(void)type;
	(void)where;
	return remove(path);
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	store_close(f->store);
	unload(f);
	batch_finish(&f->batch);
	nftw(f->parent, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(f);
	return 0;
}

static inline mode_t mode_of(const struct fixture *f, const char *name)
{
	char path[128];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

/* --- batches --------------------------------------------------------------------------------- */

/* Returns its number. */
static inline uint64_t put_message(struct batch *b, struct message *m, bool is_retained)
{
	if (b->message_count == b->message_capacity)
		b->messages = grow_array(b->messages, b->message_count, &b->message_capacity,
				sizeof(*b->messages));
	b->messages[b->message_count] =
			(struct batch_message){ .message = m, .is_retained = is_retained };
	return b->first_message + b->message_count++;
}

static inline uint64_t put_text(
		struct batch *b, const char *topic, const char *payload, bool is_retained)
{
	return put_message(b,
			message_create(span_of_text(topic), NULL, span_of_text(payload), 1,
					is_retained, (struct instant){ 0 }),
			is_retained);
}

static inline uint64_t put_delivery(struct batch *b, struct batch_delivery d)
{
	if (b->delivery_count == b->delivery_capacity)
		b->deliveries = grow_array(b->deliveries, b->delivery_count, &b->delivery_capacity,
				sizeof(*b->deliveries));
	b->deliveries[b->delivery_count] = d;
	return b->first_delivery + b->delivery_count++;
}

static inline void put_change(struct batch *b, struct batch_change change)
{
	if (b->change_count == b->change_capacity)
		b->changes = grow_array(b->changes, b->change_count, &b->change_capacity,
				sizeof(*b->changes));
	b->changes[b->change_count++] = change;
}

static inline void put_number(struct number_list *list, uint64_t number)
{
	if (list->count == list->capacity)
		list->all = grow_array(list->all, list->count, &list->capacity, sizeof(uint64_t));
	list->all[list->count++] = number;
}

static inline void put_session_record(
		struct batch *b, uint64_t number, const struct stored_session *record)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_key(at, number);
	size_t size = stored_session_size(record);

	stored_session_write(
			store_log_put(&b->records, STORE_SESSIONS, key, size), size, key, record);
}

static inline void put_session(struct batch *b, uint64_t number, const char *id)
{
	const struct stored_session record = {
		.client_id = span_of_text(id),
		.expiry_interval = 3600,
	};

	put_session_record(b, number, &record);
}

static inline void put_subscription(struct batch *b, uint64_t session, uint32_t number,
		const struct stored_subscription *record)
{
	uint8_t at[STORE_KEY_SIZE];
	struct span key = store_subscription_key(at, session, number);
	size_t size = stored_subscription_size(record);

	stored_subscription_write(store_log_put(&b->records, STORE_SUBSCRIPTIONS, key, size), size,
			key, record);
}

static inline void next_batch(struct batch *b)
{
	uint64_t number = b->number + 1, message = b->first_message + b->message_count,
		 delivery = b->first_delivery + b->delivery_count;

	batch_clear(b);
	b->number = number;
	b->first_message = message;
	b->first_delivery = delivery;
}

/* Wait until the store gives it back; a minute is never. */
static inline void finish_commit(struct fixture *f)
{
	struct instant never = instant_after(instant_now(), seconds(60));
	struct batch *finished;

	while ((finished = store_finished(f->store)) == NULL) {
		assert_true(instant_before(instant_now(), never));
		store_wait(f->store, milliseconds(10));
	}
	assert_ptr_equal(finished, &f->batch);
	assert_null(store_finished(f->store));
	next_batch(&f->batch);
}

static inline void commit_batch(struct fixture *f)
{
	store_commit(f->store, &f->batch);
	finish_commit(f);
}

/* --- loading --------------------------------------------------------------------------------- */

static inline struct policy *find_policy(void *owner, struct span listener)
{
	struct fixture *f = owner;

	f->asked_listener = listener;
	return f->policy;
}

/* Into a new shard, at an instant 1000 s and a wall time 5000 s after their beginning. */
static inline void load_store(struct fixture *f)
{
	const struct store_policies policies = { f, find_policy };

	unload(f);
	f->limits = (struct limits){ .check_retain_source = true, .retain_available = true };
	f->policy = policy_create();
	f->shard = shard_create(&f->limits, NULL, 1, 2);
	assert_int_equal(store_load(f->store, f->shard, &policies,
					 (struct instant){ seconds(1000).ns },
					 (struct wall_time){ seconds(5000).ns }, &f->found),
			0);
}

static inline void reopen_and_load(struct fixture *f)
{
	close_store(f);
	open_store(f);
	load_store(f);
}

static inline struct session *session_named(struct fixture *f, const char *id)
{
	return session_table_find(&f->shard->sessions, span_of_text(id));
}

#endif
