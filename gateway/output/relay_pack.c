/* SPDX-License-Identifier: MIT */
#include "gateway/output/relay_pack.h"

#include <math.h>

#include "common/mem.h"
#include "gateway/result/perfdata.h"

/*
 * The texts of a record, in the order in which they are packed; what templates make of it follows.
 * A plugin that wants no fields has the first TEXTS_ALWAYS.
 */
enum packed_text {
	TEXT_RECORD,
	TEXT_TOPIC,
	TEXTS_ALWAYS,
	TEXT_PAYLOAD = TEXTS_ALWAYS,
	TEXT_CLIENT,
	TEXT_USER,
	TEXT_ADDRESS,
	TEXT_HOST,
	TEXT_SERVICE,
	TEXT_OUTPUT,
	TEXT_LONG_OUTPUT,
	TEXT_PERFDATA,
	TEXT_COUNT,
};

/*
 * What stands before the texts of each record, with as many lengths as it has texts; copied in and
 * out, so that it may lie anywhere.
 */
struct packed_head {
	uint64_t sequence;
	int64_t received, time;
	char id[EVENT_ID_LENGTH];
	uint8_t kind, qos, retain, state;
	uint32_t lens[TEXT_COUNT + PLUGIN_MAX_TEMPLATES];
};

static size_t texts_of(const struct relay_packer *p)
{
	return p->wants != 0 ? TEXT_COUNT : TEXTS_ALWAYS;
}

static size_t head_size(const struct relay_packer *p)
{
	return offsetof(struct packed_head, lens) +
	       (texts_of(p) + p->template_count) * sizeof(uint32_t);
}

/* --- packing ------------------------------------------------------------------------------- */

static void pack_text(struct str *into, struct packed_head *head, size_t which, struct span text)
{
	str_append(into, text);
	head->lens[which] = (uint32_t)text.len;
}

static void pack_result(struct str *into, struct packed_head *head, const struct check_result *r)
{
	head->state = (uint8_t)r->state;
	pack_text(into, head, TEXT_HOST, r->host);
	pack_text(into, head, TEXT_SERVICE, r->service);
	pack_text(into, head, TEXT_OUTPUT, r->output);
	pack_text(into, head, TEXT_LONG_OUTPUT, r->long_output);
	pack_text(into, head, TEXT_PERFDATA, r->perfdata);
}

static void pack_message_host(const struct relay_packer *p, struct str *into,
		struct packed_head *head, const struct record *record)
{
	size_t at = into->len;

	origin_append_host(&p->origin, record, into);
	head->lens[TEXT_HOST] = (uint32_t)(into->len - at);
}

static void pack_fields(const struct relay_packer *p, struct str *into, struct packed_head *head,
		const struct record *record)
{
	bool known = record->publisher.known;
	struct span none = { 0 };

	pack_text(into, head, TEXT_PAYLOAD,
			record->kind == RECORD_MESSAGE ? record->payload : none);
	pack_text(into, head, TEXT_CLIENT, known ? record->publisher.client : none);
	pack_text(into, head, TEXT_USER, known ? record->publisher.user : none);
	pack_text(into, head, TEXT_ADDRESS, known ? record->publisher.address : none);
	if (record->kind == RECORD_RESULT)
		pack_result(into, head, &record->result);
	else
		pack_message_host(p, into, head, record);
}

static bool is_constant(const struct relay_packer *p, size_t template)
{
	return (p->constants & 1U << template) != 0;
}

/* What is the same of every record stands with the first one alone. */
static void pack_rendered(const struct relay_packer *p, struct str *into, struct packed_head *head,
		const struct record *record, bool is_first)
{
	for (size_t i = 0; i < p->template_count; i++) {
		size_t before = into->len;

		if (is_first || !is_constant(p, i))
			record_template_expand(&p->templates[i], &p->origin, record, into);
		head->lens[texts_of(p) + i] = (uint32_t)(into->len - before);
	}
}

void relay_pack(const struct relay_packer *p, struct str *into, const struct record *record)
{
	struct packed_head head = { .sequence = record->sequence,
		.received = record->received.ns,
		.time = record_time(record).ns,
		.kind = record->kind == RECORD_RESULT ? RELAY_CHECK : RELAY_MESSAGE,
		.qos = (uint8_t)record->qos,
		.retain = record->retain };
	size_t at = into->len, size = head_size(p), text;

	origin_event_id(&p->origin, record, head.id);
	str_append(into, span_of(&head, size)); /* its place; what it says comes last */
	text = into->len;
	schema_write(p->schema, into, record);
	head.lens[TEXT_RECORD] = (uint32_t)(into->len - text);
	pack_text(into, &head, TEXT_TOPIC, record->topic); /* for a dead letter, too */
	if (p->wants != 0)
		pack_fields(p, into, &head, record);
	pack_rendered(p, into, &head, record, at == 0);
	memcpy(into->text + at, &head, size);
}

