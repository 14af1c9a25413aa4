/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <stdio.h>

#include "common/mem.h"
#include "tests/conversations/codec.h"

/* A packet that is being written. */
struct build {
	struct fields *fields;
	struct writer *w;
	unsigned level;
	uint8_t flags; /* of the fixed header */
};

static const char *const names[] = { NULL, "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC",
	"PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE", "UNSUBACK", "PINGREQ",
	"PINGRESP", "DISCONNECT", "AUTH" };

const char *packet_name(unsigned type)
{
	return names[type & 15];
}

unsigned packet_number(const char *name)
{
	for (unsigned i = 1; i < array_size(names); i++) {
		if (strcmp(names[i], name) == 0)
			return i;
	}
	return 0;
}

static uint8_t connect_flags(struct fields *f)
{
	unsigned flags = 0;

	if (fields_flag(f, "clean", true))
		flags |= 0x02;
	if (fields_take(f, "will-topic") != NULL)
		flags |= 0x04;
	flags |= (fields_number(f, "will-qos", 0) & 3) << 3;
	if (fields_flag(f, "will-retain", false))
		flags |= 0x20;
	if (fields_take(f, "password") != NULL)
		flags |= 0x40;
	if (fields_take(f, "user") != NULL)
		flags |= 0x80;
	return (uint8_t)fields_number(f, "connect-flags", flags);
}

/* v5 3.1, v3 3.1 */
static void build_connect(struct build *b)
{
	struct fields *f = b->fields;

	write_block16(b->w, fields_text(f, "protocol", b->level == LEVEL_3_1 ? "MQIsdp" : "MQTT"));
	write_u8(b->w, (uint8_t)fields_number(f, "level", b->level));
	write_u8(b->w, connect_flags(f));
	write_u16(b->w, (uint16_t)fields_number(f, "keepalive", 0));
	if (b->level == LEVEL_5)
		properties_build(f, "", b->w);
	write_block16(b->w, fields_text(f, "id", ""));
	if (fields_take(f, "will-topic") != NULL) {
		if (b->level == LEVEL_5)
			properties_build(f, "will-", b->w);
		write_block16(b->w, fields_text(f, "will-topic", ""));
		write_block16(b->w, fields_text(f, "will", ""));
	}
	if (fields_take(f, "user") != NULL)
		write_block16(b->w, fields_text(f, "user", ""));
	if (fields_take(f, "password") != NULL)
		write_block16(b->w, fields_text(f, "password", ""));
}

/* v5 3.3 */
static void build_publish(struct build *b)
{
	struct fields *f = b->fields;
	uint32_t qos = fields_number(f, "qos", 0);

	b->flags = (uint8_t)((fields_flag(f, "dup", false) ? 8 : 0) | (qos & 3) << 1 |
			     (fields_flag(f, "retain", false) ? 1 : 0));
	write_block16(b->w, fields_text(f, "topic", ""));
	if (qos > 0)
		write_u16(b->w, (uint16_t)fields_number(f, "id", 0));
	if (b->level == LEVEL_5)
		properties_build(f, "", b->w);
	write_bytes(b->w, fields_text(f, "payload", ""));
}

static bool has_other_than(const struct fields *f, const char *name)
{
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, name) != 0 && strcmp(f->all[i].name, "flags") != 0)
			return true;
	}
	return false;
}

static bool has_property(struct fields *f)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!f->all[i].is_used && strcmp(f->all[i].name, "flags") != 0)
			return true;
	}
	return false;
}

/* The reason and the properties, each left out when a script does not name one (v5 3.4.2). */
static void build_reason(struct build *b)
{
	uint32_t reason = fields_number(b->fields, "reason", 0);

	if (!has_other_than(b->fields, "id"))
		return;
	write_u8(b->w, (uint8_t)reason);
	if (has_property(b->fields))
		properties_build(b->fields, "", b->w);
}

static void build_ack(struct build *b)
{
	write_u16(b->w, (uint16_t)fields_number(b->fields, "id", 0));
	build_reason(b);
}

/* The options that follow a filter, up to the next filter (v5 3.8.3.1). */
static uint8_t subscribe_options(struct fields *f, size_t filter)
{
	uint32_t options = 0, number;

	for (size_t i = filter + 1; i < f->count && strcmp(f->all[i].name, "filter") != 0; i++) {
		struct field *field = &f->all[i];
		bool is_yes = strcmp(str_text(&field->value), "yes") == 0;
		bool was_used = field->is_used;

		if (!field_number(field, &number))
			number = 0;
		field->is_used = true;
		if (strcmp(field->name, "qos") == 0)
			options |= number & 3;
		else if (strcmp(field->name, "no-local") == 0)
			options |= is_yes ? 0x04 : 0;
		else if (strcmp(field->name, "retain-as-published") == 0)
			options |= is_yes ? 0x08 : 0;
		else if (strcmp(field->name, "retain-handling") == 0)
			options |= (number & 3) << 4;
		else if (strcmp(field->name, "options") == 0)
			options = number;
		else
			field->is_used = was_used;
	}
	return (uint8_t)options;
}

