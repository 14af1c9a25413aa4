/* SPDX-License-Identifier: MIT */
#include "broker/io/verifier.h"

#include <utlist.h>

#include "broker/core/password_file.h"
#include "broker/io/credential_cache.h"
#include "broker/io/fair_queue.h"
#include "broker/io/worker.h"
#include "common/hash.h"
#include "common/log.h"
#include "common/net.h"

/* One password on its way to being hashed, for all clients that have come with it. */
struct verification {
	struct job job;
	struct fair_item waiting;
	UT_hash_handle hh; /* by credential */
	struct verifier *verifier;
	struct credential_key key;
	struct password_hash hash; /* of the user, or a decoy */
	bool is_decoy;
	bool is_right;
	bool is_refused; /* its address has failed too often meanwhile */
	struct duration took;
	struct sockaddr_storage address; /* of the first client */
	struct waiter *waiters;
	size_t username_len, password_len;
	uint8_t text[]; /* both */
};

struct waiter {
	UT_hash_handle hh; /* by client */
	struct client *client;
	struct verification *verification;
	struct waiter *prev, *next;
};

struct verifier {
	struct verifier_options options;
	struct worker *worker;
	struct credential_cache *known;
	struct fair_queue queue;
	struct verification *verifications; /* uthash by credential: waiting and being hashed */
	struct waiter *waiters;		    /* uthash by client */
	unsigned running;
	bool is_ending;
};

static struct span username_of(const struct verification *x)
{
	return span_of(x->text, x->username_len);
}

static struct span password_of(const struct verification *x)
{
	return span_of(x->text + x->username_len, x->password_len);
}

/* --- who waits for which verification ------------------------------------------------------- */

static uint32_t hash_of_client(const struct verifier *v, const struct client *c)
{
	return hash_span(v->options.seed, span_of(&c, sizeof(struct client *)));
}

static struct waiter *find_waiter(const struct verifier *v, const struct client *c)
{
	struct waiter *w = NULL;

	HASH_FIND_BYHASHVALUE(hh, v->waiters, &c, sizeof(struct client *), hash_of_client(v, c), w);
	return w;
}

static void add_waiter(struct verifier *v, struct verification *x, struct client *c)
{
	struct waiter *w = xcalloc(1, sizeof(*w));

	w->client = c;
	w->verification = x;
	DL_APPEND(x->waiters, w);
	HASH_ADD_BYHASHVALUE(
			hh, v->waiters, client, sizeof(struct client *), hash_of_client(v, c), w);
}

static void remove_waiter(struct verifier *v, struct waiter *w)
{
	DL_DELETE(w->verification->waiters, w);
	HASH_DEL(v->waiters, w);
	free(w);
}

/* --- verifications -------------------------------------------------------------------------- */

static unsigned hash_of_key(const struct credential_key *key)
{
	unsigned value; /* the key is random to strangers already */

	memcpy(&value, key->bytes, sizeof(value));
	return value;
}

static struct verification *find_verification(
		const struct verifier *v, const struct credential_key *key)
{
	struct verification *x = NULL;

	HASH_FIND_BYHASHVALUE(hh, v->verifications, key, sizeof(*key), hash_of_key(key), x);
	return x;
}

static void verification_destroy(struct verification *x)
{
	HASH_DEL(x->verifier->verifications, x);
	wipe(x, sizeof(*x) + x->username_len + x->password_len);
	free(x);
}

/* On a worker's thread. */
static void hash_password(struct job *job)
{
	struct verification *x = container_of(job, struct verification, job);
	struct instant start = instant_now();

	x->is_right = password_verify(&x->hash, password_of(x)) && !x->is_decoy;
	x->took = instant_between(start, instant_now());
}

static void on_hashed(struct job *job);

static struct verification *verification_create(struct verifier *v,
		const struct credential_key *key, struct span username, struct span password)
{
	struct verification *x = xcalloc(1, sizeof(*x) + username.len + password.len);

	x->job.run = hash_password;
	x->job.done = on_hashed;
	x->verifier = v;
	x->key = *key;
	x->username_len = username.len;
	x->password_len = password.len;
	memcpy(x->text, username.data, username.len);
	if (password.len > 0)
		memcpy(x->text + username.len, password.data, password.len);
	HASH_ADD_BYHASHVALUE(hh, v->verifications, key, sizeof(*key), hash_of_key(key), x);
	return x;
}

/* The hash of the user may have changed since; what was hashed then says nothing now. */
static bool is_current(const struct verification *x, const struct client *c)
{
	const struct password_file *file = c->policy->passwords;
	const struct password_hash *now =
			file != NULL ? password_file_find(file, username_of(x)) : NULL;

	return now != NULL && password_hash_equal(now, &x->hash);
}

static enum verdict verdict_for(const struct verification *x, const struct client *c)
{
	if (!x->job.was_run || x->is_refused)
		return VERDICT_BUSY;
	return x->is_right && is_current(x, c) ? VERDICT_ALLOW : VERDICT_DENY;
}

