/* SPDX-License-Identifier: MIT */
#include "gateway/result/command.h"

#include "common/time_parse.h"
#include "gateway/result/json_document.h"

enum {
	MAX_DURATION = 10 * 365 * 86400,
	NS_PER_SECOND = 1000000000,
};

/* Cores keep times in whole seconds, some in 32 bits. */
static const int64_t latest_ns = UINT32_MAX * (int64_t)NS_PER_SECOND;

static const char *const names[COMMAND_COUNT] = {
	[COMMAND_DOWNTIME] = "downtime",
	[COMMAND_ACKNOWLEDGE] = "acknowledge",
	[COMMAND_REMOVE_ACKNOWLEDGEMENT] = "remove_acknowledgement",
	[COMMAND_COMMENT] = "comment",
};

/* --- members ------------------------------------------------------------------------------- */

enum member {
	MEMBER_COMMAND,
	MEMBER_AUTHOR,
	MEMBER_TIME,
	MEMBER_ID,
	MEMBER_COMMENT,
	MEMBER_START,
	MEMBER_END,
	MEMBER_DURATION,
	MEMBER_FIXED,
	MEMBER_STICKY,
	MEMBER_NOTIFY,
	MEMBER_PERSISTENT,
	MEMBER_EXPIRE,
	MEMBER_COUNT,
};

enum form { FORM_NAME, FORM_TEXT, FORM_TIME, FORM_SECONDS, FORM_BOOL };

enum {
	IN_DOWNTIME = 1 << COMMAND_DOWNTIME,
	IN_ACKNOWLEDGE = 1 << COMMAND_ACKNOWLEDGE,
	IN_COMMENT = 1 << COMMAND_COMMENT,
	IN_ALL = (1 << COMMAND_COUNT) - 1,
};

#define AT(field) offsetof(struct command, field)

/* clang-format off */
static const struct member_info {
	const char *name;
	enum form form;
	unsigned commands; /* that have it */
	size_t offset;
	size_t most_bytes; /* of a text */
} members[MEMBER_COUNT] = {
	[MEMBER_COMMAND]    = { "command",    FORM_NAME,    IN_ALL,         0,              0 },
	[MEMBER_AUTHOR]     = { "author",     FORM_TEXT,    IN_ALL,         AT(author),     MAX_AUTHOR_BYTES },
	[MEMBER_TIME]       = { "time",       FORM_TIME,    IN_ALL,         AT(time),       0 },
	[MEMBER_ID]         = { "id",         FORM_TEXT,    IN_ALL,         AT(id),         MAX_COMMAND_ID_BYTES },
	[MEMBER_COMMENT]    = { "comment",    FORM_TEXT,    IN_DOWNTIME | IN_ACKNOWLEDGE | IN_COMMENT, AT(comment), MAX_COMMENT_BYTES },
	[MEMBER_START]      = { "start",      FORM_TIME,    IN_DOWNTIME,    AT(start),      0 },
	[MEMBER_END]        = { "end",        FORM_TIME,    IN_DOWNTIME,    AT(end),        0 },
	[MEMBER_DURATION]   = { "duration",   FORM_SECONDS, IN_DOWNTIME,    AT(duration),   0 },
	[MEMBER_FIXED]      = { "fixed",      FORM_BOOL,    IN_DOWNTIME,    AT(fixed),      0 },
	[MEMBER_STICKY]     = { "sticky",     FORM_BOOL,    IN_ACKNOWLEDGE, AT(sticky),     0 },
	[MEMBER_NOTIFY]     = { "notify",     FORM_BOOL,    IN_ACKNOWLEDGE, AT(notify),     0 },
	[MEMBER_PERSISTENT] = { "persistent", FORM_BOOL,    IN_ACKNOWLEDGE | IN_COMMENT, AT(persistent), 0 },
	[MEMBER_EXPIRE]     = { "expire",     FORM_TIME,    IN_ACKNOWLEDGE, AT(expire),     0 },
};
/* clang-format on */

struct parse {
	struct json_reader *reader;
	struct command *command;
	struct wall_time received;
	const cJSON *values[MEMBER_COUNT];
};

static enum reject refuse(struct parse *p, enum reject reject, const char *name, const char *what)
{
	str_clear(&p->reader->detail);
	str_printf(&p->reader->detail, "%s%s%s", name, name[0] != '\0' ? " " : "", what);
	return reject;
}

static enum reject read_text(
		struct parse *p, const struct member_info *m, const cJSON *value, struct span *ret)
{
	if (!cJSON_IsString(value))
		return refuse(p, REJECT_BAD_VALUE, m->name, "is no text");
	*ret = span_trim(span_of_text(value->valuestring));
	if (ret->len == 0)
		return refuse(p, REJECT_BAD_VALUE, m->name, "is empty");
	if (ret->len > m->most_bytes)
		return refuse(p, REJECT_BAD_VALUE, m->name, "is too long");
	return REJECT_NONE;
}

static enum reject read_time(struct parse *p, const struct member_info *m, const cJSON *value,
		struct wall_time *ret)
{
	struct span text;

	if (!json_value_text(&p->reader->scan, value, &text) || !time_parse(span_trim(text), ret))
		return refuse(p, REJECT_BAD_TIME, m->name, "is no time");
	if (ret->ns < NS_PER_SECOND || ret->ns > latest_ns)
		return refuse(p, REJECT_BAD_TIME, m->name, "is no time that a core can keep");
	return REJECT_NONE;
}

static enum reject read_seconds(
		struct parse *p, const struct member_info *m, const cJSON *value, int64_t *ret)
{
	struct span text;

