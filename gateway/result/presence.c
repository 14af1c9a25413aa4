/* SPDX-License-Identifier: MIT */
#include "gateway/result/presence.h"

#include "common/result_keys.h"
#include "gateway/result/json_document.h"

struct word {
	struct span text;
	enum presence_word word;
	bool is_text_only;
};

static const struct word words[] = {
	{ SPAN("online"), PRESENCE_THERE, false },
	{ SPAN("up"), PRESENCE_THERE, false },
	{ SPAN("here"), PRESENCE_THERE, false },
	{ SPAN("true"), PRESENCE_THERE, true },
	{ SPAN("1"), PRESENCE_THERE, true },
	{ SPAN("offline"), PRESENCE_GONE, false },
	{ SPAN("gone"), PRESENCE_GONE, false },
	{ SPAN("false"), PRESENCE_GONE, true },
	{ SPAN("0"), PRESENCE_GONE, true },
	/* Of a host also a state in JSON, which says the same and what it becomes. */
	{ SPAN("down"), PRESENCE_GONE, false },
};

static bool read_word(struct span text, bool is_json, enum presence_word *ret)
{
	for (size_t i = 0; i < array_size(words); i++) {
		if (span_equal_nocase(text, words[i].text) && !(is_json && words[i].is_text_only)) {
			*ret = words[i].word;
			return true;
		}
	}
	return false;
}

/* --- JSON --- */

enum member { MEMBER_STATE, MEMBER_TTL, MEMBER_OUTPUT, MEMBER_DELAY, MEMBER_BECOMES, MEMBER_OTHER };

static enum member member_of(struct span name)
{
	int row = key_alias_find(name);

	if (row >= 0 && key_aliases[row].key == KEY_STATE)
		return MEMBER_STATE;
	if (row >= 0 && key_aliases[row].key == KEY_TTL)
		return MEMBER_TTL;
	if (row >= 0 && key_aliases[row].key == KEY_OUTPUT)
		return MEMBER_OUTPUT;
	if (span_equal_nocase(name, (struct span)SPAN("delay")))
		return MEMBER_DELAY;
	if (span_equal_nocase(name, (struct span)SPAN("becomes")))
		return MEMBER_BECOMES;
	return MEMBER_OTHER;
}

struct parse {
	const struct json_scan *scan;
	bool is_host;
	bool seen[MEMBER_OTHER];
	struct presence_message *message;
	bool state_becomes; /* the state is one that it becomes */
	enum check_state state;
	struct span detail;
};

static bool is_digit_text(struct span text)
{
	return text.len == 1 && text.data[0] >= '0' && text.data[0] <= '9';
}

static enum reject read_state(struct parse *p, const cJSON *value, struct span text)
{
	enum check_state state = CHECK_OK;

	if (!cJSON_IsString(value) || is_digit_text(text))
		return REJECT_BAD_STATE;
	p->state_becomes = check_state_parse(text, p->is_host, &state);
	p->state = state;
	if (p->state_becomes)
		p->message->word = state == CHECK_OK ? PRESENCE_THERE : PRESENCE_GONE;
	else if (!read_word(text, true, &p->message->word))
		return REJECT_BAD_STATE;
	p->state_becomes = p->state_becomes && state != CHECK_OK;
	return REJECT_NONE;
}

/* A silence that becomes OK would be none. */
static enum reject read_becomes(struct parse *p, struct span text)
{
	if (!check_state_parse(text, p->is_host, &p->message->becomes) ||
			p->message->becomes == CHECK_OK)
		return REJECT_BAD_STATE;
	p->message->has_becomes = true;
	return REJECT_NONE;
}

static enum reject read_member(struct parse *p, const cJSON *member)
{
	enum member kind = member_of(span_of_text(member->string));
	struct presence_message *m = p->message;
	struct span text;

	if (kind == MEMBER_OTHER || cJSON_IsNull(member))
		return REJECT_NONE;
	p->detail = span_of_text(member->string);
	if (p->seen[kind])
		return REJECT_DUPLICATE_KEY;
	p->seen[kind] = true;
	if (!json_value_text(p->scan, member, &text))
		return kind == MEMBER_STATE || kind == MEMBER_BECOMES ? REJECT_BAD_STATE
								      : REJECT_BAD_VALUE;
	p->detail = text = span_trim(text);
	switch (kind) {
	case MEMBER_STATE:
		return read_state(p, member, text);
	case MEMBER_BECOMES:
		return read_becomes(p, text);
	case MEMBER_TTL:
		return json_seconds(text, &m->ttl) ? REJECT_NONE : REJECT_BAD_VALUE;
	case MEMBER_DELAY:
		return json_seconds(text, &m->delay) ? REJECT_NONE : REJECT_BAD_VALUE;
	case MEMBER_OUTPUT:
		m->output = span_trim(span_first(text, span_find(text, '\n')));
		break;
	case MEMBER_OTHER:
		break;
	}
	return REJECT_NONE;
}

static enum reject read_object(struct parse *p, const cJSON *root)
{
	enum reject reject = cJSON_IsObject(root) ? REJECT_NONE : REJECT_NOT_OBJECT;

	for (const cJSON *m = root->child; m != NULL && reject == REJECT_NONE; m = m->next)
		reject = read_member(p, m);
	if (reject != REJECT_NONE)
		return reject;
	p->detail = (struct span){ 0 };
	if (!p->seen[MEMBER_STATE])
		return REJECT_NO_STATE;
	if (p->state_becomes && !p->message->has_becomes) {
		p->message->becomes = p->state;
		p->message->has_becomes = true;
	}
	return REJECT_NONE;
}

static enum reject decode_object(struct json_reader *reader, struct span text, bool is_host,
		struct presence_message *ret, struct span *ret_detail)
{
	struct parse parse = { .scan = &reader->scan, .is_host = is_host, .message = ret };
	enum reject reject = json_reader_parse(reader, text);

	if (reject == REJECT_NONE) {
		reject = read_object(&parse, reader->root);
		*ret_detail = parse.detail;
	} else {
		*ret_detail = str_span(&reader->detail);
	}
	return reject;
}

enum reject presence_decode(struct json_reader *reader, struct span payload, bool is_host,
		struct presence_message *ret, struct span *ret_detail)
{
	struct span text;
	enum reject reject = json_reader_text(reader, payload, &text);

	*ret = (struct presence_message){ .ttl = -1, .delay = -1 };
	*ret_detail = str_span(&reader->detail);
	if (payload.len == 0 || reject != REJECT_NONE)
		return reject;
	if (text.len > 0 && (text.data[0] == '{' || text.data[0] == '['))
		return decode_object(reader, text, is_host, ret, ret_detail);
	*ret_detail = text;
	if (text.len == 0)
		return REJECT_NO_STATE;
	return read_word(text, false, &ret->word) ? REJECT_NONE : REJECT_BAD_STATE;
}
