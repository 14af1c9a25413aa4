/* SPDX-License-Identifier: MIT */
#include "gateway/output/pending.h"

#include <inttypes.h>
#include <pthread.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/mem.h"
#include "common/utf8.h"

enum { MAX_OUTPUT_TEXT = 256 };

struct object {
	UT_hash_handle hh;
	struct str key; /* host, NUL, service: no name has a NUL */
	size_t host_len;
	uint64_t outputs; /* set of those whose cores do not have it */
	enum object_presence missing;
	uint64_t count;
	struct wall_time first, last;
	enum check_state state;
	struct str output, publisher;
};

struct pending {
	pthread_mutex_t lock;
	uint64_t seed;
	size_t limit;
	struct object *objects; /* the one that was heard of last at the end */
	struct str key;
};

struct pending *pending_create(size_t limit)
{
	struct pending *p = xcalloc(1, sizeof(*p));

	pthread_mutex_init(&p->lock, NULL);
	p->seed = hash_seed();
	p->limit = limit;
	return p;
}

static void forget(struct pending *p, struct object *o)
{
	HASH_DEL(p->objects, o);
	str_finish(&o->key);
	str_finish(&o->output);
	str_finish(&o->publisher);
	free(o);
}

void pending_destroy(struct pending *p)
{
	struct object *o, *next;

	if (p == NULL)
		return;
	HASH_ITER (hh, p->objects, o, next) {
		forget(p, o);
	}
	str_finish(&p->key);
	pthread_mutex_destroy(&p->lock);
	free(p);
}

void pending_set_limit(struct pending *p, size_t limit)
{
	pthread_mutex_lock(&p->lock);
	p->limit = limit;
	pthread_mutex_unlock(&p->lock);
}

static struct span host_of(const struct object *o)
{
	return span_first(str_span(&o->key), o->host_len);
}

static struct span service_of(const struct object *o)
{
	return span_from(str_span(&o->key), o->host_len + 1);
}

/* p->key, and the object that has it or NULL. */
static struct object *find(struct pending *p, struct span host, struct span service)
{
	struct object *o;

	str_clear(&p->key);
	str_append(&p->key, host);
	str_append_byte(&p->key, '\0');
	str_append(&p->key, service);
	HASH_FIND_BYHASHVALUE(hh, p->objects, p->key.text, p->key.len,
			hash_span(p->seed, str_span(&p->key)), o);
	return o;
}

static void append(struct pending *p, struct object *o)
{
	HASH_ADD_KEYPTR_BYHASHVALUE(hh, p->objects, o->key.text, o->key.len,
			hash_span(p->seed, str_span(&o->key)), o);
}

static struct object *create(struct pending *p, const struct pending_note *note)
{
	struct object *o = xcalloc(1, sizeof(*o));

	str_append(&o->key, str_span(&p->key));
	o->host_len = note->result->host.len;
	o->first = note->received;
	while (HASH_COUNT(p->objects) >= p->limit)
		forget(p, p->objects);
	append(p, o);
	return o;
}

static void shorten_into(struct str *into, struct span text)
{
	str_clear(into);
	str_append(into, utf8_first(text, MAX_OUTPUT_TEXT));
}

void pending_add(struct pending *p, const struct pending_note *note)
{
	struct object *o;

	pthread_mutex_lock(&p->lock);
	o = find(p, note->result->host, note->result->service);
	if (o == NULL) {
		o = create(p, note);
	} else { /* behind all others */
		HASH_DEL(p->objects, o);
		append(p, o);
	}
	o->outputs |= UINT64_C(1) << note->output;
	o->missing = note->missing;
	o->count++;
	o->last = note->received;
	o->state = note->result->state;
	shorten_into(&o->output, note->result->output);
	str_clear(&o->publisher);
	if (note->publisher != NULL && note->publisher->known)
		publisher_describe(note->publisher, &o->publisher);
	pthread_mutex_unlock(&p->lock);
}

/* The core of the output with this bit has it. */
static void found(struct pending *p, struct object *o, uint64_t bit)
{
	o->outputs &= ~bit;
	if (o->outputs == 0)
		forget(p, o);
}

