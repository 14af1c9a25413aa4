/* SPDX-License-Identifier: MIT */
/*
 * Read from the sources of logstash-input-beats and of Logstash, several versions of each:
 *
 * - message_listener.rb, onNewMessage: an event with a "message", or a "line", that is not null
 *   goes through a codec, DecodedEventTransform and Message.getIdentityStream; any other is made
 *   an event as it is. So some members only matter where there is one.
 * - decoded_event_transform.rb: each member is set on the event that the codec made. A hash that is
 *   there already is merged with the member: @metadata always, and "event", as the codec plain
 *   writes event.original with ecs_compatibility. Merging anything but a hash raises a TypeError.
 * - Message.java, extractIdentityStream: "beat" is cast to a map, and four of its members to texts.
 * - Event.java: @metadata is cast to a map. "tags" is cast to a text where it is no list, and since
 *   8.7 setField throws InvalidTagsTypeException where it is not a text or a list of texts.
 * - message_listener.rb, set_nested: the peer's address goes into @metadata.input.beats.host.ip.
 * - FieldReference.java: brackets in a key are its syntax. Every key of the event itself is read
 *   so by Event.set; ConvertedMap.put read those of all levels so, until 8.3. Few keys with
 *   brackets are right, and these set something else.
 *
 * An @timestamp may be anything: what is no time is replaced with a warning, in both ways.
 */
#include "plugins/lumberjack/event.h"

#include <stdio.h>

#include "common/json_object.h"
#include "common/utf8.h"

/* Kinds of values, as sets. */
enum {
	TEXT = 1,
	NUMBER = 2,
	TRUTH = 4,
	NOTHING = 8,
	OBJECT = 16,
	LIST = 32,
};

enum name { LINE, MESSAGE, EVENT, BEAT, TAGS, METADATA, NO_NAME };

static const struct span names[] = {
	[LINE] = SPAN("line"),
	[MESSAGE] = SPAN("message"),
	[EVENT] = SPAN("event"),
	[BEAT] = SPAN("beat"),
	[TAGS] = SPAN("tags"),
	[METADATA] = SPAN("@metadata"),
};

enum when {
	ALWAYS,
	WITH_MESSAGE, /* or a line */
	OWN_METADATA, /* nothing is put behind it */
};

/* clang-format off */
static const struct rule {
	enum name name;
	bool is_within;     /* of what stands in the member of that name: */
	struct span within; /* of a member of this name; empty: of each element */
	unsigned taken;
	enum when when;
	const char *what;
} rules[] = {
	{ EVENT, false, SPAN(""), OBJECT, WITH_MESSAGE, "\"event\" has to be an object" },
	{ BEAT, false, SPAN(""), OBJECT | NOTHING, WITH_MESSAGE, "\"beat\" has to be an object" },
	{ BEAT, true, SPAN("id"), TEXT | NOTHING, WITH_MESSAGE, "beat's \"id\" has to be a text" },
	{ BEAT, true, SPAN("resource_id"), TEXT | NOTHING, WITH_MESSAGE,
	  "beat's \"resource_id\" has to be a text" },
	{ BEAT, true, SPAN("name"), TEXT | NOTHING, WITH_MESSAGE, "beat's \"name\" has to be a text" },
	{ BEAT, true, SPAN("source"), TEXT | NOTHING, WITH_MESSAGE,
	  "beat's \"source\" has to be a text" },
	{ TAGS, false, SPAN(""), TEXT | LIST | NOTHING, ALWAYS,
	  "\"tags\" has to be a text or a list of texts" },
	{ TAGS, true, SPAN(""), TEXT, WITH_MESSAGE, "\"tags\" has to be a text or a list of texts" },
	{ METADATA, false, SPAN(""), OBJECT, OWN_METADATA, "\"@metadata\" has to be an object" },
	{ METADATA, true, SPAN("input"), 0, OWN_METADATA, "\"@metadata\" has Logstash's own \"input\"" },
};
/* clang-format on */

struct look {
	unsigned kinds[array_size(names)];  /* of the last member of each name; 0: there is none */
	unsigned within[array_size(rules)]; /* the same of what stands in it, all together */
	enum name name;			    /* of the member that is being read */
	struct span bracket;		    /* the first key that has one */
};

/* --- keys ------------------------------------------------------------------------------------ */

static unsigned from_hex(uint8_t c)
{
	if (c <= '9')
		return (unsigned)c - '0';
	return (c | 0x20U) - 'a' + 10;
}

/*
 * Take the next character of a key as it was written, which is well-formed. Of those beyond ASCII
 * it is some number that no name has.
 */
