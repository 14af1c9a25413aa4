/* SPDX-License-Identifier: MIT */
/*
 *     layout u8, kind u8, flags u8, source u4 and qos u4, received u64
 *     topic, payload or what the kind has
 *     with FLAG_PUBLISHER: user, client, address
 *     with FLAG_PROPERTIES: which u8, and those of content type, expiry u32, user properties
 *     with FLAG_RESPONSE: response topic, correlation
 *
 * Texts are u16 length and bytes, those that a publisher may make long u32. User properties are a
 * long text of texts: name, value, name, value ... Layout 2 had neither properties nor QoS.
 */
#include "gateway/journal/record.h"

#include "common/mem.h"
#include "common/wire.h"
#include "gateway/rules/config.h"

enum {
	LAYOUT = 3,
	OLDEST_LAYOUT = 2, /* that can be read */
	FLAGS_AT = 2,
	HEADER_SIZE = 12,
	LENGTH_SIZE = 2,  /* of a text */
	FIXED_SIZE = 160, /* more than all that is not text, lengths included */
};

enum record_flag {
	FLAG_RETAIN = 1,
	FLAG_LAST = 2,
	FLAG_OWN = 4,
	FLAG_PROPERTIES = 8,
	FLAG_PUBLISHER = 16,
	FLAG_RESPONSE = 32,
	FLAG_THERE = 64,
};

/* The byte of the source. */
enum {
	SOURCE_BITS = 15,
	QOS_SHIFT = 4,
	QOS_BITS = 3,
};

_Static_assert((int)MAX_BROKERS - 1 <= (int)SOURCE_BITS, "a source has its bits");

enum property_flag {
	PROPERTY_UTF8 = 1,
	PROPERTY_EXPIRY = 2,
	PROPERTY_CONTENT_TYPE = 4,
	PROPERTY_USER = 8,
};

static void write_text(struct writer *w, struct span text)
{
	write_u16(w, (uint16_t)text.len);
	write_bytes(w, text);
}

static void write_long_text(struct writer *w, struct span text)
{
	write_u32(w, (uint32_t)text.len);
	write_bytes(w, text);
}

static struct span read_text(struct reader *r)
{
	return read_bytes(r, read_u16(r));
}

static struct span read_long_text(struct reader *r)
{
	return read_bytes(r, read_u32(r));
}

/* --- the kinds ---------------------------------------------------------------------------- */

static void write_silence(struct writer *w, const struct silence_rule *rule)
{
	write_u64(w, (uint64_t)rule->ttl);
	write_u8(w, (uint8_t)rule->becomes);
}

static void read_silence(struct reader *r, struct silence_rule *ret)
{
	ret->ttl = (int64_t)read_u64(r);
	ret->becomes = (enum check_state)(read_u8(r) & 3);
}

static void write_result(struct writer *w, const struct record *record)
{
	const struct check_result *r = &record->result;

	write_u32(w, record->index);
	write_u32(w, record->naming);
	write_silence(w, &record->silence);
	write_u8(w, (uint8_t)r->state);
	write_u64(w, (uint64_t)r->time.ns);
	write_u64(w, (uint64_t)r->own_time.ns);
	write_u64(w, (uint64_t)r->ttl);
	write_text(w, r->host);
	write_text(w, r->service);
	write_long_text(w, r->id);
	write_long_text(w, r->source);
	write_long_text(w, r->output);
	write_long_text(w, r->long_output);
	write_long_text(w, r->perfdata);
}

static void read_result(struct reader *r, struct record *ret)
{
	ret->index = read_u32(r);
	ret->naming = read_u32(r);
	read_silence(r, &ret->silence);
	ret->result.state = (enum check_state)(read_u8(r) & 3);
	ret->result.time.ns = (int64_t)read_u64(r);
	ret->result.own_time.ns = (int64_t)read_u64(r);
	ret->result.ttl = (int64_t)read_u64(r);
	ret->result.host = read_text(r);
	ret->result.service = read_text(r);
	ret->result.id = read_long_text(r);
	ret->result.source = read_long_text(r);
	ret->result.output = read_long_text(r);
	ret->result.long_output = read_long_text(r);
	ret->result.perfdata = read_long_text(r);
}