void pending_prune(struct pending *p, size_t output,
		bool (*has)(void *owner, struct span host, struct span service), void *owner)
{
	uint64_t bit = UINT64_C(1) << output;
	struct object *o, *next;

	pthread_mutex_lock(&p->lock);
	HASH_ITER (hh, p->objects, o, next) {
		if ((o->outputs & bit) != 0 && has(owner, host_of(o), service_of(o)))
			found(p, o, bit);
	}
	pthread_mutex_unlock(&p->lock);
}

void pending_found(struct pending *p, size_t output, struct span host, struct span service)
{
	struct object *o;

	pthread_mutex_lock(&p->lock);
	o = HASH_COUNT(p->objects) > 0 ? find(p, host, service) : NULL;
	if (o != NULL)
		found(p, o, UINT64_C(1) << output);
	pthread_mutex_unlock(&p->lock);
}

bool pending_remove(struct pending *p, struct span host, struct span service)
{
	struct object *o;

	pthread_mutex_lock(&p->lock);
	o = find(p, host, service);
	if (o != NULL)
		forget(p, o);
	pthread_mutex_unlock(&p->lock);
	return o != NULL;
}

bool pending_lacks(struct pending *p, size_t output, struct span host, struct span service,
		enum object_presence *ret_missing)
{
	struct object *o;
	bool lacks;

	pthread_mutex_lock(&p->lock);
	o = find(p, host, service);
	lacks = o != NULL && (o->outputs & UINT64_C(1) << output) != 0;
	if (lacks)
		*ret_missing = o->missing;
	pthread_mutex_unlock(&p->lock);
	return lacks;
}

size_t pending_count(struct pending *p)
{
	size_t count;

	pthread_mutex_lock(&p->lock);
	count = HASH_COUNT(p->objects);
	pthread_mutex_unlock(&p->lock);
	return count;
}

static void add_text(struct str *into, const char *key, struct span value)
{
	str_printf(into, ",\"%s\":", key);
	json_append_string(into, value);
}

static void add_object(const struct object *o, const char *const *outputs, size_t output_count,
		struct str *into)
{
	const char *separator = "";
	char time[WALL_TIME_TEXT];

	str_append_text(into, "{\"host\":");
	json_append_string(into, host_of(o));
	add_text(into, "service", service_of(o));
	add_text(into, "missing", span_of_text(o->missing == OBJECT_NO_HOST ? "host" : "service"));
	str_append_text(into, ",\"outputs\":[");
	for (size_t i = 0; i < output_count; i++) {
		if ((o->outputs >> i & 1) == 0)
			continue;
		str_append_text(into, separator);
		json_append_string(into, span_of_text(outputs[i]));
		separator = ",";
	}
	str_printf(into, "],\"count\":%" PRIu64, o->count);
	add_text(into, "first", span_of_text(wall_time_format(o->first, time)));
	add_text(into, "last", span_of_text(wall_time_format(o->last, time)));
	add_text(into, "state", span_of_text(check_state_name(o->state, service_of(o).len == 0)));
	add_text(into, "output", str_span(&o->output));
	add_text(into, "publisher", str_span(&o->publisher));
	str_append_byte(into, '}');
}

void pending_format_json(struct pending *p, const char *const *outputs, size_t output_count,
		size_t page_bytes, void (*page)(void *owner, struct span array, bool is_last),
		void *owner)
{
	struct str array = { 0 };
	struct object *o, *next;

	pthread_mutex_lock(&p->lock);
	str_append_byte(&array, '[');
	HASH_ITER (hh, p->objects, o, next) {
		if (array.len >= page_bytes) {
			str_append_byte(&array, ']');
			page(owner, str_span(&array), false);
			str_clear(&array);
			str_append_byte(&array, '[');
		}
		if (array.len > 1)
			str_append_byte(&array, ',');
		add_object(o, outputs, output_count, &array);
	}
	str_append_byte(&array, ']');
	page(owner, str_span(&array), true);
	pthread_mutex_unlock(&p->lock);
	str_finish(&array);
}