/* --- unpacking ----------------------------------------------------------------------------- */

static struct relay_text take(const char **at, size_t len)
{
	struct relay_text text = { *at, len };

	*at += len;
	return text;
}

/* Those that fields are made of. */
static void unpack_fields(struct relay_record *r, const struct packed_head *head, const char **at)
{
	struct relay_text *const texts[TEXT_COUNT] = { [TEXT_PAYLOAD] = &r->payload,
		[TEXT_CLIENT] = &r->client,
		[TEXT_USER] = &r->user,
		[TEXT_ADDRESS] = &r->address,
		[TEXT_HOST] = &r->host,
		[TEXT_SERVICE] = &r->service,
		[TEXT_OUTPUT] = &r->output,
		[TEXT_LONG_OUTPUT] = &r->long_output,
		[TEXT_PERFDATA] = &r->perfdata };

	for (size_t i = TEXTS_ALWAYS; i < TEXT_COUNT; i++)
		*texts[i] = take(at, head->lens[i]);
	if (head->kind == RELAY_CHECK)
		r->payload = r->output;
}

static void unpack_one(const struct relay_packer *p, struct delivery *d, const char **at)
{
	struct relay_text *rendered = &d->rendered[d->count * p->template_count];
	struct relay_record *r = &d->records[d->count++];
	struct packed_head head;
	size_t size = head_size(p);

	memcpy(&head, *at, size);
	*r = (struct relay_record){ .sequence = head.sequence,
		.id = { *at + offsetof(struct packed_head, id), EVENT_ID_LENGTH },
		.rendered = p->template_count > 0 ? rendered : NULL,
		.kind = head.kind,
		.received_ns = head.received,
		.time_ns = head.time,
		.qos = head.qos,
		.retain = head.retain,
		.state = head.state };
	*at += size;
	r->text = take(at, head.lens[TEXT_RECORD]);
	r->topic = take(at, head.lens[TEXT_TOPIC]);
	if (p->wants != 0)
		unpack_fields(r, &head, at);
	for (size_t i = 0; i < p->template_count; i++)
		rendered[i] = is_constant(p, i) && d->count > 1
					      ? d->rendered[i]
					      : take(at, head.lens[texts_of(p) + i]);
}

/* --- performance data ---------------------------------------------------------------------- */

/* NAN: there is none, or it is a range without an upper end. */
static double number_of(struct span text)
{
	char digits[64];
	size_t colon = span_find(text, ':');

	if (colon < text.len)
		text = span_from(text, colon + 1);
	if (!perfdata_is_number(text) || text.len >= sizeof(digits))
		return NAN;
	memcpy(digits, text.data, text.len);
	digits[text.len] = '\0';
	return strtod(digits, NULL);
}

static void add_metric(struct delivery *d, const struct perfdata_metric *m)
{
	d->metrics = grow_array(
			d->metrics, d->metric_count, &d->metric_capacity, sizeof(*d->metrics));
	d->metrics[d->metric_count++] = (struct relay_metric){
		.label = { NULL, m->label.len },
		.unit = { (const char *)m->unit.data, m->unit.len },
		.value = number_of(m->value),
		.warn = number_of(m->warn),
		.crit = number_of(m->crit),
		.min = number_of(m->min),
		.max = number_of(m->max),
	};
	str_append(&d->labels, m->label);
}

static void take_apart(struct delivery *d, struct relay_record *r)
{
	struct perfdata_reader reader =
			perfdata_reader_of(span_of(r->perfdata.data, r->perfdata.len));
	struct perfdata_metric metric;
	size_t before = d->metric_count;

	while (perfdata_next(&reader, &metric))
		add_metric(d, &metric);
	perfdata_reader_finish(&reader);
	r->metric_count = d->metric_count - before;
}

/* Metrics and labels move while they grow: where they are is told at the end. */
static void take_metrics_apart(struct delivery *d)
{
	const char *label;
	size_t at = 0;

	for (size_t i = 0; i < d->count; i++)
		take_apart(d, &d->records[i]);
	label = str_text(&d->labels);
	for (size_t i = 0; i < d->metric_count; i++)
		d->metrics[i].label = take(&label, d->metrics[i].label.len);
	for (size_t i = 0; i < d->count; i++) {
		d->records[i].metrics = d->metrics + at;
		at += d->records[i].metric_count;
	}
}

void relay_unpack(const struct relay_packer *p, struct str *packed, struct delivery *into)
{
	struct str spare = into->bytes;
	const char *at, *end;

	into->bytes = *packed;
	*packed = spare;
	str_clear(packed);
	at = into->bytes.text;
	end = at + into->bytes.len;
	while (at < end)
		unpack_one(p, into, &at);
	if (p->wants & RELAY_WANTS_METRICS)
		take_metrics_apart(into);
}