static void build_filters(struct build *b, bool with_options)
{
	struct fields *f = b->fields;

	b->flags = 2;
	write_u16(b->w, (uint16_t)fields_number(f, "id", 0));
	if (b->level == LEVEL_5)
		properties_build(f, "", b->w);
	for (size_t i = 0; i < f->count; i++) {
		if (strcmp(f->all[i].name, "filter") != 0)
			continue;
		f->all[i].is_used = true;
		write_block16(b->w, str_span(&f->all[i].value));
		if (with_options)
			write_u8(b->w, subscribe_options(f, i));
	}
}

static bool build_body(struct build *b, unsigned type)
{
	switch (type) {
	case 1:
		build_connect(b);
		return true;
	case 3:
		build_publish(b);
		return true;
	case 4:
	case 5:
	case 7:
		build_ack(b);
		return true;
	case 6:
		b->flags = 2; /* [v5 MQTT-3.6.1-1] */
		build_ack(b);
		return true;
	case 8:
		build_filters(b, true);
		return true;
	case 10:
		build_filters(b, false);
		return true;
	case 12:
		return true;
	case 14:
	case 15:
		build_reason(b);
		return true;
	default:
		return false;
	}
}

static size_t room_for(const struct fields *f)
{
	size_t room = 1024;

	for (size_t i = 0; i < f->count; i++)
		room += 32 + f->all[i].value.len;
	return room;
}

static bool all_used(const struct fields *f, struct str *problem)
{
	for (size_t i = 0; i < f->count; i++) {
		if (!f->all[i].is_used && strcmp(f->all[i].name, "version") != 0) {
			str_printf(problem, "%s has no field '%s'", f->type, f->all[i].name);
			return false;
		}
	}
	return true;
}

bool packet_build(struct fields *f, unsigned level, struct str *into, struct str *problem)
{
	unsigned type = packet_number(f->type);
	size_t room = room_for(f);
	AUTO_FREE uint8_t *buffer = xmalloc(room);
	struct writer w = writer_of(buffer, room);
	struct build b = { .fields = f, .w = &w, .level = level };
	uint8_t header[5];
	struct writer head = writer_of(header, sizeof(header));

	if (type == 0 || !build_body(&b, type)) {
		str_printf(problem, "a client cannot send '%s'; write it as raw bytes", f->type);
		return false;
	}
	if (writer_failed(&w)) {
		str_append_text(problem, "the packet is too long to be built");
		return false;
	}
	write_u8(&head, (uint8_t)(type << 4 | (fields_number(f, "flags", b.flags) & 15)));
	write_varint(&head, (uint32_t)writer_span(&w).len);
	str_append(into, writer_span(&head));
	str_append(into, writer_span(&w));
	return all_used(f, problem);
}

static bool raw_word(const char **at, struct str *into)
{
	const char *p = *at;
	char hex[3] = { 0 };

	if (*p == '"') {
		struct fields f;
		struct str ignored = { 0 }, line = { 0 };
		size_t len = 1;
		bool good;

		while (p[len] != '\0' && p[len] != '"')
			len += p[len] == '\\' && p[len + 1] != '\0' ? 2 : 1;
		str_append_text(&line, "raw ");
		str_append(&line, span_of(p, p[len] == '"' ? len + 1 : len));
		good = fields_parse(str_text(&line), &f, &ignored);
		if (good)
			str_append(into, fields_text(&f, "payload", ""));
		if (good)
			fields_finish(&f);
		str_finish(&ignored);
		str_finish(&line);
		*at = p + len + 1;
		return good;
	}
	if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1]))
		return false;
	memcpy(hex, p, 2);
	str_append_byte(into, (char)strtoul(hex, NULL, 16));
	*at = p + 2;
	return true;
}

bool packet_build_raw(const char *words, struct str *into, struct str *problem)
{
	while (*words != '\0' && *words != '#') {
		if (is_blank((uint8_t)*words)) {
			words++;
		} else if (!raw_word(&words, into)) {
			str_printf(problem,
					"raw takes pairs of hex digits and quoted text, not '%s'",
					words);
			return false;
		}
	}
	return true;
}