/* The code as text: its number may be another one in the next version. */
static void write_refusal(struct writer *w, const struct record *record)
{
	const struct rejection *r = &record->rejection;

	write_u32(w, (uint32_t)r->index);
	write_text(w, span_of_text(reject_info(r->reject)->code));
	write_long_text(w, r->host);
	write_long_text(w, r->service);
	write_long_text(w, r->detail);
}

static void read_refusal(struct reader *r, struct record *ret)
{
	ret->index = read_u32(r);
	ret->rejection.index = ret->index;
	ret->rejection.reject = reject_of_code(read_text(r));
	ret->rejection.host = read_long_text(r);
	ret->rejection.service = read_long_text(r);
	ret->rejection.detail = read_long_text(r);
}

static void write_presence(struct writer *w, const struct record *record)
{
	const struct presence *p = &record->presence;

	write_u32(w, record->naming);
	write_u64(w, (uint64_t)p->delay.ns);
	write_silence(w, &p->rule);
	write_text(w, p->host);
	write_text(w, p->service);
}

static void read_presence(struct reader *r, struct record *record)
{
	struct presence *ret = &record->presence;

	record->naming = read_u32(r);
	ret->delay.ns = (int64_t)read_u64(r);
	read_silence(r, &ret->rule);
	ret->host = read_text(r);
	ret->service = read_text(r);
}

enum command_flag {
	COMMAND_FIXED = 1,
	COMMAND_STICKY = 2,
	COMMAND_NOTIFY = 4,
	COMMAND_PERSISTENT = 8,
};

/* The name as text, as the code of a refusal is. */
static void write_command(struct writer *w, const struct record *record)
{
	const struct command *c = &record->command;
	unsigned flags = (c->fixed ? COMMAND_FIXED : 0u) | (c->sticky ? COMMAND_STICKY : 0u) |
			 (c->notify ? COMMAND_NOTIFY : 0u) |
			 (c->persistent ? COMMAND_PERSISTENT : 0u);

	write_u32(w, record->naming);
	write_text(w, span_of_text(command_name(c->kind)));
	write_u8(w, (uint8_t)flags);
	write_u64(w, (uint64_t)c->start.ns);
	write_u64(w, (uint64_t)c->end.ns);
	write_u64(w, (uint64_t)c->duration);
	write_u64(w, (uint64_t)c->expire.ns);
	write_u64(w, (uint64_t)c->time.ns);
	write_text(w, c->host);
	write_text(w, c->service);
	write_text(w, c->author);
	write_text(w, c->comment);
	write_text(w, c->id);
}

static void read_command(struct reader *r, struct record *record)
{
	struct command *ret = &record->command;
	uint8_t flags;

	record->naming = read_u32(r);
	if (!command_find(read_text(r), &ret->kind))
		reader_fail(r);
	flags = read_u8(r);
	ret->fixed = (flags & COMMAND_FIXED) != 0;
	ret->sticky = (flags & COMMAND_STICKY) != 0;
	ret->notify = (flags & COMMAND_NOTIFY) != 0;
	ret->persistent = (flags & COMMAND_PERSISTENT) != 0;
	ret->start.ns = (int64_t)read_u64(r);
	ret->end.ns = (int64_t)read_u64(r);
	ret->duration = (int64_t)read_u64(r);
	ret->expire.ns = (int64_t)read_u64(r);
	ret->time.ns = (int64_t)read_u64(r);
	ret->host = read_text(r);
	ret->service = read_text(r);
	ret->author = read_text(r);
	ret->comment = read_text(r);
	ret->id = read_text(r);
}

/* --- what the message had beside ---------------------------------------------------------- */

static unsigned properties_of(const struct record *r)
{
	return (r->is_utf8 ? PROPERTY_UTF8 : 0u) | (r->expires ? PROPERTY_EXPIRY : 0u) |
	       (r->content_type.len > 0 ? PROPERTY_CONTENT_TYPE : 0u) |
	       (r->user_properties.len > 0 ? PROPERTY_USER : 0u);
}

static void write_properties(struct writer *w, const struct record *r)
{
	unsigned which = properties_of(r);

	write_u8(w, (uint8_t)which);
	if (which & PROPERTY_CONTENT_TYPE)
		write_text(w, r->content_type);
	if (which & PROPERTY_EXPIRY)
		write_u32(w, r->expiry);
	if (which & PROPERTY_USER)
		write_long_text(w, r->user_properties);
}