/* Each verdict may end other clients that wait. */
static void conclude(struct verification *x)
{
	struct verifier *v = x->verifier;

	while (x->waiters != NULL) {
		struct client *c = x->waiters->client;
		enum verdict verdict = verdict_for(x, c);

		remove_waiter(v, x->waiters);
		v->options.decide(c, verdict);
	}
	verification_destroy(x);
}

static void start_some(struct verifier *v)
{
	while (v->running < v->options.threads && !v->is_ending) {
		struct fair_item *item = fair_queue_pop(&v->queue);
		struct verification *x;

		if (item == NULL)
			return;
		x = container_of(item, struct verification, waiting);
		x->is_refused = !address_limit_may_log_in(
				v->options.limit, &x->address, *v->options.now);
		if (x->is_refused) {
			conclude(x);
			continue;
		}
		v->running++;
		worker_submit(v->worker, &x->job);
	}
}

static void tell_wrong(const struct verification *x)
{
	char address[NET_ADDRESS_TEXT];
	struct str user = { 0 };

	str_append_escaped(&user, username_of(x));
	log_notice("address %s: wrong password for user %s", net_format_host(&x->address, address),
			str_text(&user));
	str_finish(&user);
}

static void take_result(struct verifier *v, const struct verification *x)
{
	log_debug("a password was hashed in %lld ms", (long long)duration_milliseconds(x->took));
	v->options.counters->passwords_hashed++;
	if (x->is_right) {
		credential_cache_add(v->known, &x->key);
		return;
	}
	v->options.counters->passwords_wrong++;
	address_limit_failed(v->options.limit, &x->address, *v->options.now);
	if (address_limit_may_tell(v->options.limit, *v->options.now))
		tell_wrong(x);
}

static void on_hashed(struct job *job)
{
	struct verification *x = container_of(job, struct verification, job);
	struct verifier *v = x->verifier;

	v->running--;
	if (job->was_run)
		take_result(v, x);
	conclude(x);
	start_some(v);
}

/* --- the core's port ------------------------------------------------------------------------ */

static bool has_room(const struct verifier *v, struct address_block address)
{
	return v->queue.count < VERIFIER_MAX_WAITING &&
	       fair_queue_count(&v->queue, address) < VERIFIER_MAX_WAITING_OF_ADDRESS;
}

/* Hash the password for this client, or wait for who does already. */
static enum verdict enter(struct verifier *v, struct client *c, struct verification *x)
{
	add_waiter(v, x, c);
	start_some(v);
	return VERDICT_PENDING;
}

static enum verdict verify(
		void *owner, struct client *c, struct span username, struct span password)
{
	struct verifier *v = owner;
	const struct password_file *file = c->policy->passwords;
	const struct password_hash *hash = password_file_find(file, username);
	bool is_decoy = hash == NULL;
	struct sockaddr_storage address;
	struct credential_key key;
	struct verification *x;

	if (is_decoy)
		hash = password_file_decoy(file, username);
	if (hash == NULL || password.data == NULL || v->is_ending)
		return VERDICT_DENY;
	v->options.address(c, &address);
	if (!address_limit_may_log_in(v->options.limit, &address, *v->options.now))
		return VERDICT_BUSY;
	key = credential_cache_key(v->known, username, password, hash);
	if (credential_cache_knows(v->known, &key)) {
		v->options.counters->passwords_remembered++;
		return VERDICT_ALLOW;
	}
	x = find_verification(v, &key);
	if (x != NULL)
		return enter(v, c, x);
	if (!has_room(v, address_block_of(&address)))
		return VERDICT_BUSY;
	x = verification_create(v, &key, username, password);
	x->hash = *hash;
	x->is_decoy = is_decoy;
	x->address = address;
	fair_queue_push(&v->queue, address_block_of(&address), &x->waiting);
	return enter(v, c, x);
}

/* The client is going. A password that is being hashed by now is finished for nobody. */
static void cancel(void *owner, struct client *c)
{
	struct verifier *v = owner;
	struct waiter *w = find_waiter(v, c);
	struct verification *x;

	if (w == NULL)
		return;
	x = w->verification;
	remove_waiter(v, w);
	if (x->waiters == NULL && x->waiting.lane != NULL) {
		fair_queue_remove(&v->queue, &x->waiting);
		verification_destroy(x);
	}
}

struct authenticator verifier_authenticator(struct verifier *v)
{
	return (struct authenticator){ .owner = v, .verify = verify, .cancel = cancel };
}

struct verifier *verifier_create(const struct verifier_options *options)
{
	struct verifier *v = xcalloc(1, sizeof(*v));

	v->options = *options;
	v->worker = worker_create(options->loop, options->threads);
	if (v->worker == NULL) {
		free(v);
		return NULL;
	}
	v->known = credential_cache_create(CREDENTIAL_CACHE_MAX);
	fair_queue_init(&v->queue, options->seed);
	return v;
}

void verifier_destroy(struct verifier *v)
{
	struct fair_item *item;

	if (v == NULL)
		return;
	v->is_ending = true;
	worker_destroy(v->worker); /* concludes what was under way */
	while ((item = fair_queue_pop(&v->queue)) != NULL)
		conclude(container_of(item, struct verification, waiting));
	credential_cache_destroy(v->known);
	free(v);
}
