/* SPDX-License-Identifier: MIT */
/*
 * What the schemas share. Only schema*.c include this.
 */
#ifndef GATEWAY_RELAY_SCHEMA_IMPL_H
#define GATEWAY_RELAY_SCHEMA_IMPL_H

#include "common/json.h"
#include "gateway/relay/schema.h"
#include "gateway/relay/stamp.h"
#include "gateway/result/json_scan.h"

enum {
	/*
	 * Of one record; further ones are in `perfdata` as text. Every label is a field of the
	 * index, and is compared with those before it.
	 */
	MAX_METRICS = 256,
	MAX_SEEN = 1024, /* values that are looked at for these: others have no number, or a label
			    again */
	MAX_PROPERTIES = 256, /* of one record, for the same reason */
};

struct schema_form {
	/* Make `constant`, what is the same in every record; NULL: nothing is. */
	void (*prepare)(struct schema *s);
	void (*write)(struct schema *s, struct str *into, const struct record *record);
	bool is_json;
};

extern const struct schema_form schema_logstash, schema_ecs, schema_raw, schema_template;

/* A key that was written: where in the text, quotes included. */
struct written_key {
	size_t at, len;
};

/* A user property. */
struct property {
	struct span name, value;
	bool is_written; /* with one before it, of the same name */
};

struct schema {
	struct schema_options options;
	const struct schema_form *form;
	struct str constant; /* members that are the same in every record */
	struct stamp times[2];
	struct str scratch;
	struct json_scan *scan; /* NULL: JSON of payloads is not looked for */
	struct written_key keys[MAX_METRICS];
	struct property properties[MAX_PROPERTIES];
};

/* A constant part: a copy of known length. */
static inline void put_bytes(struct str *into, const char *text, size_t len)
{
	if (unlikely(into->capacity - into->len <= len))
		str_reserve(into, len);
	memcpy(into->text + into->len, text, len);
	into->len += len;
}

#define PUT(into, literal) put_bytes(into, "" literal, sizeof(literal) - 1)

/* A member with its comma: PUT_TEXT(into, "host", span). */
#define PUT_TEXT(into, key, text)                                                                  \
	do {                                                                                       \
		PUT(into, ",\"" key "\":");                                                        \
		json_append_string(into, text);                                                    \
	} while (0)
#define PUT_TEXT_IF_ANY(into, key, text)                                                           \
	do {                                                                                       \
		struct span text_ = (text);                                                        \
                                                                                                   \
		if (text_.len > 0)                                                                 \
			PUT_TEXT(into, key, text_);                                                \
	} while (0)

/* "…Z" in quotes; `which` of the two times of a record. */
void put_time(struct schema *s, struct str *into, unsigned which, struct wall_time time);

/* In quotes. */
void put_event_id(const struct schema *s, struct str *into, const struct record *record);

/* The host of the record; borrowed from it or from `scratch`; empty: none is known. */
struct span schema_host(struct schema *s, const struct record *record);

/* `,"tags":[…]`, nothing without tags. */
void put_tags(const struct schema *s, struct str *into);

enum payload_form {
	PAYLOAD_ABSENT,
	PAYLOAD_TEXT,
	PAYLOAD_OBJECT, /* JSON that is an object, and text */
	PAYLOAD_BINARY,
};

/* How the payload of a RECORD_MESSAGE goes out. */
enum payload_form schema_payload_form(struct schema *s, struct span payload);

/* The string that stands for the payload: itself, or base64 of it. */
void put_payload_text(struct str *into, enum payload_form form, struct span payload);

/* The JSON, known to be valid, without the blanks and line ends between its parts. */
void put_compact_json(struct str *into, struct span json);

/* `,"qos":1,"retain":false` and so on, each with a comma in front. */
void put_message_properties(struct schema *s, struct str *into, const struct record *record);

/*
 * The publisher's address taken apart: "10.0.0.7:49152", "[::1]:49152". False when it holds no IP
 * address; *ret_port is -1 when there is none.
 */
bool split_address(struct span address, struct span *ret_ip, int *ret_port);

/* `,"perf":{…}`, nothing when there is no metric. */
void put_metrics(struct schema *s, struct str *into, struct span perfdata);

#endif
