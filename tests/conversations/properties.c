/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "common/mem.h"
#include "common/utf8.h"
#include "tests/conversations/codec.h"

enum wire { U8, U16, U32, VARINT, TEXT, BINARY, PAIR };

/*
 * Packets in which a server may send a property, by their numbers: no session expiry interval in
 * DISCONNECT [v5 MQTT-3.14.2-2], no alias, subscription identifier or will delay but where it
 * belongs.
 */
#define TO(n)	(1U << (n))
#define CONNACK TO(2)
#define PUBLISH TO(3)
#define ACKS	(TO(4) | TO(5) | TO(6) | TO(7) | TO(9) | TO(11))
#define END	TO(14)
#define AUTH	TO(15)

/* clang-format off */
static const struct {
	uint8_t id;
	enum wire wire;
	unsigned from_server;
	const char *name;
} table[] = {
	{ 0x01, U8,     PUBLISH,                     "payload-format-indicator" },
	{ 0x02, U32,    PUBLISH,                     "message-expiry-interval" },
	{ 0x03, TEXT,   PUBLISH,                     "content-type" },
	{ 0x08, TEXT,   PUBLISH,                     "response-topic" },
	{ 0x09, BINARY, PUBLISH,                     "correlation-data" },
	{ 0x0b, VARINT, PUBLISH,                     "subscription-identifier" },
	{ 0x11, U32,    CONNACK,                     "session-expiry-interval" },
	{ 0x12, TEXT,   CONNACK,                     "assigned-client-identifier" },
	{ 0x13, U16,    CONNACK,                     "server-keep-alive" },
	{ 0x15, TEXT,   CONNACK | AUTH,              "authentication-method" },
	{ 0x16, BINARY, CONNACK | AUTH,              "authentication-data" },
	{ 0x17, U8,     0,                           "request-problem-information" },
	{ 0x18, U32,    0,                           "will-delay-interval" },
	{ 0x19, U8,     0,                           "request-response-information" },
	{ 0x1a, TEXT,   CONNACK,                     "response-information" },
	{ 0x1c, TEXT,   CONNACK | END,               "server-reference" },
	{ 0x1f, TEXT,   CONNACK | ACKS | END | AUTH, "reason-string" },
	{ 0x21, U16,    CONNACK,                     "receive-maximum" },
	{ 0x22, U16,    CONNACK,                     "topic-alias-maximum" },
	{ 0x23, U16,    PUBLISH,                     "topic-alias" },
	{ 0x24, U8,     CONNACK,                     "maximum-qos" },
	{ 0x25, U8,     CONNACK,                     "retain-available" },
	{ 0x26, PAIR,   CONNACK | PUBLISH | ACKS | END | AUTH, "user-property" },
	{ 0x27, U32,    CONNACK,                     "maximum-packet-size" },
	{ 0x28, U8,     CONNACK,                     "wildcard-subscription-available" },
	{ 0x29, U8,     CONNACK,                     "subscription-identifier-available" },
	{ 0x2a, U8,     CONNACK,                     "shared-subscription-available" },
};
/* clang-format on */

static size_t find_name(const char *name)
{
	for (size_t i = 0; i < array_size(table); i++) {
		if (strcmp(table[i].name, name) == 0)
			return i;
	}
	return array_size(table);
}

bool property_is_known(const char *name)
{
	return find_name(name) < array_size(table);
}

const char *property_full_name(const char *name)
{
	static const char *const endings[] = { "-interval", "-indicator" };
	char longer[96];

	for (size_t i = 0; i < array_size(endings); i++) {
		snprintf(longer, sizeof(longer), "%s%s", name, endings[i]);
		if (find_name(longer) < array_size(table))
			return table[find_name(longer)].name;
	}
	return name;
}

/* --- building ------------------------------------------------------------------------------- */

static void write_pair(struct writer *w, struct span pair)
{
	struct span rest = pair;
	struct span name = span_cut(&rest, ':');

	write_block16(w, name);
	write_block16(w, rest);
}

static void write_value(struct writer *w, enum wire wire, const struct field *f)
{
	uint32_t number = 0;

	field_number(f, &number);
	switch (wire) {
	case U8:
		write_u8(w, (uint8_t)number);
		break;
	case U16:
		write_u16(w, (uint16_t)number);
		break;
	case U32:
		write_u32(w, number);
		break;
	case VARINT:
		write_varint(w, number);
		break;
	case TEXT:
	case BINARY:
		write_block16(w, str_span(&f->value));
		break;
	case PAIR:
		write_pair(w, str_span(&f->value));
		break;
	}
}