static unsigned take_character(struct span *key)
{
	static const char escapes[] = "b\bf\fn\nr\rt\t";
	unsigned c = key->data[0];
	const char *known;

	if (c != '\\') {
		*key = span_from(*key, 1);
	} else if ((c = key->data[1]) != 'u') {
		*key = span_from(*key, 2);
		known = strchr(escapes, (int)c);
		c = known != NULL ? (unsigned)known[1] : c;
	} else {
		c = from_hex(key->data[2]) << 12 | from_hex(key->data[3]) << 8 |
		    from_hex(key->data[4]) << 4 | from_hex(key->data[5]);
		*key = span_from(*key, 6);
	}
	return c;
}

static bool has_bracket(struct span key)
{
	while (key.len > 0) {
		unsigned c = take_character(&key);

		if (c == '[' || c == ']')
			return true;
	}
	return false;
}

static bool is_called(struct span key, struct span name)
{
	if (key.len < name.len) /* escapes make it longer only */
		return false;
	for (size_t i = 0; i < name.len; i++) {
		if (key.len == 0 || take_character(&key) != name.data[i])
			return false;
	}
	return key.len == 0;
}

static enum name name_of(struct span key)
{
	enum name name = LINE;

	while (name < NO_NAME && !is_called(key, names[name]))
		name++;
	return name;
}

/* --- values ---------------------------------------------------------------------------------- */

static unsigned kind_of(uint8_t first)
{
	switch (first) {
	case '"':
		return TEXT;
	case '{':
		return OBJECT;
	case '[':
		return LIST;
	case 'n':
		return NOTHING;
	case 't':
	case 'f':
		return TRUTH;
	default:
		return NUMBER;
	}
}

/* Readers take the last one of two members of one name, with what stands in it. */
static void note_member(struct look *l, struct span key, unsigned kind)
{
	l->name = name_of(key);
	if (l->name == NO_NAME)
		return;
	l->kinds[l->name] = kind;
	for (size_t i = 0; i < array_size(rules); i++) {
		if (rules[i].name == l->name)
			l->within[i] = 0;
	}
}

static void note_within(struct look *l, struct span key, unsigned kind)
{
	for (size_t i = 0; i < array_size(rules); i++) {
		const struct rule *r = &rules[i];

		if (r->is_within && r->name == l->name && is_called(key, r->within))
			l->within[i] |= kind;
	}
}

static void note(void *look, const struct json_value *value)
{
	struct look *l = look;

	if (l->bracket.len == 0 && has_bracket(value->key))
		l->bracket = value->key;
	if (value->depth == 1)
		note_member(l, value->key, kind_of(value->first));
	else if (value->depth == 2 && l->name != NO_NAME)
		note_within(l, value->key, kind_of(value->first));
}

/* --- what comes of it ------------------------------------------------------------------------ */

static bool is_there(const struct look *l, enum name name)
{
	return (l->kinds[name] & ~(unsigned)NOTHING) != 0;
}

static const struct rule *broken_rule(const struct look *l, bool gets_metadata)
{
	const bool holds[] = {
		[ALWAYS] = true,
		[WITH_MESSAGE] = is_there(l, MESSAGE) || is_there(l, LINE),
		[OWN_METADATA] = !gets_metadata,
	};

	for (size_t i = 0; i < array_size(rules); i++) {
		const struct rule *r = &rules[i];
		unsigned kinds = r->is_within ? l->within[i] : l->kinds[r->name];

		if (holds[r->when] && (kinds & ~r->taken) != 0)
			return r;
	}
	return NULL;
}

bool event_is_taken(struct span text, bool gets_metadata, char why[RELAY_REASON])
{
	struct look look = { .name = NO_NAME };
	const char *problem = json_object_walk(text, note, &look);
	const struct rule *broken;

	if (problem != NULL) {
		snprintf(why, RELAY_REASON,
				"%s; a beats input takes JSON objects only, which schema logstash "
				"and schema ecs make",
				problem);
	} else if (look.bracket.len > 0) {
		snprintf(why, RELAY_REASON,
				"the key \"%.*s\" has a bracket, over which Logstash closes the "
				"connection; schema logstash and schema ecs with payload text keep "
				"such keys apart",
				SPAN_ARGS(utf8_first(look.bracket, 60)));
	} else if ((broken = broken_rule(&look, gets_metadata)) != NULL) {
		snprintf(why, RELAY_REASON,
				"%s%s, or Logstash closes the connection; schema logstash and "
				"schema ecs keep a publisher's members apart",
				broken->what,
				broken->when == WITH_MESSAGE ? " where there is a message" : "");
	} else {
		return true;
	}
	return false;
}