static void read_properties(struct reader *r, struct record *ret)
{
	uint8_t which = read_u8(r);

	ret->is_utf8 = (which & PROPERTY_UTF8) != 0;
	ret->expires = (which & PROPERTY_EXPIRY) != 0;
	if (which & PROPERTY_CONTENT_TYPE)
		ret->content_type = read_text(r);
	if (ret->expires)
		ret->expiry = read_u32(r);
	if (which & PROPERTY_USER)
		ret->user_properties = read_long_text(r);
}

bool record_next_property(struct span *rest, struct span *ret_name, struct span *ret_value)
{
	struct reader r = reader_of(*rest);

	*ret_name = read_text(&r);
	*ret_value = read_text(&r);
	*rest = read_rest(&r);
	return !reader_failed(&r);
}

void record_add_property(struct str *into, struct span name, struct span value)
{
	size_t size = 2 * LENGTH_SIZE + name.len + value.len;
	struct writer w;

	str_reserve(into, size);
	w = writer_of(into->text + into->len, size);
	write_text(&w, name);
	write_text(&w, value);
	into->len += writer_span(&w).len;
}

struct span record_first_properties(struct span properties, size_t most)
{
	struct span rest = properties, name, value;
	size_t fit = properties.len;

	if (fit <= most)
		return properties;
	for (fit = 0; record_next_property(&rest, &name, &value);) {
		if (properties.len - rest.len > most)
			break;
		fit = properties.len - rest.len;
	}
	return span_first(properties, fit);
}

/* --- the whole ---------------------------------------------------------------------------- */

static size_t most_bytes(const struct record *r)
{
	const struct check_result *c = &r->result;

	return FIXED_SIZE + r->topic.len + r->publisher.user.len + r->publisher.client.len +
	       r->publisher.address.len + r->response_topic.len + r->correlation.len +
	       r->content_type.len + r->user_properties.len + r->payload.len + c->host.len +
	       c->service.len + c->id.len + c->source.len + c->output.len + c->long_output.len +
	       c->perfdata.len + r->rejection.host.len + r->rejection.service.len +
	       r->rejection.detail.len + r->presence.host.len + r->presence.service.len +
	       r->command.host.len + r->command.service.len + r->command.author.len +
	       r->command.comment.len + r->command.id.len;
}

static unsigned flags_of(const struct record *r)
{
	bool publisher =
			r->publisher.user.len + r->publisher.client.len + r->publisher.address.len >
			0;

	return (r->retain ? FLAG_RETAIN : 0u) | (r->is_last ? FLAG_LAST : 0u) |
	       (r->is_own ? FLAG_OWN : 0u) | (properties_of(r) != 0 ? FLAG_PROPERTIES : 0u) |
	       (publisher ? FLAG_PUBLISHER : 0u) |
	       (r->response_topic.len > 0 ? FLAG_RESPONSE : 0u) |
	       (r->presence.is_there ? FLAG_THERE : 0u);
}

/* At the end, so that it can be added later. */
static void write_response(struct writer *w, struct span topic, struct span correlation)
{
	write_text(w, topic);
	write_text(w, correlation);
}

static void write_record(struct writer *w, const struct record *r)
{
	unsigned flags = flags_of(r);

	write_u8(w, LAYOUT);
	write_u8(w, (uint8_t)r->kind);
	write_u8(w, (uint8_t)flags);
	write_u8(w, (uint8_t)((r->source & SOURCE_BITS) | (r->qos & QOS_BITS) << QOS_SHIFT));
	write_u64(w, (uint64_t)r->received.ns);
	write_text(w, r->topic);
	switch (r->kind) {
	case RECORD_MESSAGE:
		write_long_text(w, r->payload);
		break;
	case RECORD_RESULT:
		write_result(w, r);
		break;
	case RECORD_REFUSAL:
		write_refusal(w, r);
		break;
	case RECORD_PRESENCE:
		write_presence(w, r);
		break;
	case RECORD_COMMAND:
		write_command(w, r);
		break;
	}
	if (flags & FLAG_PUBLISHER) {
		write_text(w, r->publisher.user);
		write_text(w, r->publisher.client);
		write_text(w, r->publisher.address);
	}
	if (flags & FLAG_PROPERTIES)
		write_properties(w, r);
	if (flags & FLAG_RESPONSE)
		write_response(w, r->response_topic, r->correlation);
}