	if (!json_value_text(&p->reader->scan, value, &text) ||
			!json_seconds(span_trim(text), ret) || *ret < 1 || *ret > MAX_DURATION)
		return refuse(p, REJECT_BAD_VALUE, m->name,
				"is no number of seconds from 1 to 315360000");
	return REJECT_NONE;
}

static enum reject read_member(struct parse *p, enum member member)
{
	const struct member_info *m = &members[member];
	const cJSON *value = p->values[member];
	void *at = (char *)p->command + m->offset;

	if (value == NULL)
		return REJECT_NONE;
	if ((m->commands & 1u << p->command->kind) == 0)
		return refuse(p, REJECT_BAD_VALUE, m->name, "has no meaning for this command");
	switch (m->form) {
	case FORM_NAME:
		break;
	case FORM_TEXT:
		return read_text(p, m, value, at);
	case FORM_TIME:
		return read_time(p, m, value, at);
	case FORM_SECONDS:
		return read_seconds(p, m, value, at);
	case FORM_BOOL:
		if (!cJSON_IsBool(value))
			return refuse(p, REJECT_BAD_VALUE, m->name, "is neither true nor false");
		*(bool *)at = cJSON_IsTrue(value);
		break;
	}
	return REJECT_NONE;
}

/* --- the whole ----------------------------------------------------------------------------- */

static enum reject collect(struct parse *p, const cJSON *root)
{
	if (!cJSON_IsObject(root))
		return refuse(p, REJECT_NOT_OBJECT, "", "a command is one object");
	for (const cJSON *m = root->child; m != NULL; m = m->next) {
		struct span name = span_of_text(m->string);
		size_t i = 0;

		while (i < MEMBER_COUNT && !span_equal_text(name, members[i].name))
			i++;
		if (i == MEMBER_COUNT)
			return refuse(p, REJECT_BAD_VALUE, m->string, "is no key of a command");
		if (!cJSON_IsNull(m))
			p->values[i] = m;
	}
	return REJECT_NONE;
}

static enum reject read_kind(struct parse *p)
{
	const cJSON *value = p->values[MEMBER_COMMAND];

	if (value == NULL)
		return refuse(p, REJECT_BAD_COMMAND, "command", "is missing");
	if (!cJSON_IsString(value) ||
			!command_find(span_of_text(value->valuestring), &p->command->kind))
		return refuse(p, REJECT_BAD_COMMAND,
				cJSON_IsString(value) ? value->valuestring : "command",
				"is no command; known are downtime, acknowledge, "
				"remove_acknowledgement, comment");
	p->command->fixed = p->command->kind == COMMAND_DOWNTIME;
	p->command->sticky = p->command->kind == COMMAND_ACKNOWLEDGE;
	p->command->persistent = p->command->kind == COMMAND_COMMENT;
	return REJECT_NONE;
}

static enum reject settle_downtime(struct parse *p)
{
	struct command *c = p->command;
	bool has_end = p->values[MEMBER_END] != NULL;
	bool has_duration = p->values[MEMBER_DURATION] != NULL;

	if (p->values[MEMBER_START] == NULL)
		c->start = p->received;
	if (!c->fixed && !(has_end && has_duration))
		return refuse(p, REJECT_BAD_COMMAND, "end and duration",
				"are both needed by a downtime that is not fixed");
	if (c->fixed && has_end == has_duration)
		return refuse(p, REJECT_BAD_COMMAND, "end or duration",
				"is needed by a fixed downtime, and only one of them");
	if (!has_end)
		c->end.ns = c->start.ns + c->duration * NS_PER_SECOND;
	if (c->fixed)
		c->duration = 0;
	if (wall_time_seconds(c->end) <= wall_time_seconds(c->start))
		return refuse(p, REJECT_BAD_TIME, "end", "is not behind start");
	if (c->end.ns > latest_ns)
		return refuse(p, REJECT_BAD_TIME, "end", "is no time that a core can keep");
	if (c->end.ns <= p->received.ns)
		return refuse(p, REJECT_BAD_TIME, "end", "is past");
	return REJECT_NONE;
}

static enum reject settle(struct parse *p)
{
	const struct command *c = p->command;

	if ((members[MEMBER_COMMENT].commands & 1u << c->kind) != 0 && c->comment.len == 0)
		return refuse(p, REJECT_BAD_COMMAND, "comment", "is missing");
	if (c->expire.ns != 0 && c->expire.ns <= p->received.ns)
		return refuse(p, REJECT_BAD_TIME, "expire", "is past");
	return c->kind == COMMAND_DOWNTIME ? settle_downtime(p) : REJECT_NONE;
}

static enum reject read_object(struct parse *p, const cJSON *root)
{
	enum reject reject = collect(p, root);

	if (reject == REJECT_NONE)
		reject = read_kind(p);
	for (size_t i = 0; i < MEMBER_COUNT && reject == REJECT_NONE; i++)
		reject = read_member(p, (enum member)i);
	return reject != REJECT_NONE ? reject : settle(p);
}

enum reject command_decode(struct json_reader *reader, struct span payload,
		struct wall_time received, struct command *ret, struct span *ret_detail)
{
	struct parse parse = { .reader = reader, .command = ret, .received = received };
	struct span text;
	enum reject reject = json_reader_text(reader, payload, &text);

	*ret = (struct command){ 0 };
	if (reject == REJECT_NONE)
		reject = json_reader_parse(reader, text);
	if (reject == REJECT_NONE)
		reject = read_object(&parse, reader->root);
	*ret_detail = str_span(&reader->detail);
	return reject;
}

const char *command_name(enum command_kind kind)
{
	return names[kind];
}

bool command_find(struct span name, enum command_kind *ret)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (span_equal_text(name, names[i])) {
			*ret = (enum command_kind)i;
			return true;
		}
	}
	return false;
}