/* Will properties are written will-content-type, will-user-property, ... and will-delay. */
static const char *property_name(const char *field, const char *prefix)
{
	size_t len = strlen(prefix);
	const char *full = property_full_name(field);

	if (strcmp(full, "will-delay-interval") == 0)
		return len > 0 ? full : "";
	return strncmp(field, prefix, len) == 0 ? property_full_name(field + len) : "";
}

static void write_properties(struct fields *f, const char *prefix, struct writer *w)
{
	for (size_t i = 0; i < f->count; i++) {
		struct field *field = &f->all[i];
		const char *name = property_name(field->name, prefix);
		size_t row = find_name(name);

		if (strcmp(name, "raw-properties") == 0) {
			write_bytes(w, str_span(&field->value));
			field->is_used = true;
		} else if (row < array_size(table)) {
			write_u8(w, table[row].id);
			write_value(w, table[row].wire, field);
			field->is_used = true;
		}
	}
}

static size_t room_for(const struct fields *f)
{
	size_t room = 0;

	for (size_t i = 0; i < f->count; i++)
		room += 16 + f->all[i].value.len;
	return room;
}

void properties_build(struct fields *f, const char *prefix, struct writer *w)
{
	size_t room = room_for(f);
	AUTO_FREE uint8_t *buffer = xmalloc(room + 1);
	struct writer inside = writer_of(buffer, room);

	write_properties(f, prefix, &inside);
	write_varint(w, (uint32_t)writer_span(&inside).len);
	write_bytes(w, writer_span(&inside));
}

/* --- describing ----------------------------------------------------------------------------- */

static uint32_t read_number(struct reader *r, enum wire wire)
{
	if (wire == U8)
		return read_u8(r);
	if (wire == U16)
		return read_u16(r);
	return wire == U32 ? read_u32(r) : read_varint(r);
}

static bool describe_text(struct reader *r, size_t row, struct fields *ret)
{
	struct str pair = { 0 };
	struct span text = read_block16(r);

	str_append(&pair, text);
	if (table[row].wire == PAIR) {
		text = read_block16(r);
		str_append_byte(&pair, ':');
		str_append(&pair, text);
	}
	if (table[row].wire != BINARY && !utf8_valid(str_span(&pair)))
		reader_fail(r);
	fields_add(ret, table[row].name, str_span(&pair));
	str_finish(&pair);
	return !reader_failed(r);
}

static bool number_allowed(uint8_t id, uint32_t number)
{
	switch (id) {
	case 0x01:
	case 0x24:
	case 0x25:
	case 0x28:
	case 0x29:
	case 0x2a:
		return number <= 1;
	case 0x0b:
	case 0x21:
	case 0x23:
	case 0x27:
		return number > 0;
	default:
		return true;
	}
}

static bool describe_one(struct reader *r, unsigned where, struct fields *ret, struct str *names)
{
	uint8_t id = read_u8(r);
	size_t row = 0;
	uint32_t number;

	while (row < array_size(table) && table[row].id != id)
		row++;
	if (row == array_size(table) || (table[row].from_server >> where & 1) == 0)
		return false;
	/* Only these may stand more than once (v5 2.2.2.2). */
	if (id != 0x26 && id != 0x0b && fields_take(ret, table[row].name) != NULL)
		return false;
	str_printf(names, "%s%s", names->len > 0 ? "," : "", table[row].name);
	if (table[row].wire >= TEXT)
		return describe_text(r, row, ret);
	number = read_number(r, table[row].wire);
	fields_add_number(ret, table[row].name, number);
	return !reader_failed(r) && number_allowed(id, number);
}

bool properties_describe(struct reader *r, unsigned where, struct fields *ret, struct str *problem)
{
	struct reader inside = reader_of(read_bytes(r, read_varint(r)));
	struct str names = { 0 };
	bool good = !reader_failed(r);

	while (good && reader_left(&inside) > 0)
		good = describe_one(&inside, where, ret, &names);
	fields_add(ret, "properties", str_span(&names));
	if (!good)
		str_printf(problem, "the properties of %s are malformed behind \"%s\"",
				packet_name(where), str_text(&names));
	str_finish(&names);
	return good;
}
