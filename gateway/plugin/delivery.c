/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/delivery.h"

#include "common/mem.h"

void delivery_begin(struct delivery *d, size_t count, size_t rendered)
{
	if (count > d->capacity) {
		d->records = xrealloc(d->records, count * sizeof(*d->records));
		d->marks = xrealloc(d->marks, count * sizeof(*d->marks));
		memset(d->marks + d->capacity, 0, (count - d->capacity) * sizeof(*d->marks));
		d->capacity = count;
	}
	if (count * rendered > d->rendered_capacity) {
		d->rendered_capacity = count * rendered;
		d->rendered = xrealloc(d->rendered, d->rendered_capacity * sizeof(*d->rendered));
	}
	str_clear(&d->bytes);
	str_clear(&d->labels);
	d->count = 0;
	d->metric_count = 0;
	d->limit = count;
}

static void forget_mark(struct delivery_mark *mark)
{
	free(mark->reason);
	*mark = (struct delivery_mark){ 0 };
}

static void forget_marks(struct delivery *d)
{
	for (size_t i = 0; d->has_marks && i < d->capacity; i++)
		forget_mark(&d->marks[i]);
	d->has_marks = false;
}

struct relay_batch delivery_attempt(struct delivery *d, uint32_t attempt)
{
	struct relay_batch b = {
		.records = d->records, .record_size = sizeof(*d->records), .attempt = attempt
	};

	forget_marks(d);
	b.count = d->count < d->limit ? d->count : d->limit;
	for (size_t i = 0; i < b.count; i++)
		b.text_size += d->records[i].text.len;
	d->attempted = b.count;
	return b;
}

void delivery_mark(struct delivery *d, size_t index, enum relay_verdict verdict, const char *reason)
{
	struct delivery_mark *mark;

	if (index >= d->attempted)
		return;
	mark = &d->marks[index];
	forget_mark(mark);
	d->has_marks = true;
	*mark = (struct delivery_mark){ true, verdict, reason != NULL ? xstrdup(reason) : NULL };
}

/* Does the record stay for another attempt? */
static bool settle_one(struct delivery *d, size_t i, enum relay_verdict verdict,
		struct delivery_result *result)
{
	const struct delivery_mark *mark = &d->marks[i];
	enum relay_verdict v = mark->is_marked ? mark->verdict : verdict;

	if (v == RELAY_OK) {
		result->delivered++;
		return false;
	}
	if (v == RELAY_REJECT && (mark->is_marked || d->attempted == 1)) {
		result->rejected++;
		return false;
	}
	if (v == RELAY_REJECT) {
		result->was_split = true;
		return true;
	}
	result->must_wait = true;
	if (result->reason == NULL)
		result->reason = mark->reason;
	return true;
}

struct delivery_result delivery_settle(struct delivery *d, enum relay_verdict verdict,
		const char *reason, void *owner,
		void (*refused)(void *owner, const struct relay_record *r, const char *reason))
{
	struct delivery_result result = { 0 };
	size_t kept = 0;

	if (verdict == RELAY_OK && !d->has_marks && d->attempted == d->count) {
		result.delivered = d->count; /* nearly always */
		d->count = d->attempted = 0;
		return result;
	}
	for (size_t i = 0; i < d->count; i++) {
		size_t rejected = result.rejected;

		if (i >= d->attempted || settle_one(d, i, verdict, &result))
			d->records[kept++] = d->records[i];
		else if (result.rejected > rejected)
			refused(owner, &d->records[i],
					d->marks[i].reason != NULL ? d->marks[i].reason : reason);
	}
	d->count = kept;
	if (result.was_split)
		d->limit = d->attempted / 2;
	else if (!result.must_wait && d->limit < SIZE_MAX / 2)
		d->limit *= 2;
	d->attempted = 0; /* a mark that comes too late is none */
	return result;
}

void delivery_finish(struct delivery *d)
{
	forget_marks(d);
	str_finish(&d->bytes);
	str_finish(&d->labels);
	free(d->records);
	free(d->rendered);
	free(d->metrics);
	free(d->marks);
	*d = (struct delivery){ 0 };
}