void record_batch_add(struct record_batch *b, const struct record *r)
{
	size_t most = most_bytes(r), size;
	struct writer w;

	str_reserve(&b->bytes, most);
	w = writer_of(b->bytes.text + b->bytes.len, most);
	write_record(&w, r);
	size = writer_span(&w).len;
	b->bytes.len += size;
	b->sizes = grow_array(b->sizes, b->count, &b->capacity, sizeof(*b->sizes));
	b->sizes[b->count++] = size;
}

/* Where the record behind `index` begins. */
static size_t end_of(const struct record_batch *b, size_t index)
{
	size_t end = b->bytes.len;

	while (++index < b->count)
		end -= b->sizes[index];
	return end;
}

/* Make room for `size` bytes at `at`. */
static uint8_t *insert(struct str *bytes, size_t at, size_t size)
{
	str_reserve(bytes, size);
	memmove(bytes->text + at + size, bytes->text + at, bytes->len - at);
	bytes->len += size;
	return (uint8_t *)bytes->text + at;
}

void record_batch_mark_last(struct record_batch *b, size_t index, struct span response_topic,
		struct span correlation)
{
	size_t size = 2 * LENGTH_SIZE + response_topic.len + correlation.len;
	size_t end = end_of(b, index), flags_at = end - b->sizes[index] + FLAGS_AT;
	unsigned flags = FLAG_LAST;

	if (response_topic.len > 0) {
		struct writer w = writer_of(insert(&b->bytes, end, size), size);

		write_response(&w, response_topic, correlation);
		b->sizes[index] += size;
		flags |= FLAG_RESPONSE;
	}
	b->bytes.text[flags_at] = (char)((unsigned char)b->bytes.text[flags_at] | flags);
}

void record_batch_clear(struct record_batch *b)
{
	str_clear(&b->bytes);
	b->count = 0;
}

void record_batch_finish(struct record_batch *b)
{
	str_finish(&b->bytes);
	free(b->sizes);
	*b = (struct record_batch){ 0 };
}

static bool is_known(uint8_t layout)
{
	return layout >= OLDEST_LAYOUT && layout <= LAYOUT;
}

bool record_decode(struct span bytes, struct record *ret)
{
	struct reader r = reader_of(bytes);
	uint8_t layout = read_u8(&r), kind = read_u8(&r), flags = read_u8(&r);
	uint8_t source = read_u8(&r);

	*ret = (struct record){ .kind = (enum record_kind)kind };
	ret->source = source & SOURCE_BITS;
	ret->qos = source >> QOS_SHIFT & QOS_BITS;
	ret->received.ns = (int64_t)read_u64(&r);
	ret->topic = read_text(&r);
	if (kind == RECORD_MESSAGE)
		ret->payload = read_long_text(&r);
	else if (kind == RECORD_RESULT)
		read_result(&r, ret);
	else if (kind == RECORD_REFUSAL)
		read_refusal(&r, ret);
	else if (kind == RECORD_PRESENCE)
		read_presence(&r, ret);
	else if (kind == RECORD_COMMAND)
		read_command(&r, ret);
	else
		reader_fail(&r);
	ret->retain = (flags & FLAG_RETAIN) != 0;
	ret->is_last = (flags & FLAG_LAST) != 0;
	ret->is_own = (flags & FLAG_OWN) != 0;
	ret->presence.is_there = (flags & FLAG_THERE) != 0;
	if (flags & FLAG_PUBLISHER) {
		ret->publisher.user = read_text(&r);
		ret->publisher.client = read_text(&r);
		ret->publisher.address = read_text(&r);
		ret->publisher.known = ret->publisher.client.len > 0;
	}
	if (flags & FLAG_PROPERTIES)
		read_properties(&r, ret);
	if (flags & FLAG_RESPONSE) {
		ret->response_topic = read_text(&r);
		ret->correlation = read_text(&r);
	}
	return is_known(layout) && !reader_failed(&r);
}

bool record_decode_received(struct span bytes, struct wall_time *ret)
{
	struct reader r = reader_of(span_first(bytes, HEADER_SIZE));
	uint8_t layout = read_u8(&r);

	read_bytes(&r, 3);
	ret->ns = (int64_t)read_u64(&r);
	return is_known(layout) && !reader_failed(&r);
}
