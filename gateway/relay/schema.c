/* SPDX-License-Identifier: MIT */
#include "gateway/relay/schema_impl.h"

#include <assert.h>

#include "common/mem.h"

const struct setting_choice schema_kinds[] = {
	{ "logstash", SCHEMA_LOGSTASH },
	{ "ecs", SCHEMA_ECS },
	{ "raw", SCHEMA_RAW },
	{ "template", SCHEMA_TEMPLATE },
	{ NULL, 0 },
};

const struct setting_choice schema_payloads[] = {
	{ "json", SCHEMA_PAYLOAD_JSON },
	{ "text", SCHEMA_PAYLOAD_TEXT },
	{ "none", SCHEMA_PAYLOAD_NONE },
	{ NULL, 0 },
};

struct schema *schema_create(const struct schema_options *options)
{
	static const struct schema_form *const forms[] = {
		[SCHEMA_LOGSTASH] = &schema_logstash,
		[SCHEMA_ECS] = &schema_ecs,
		[SCHEMA_RAW] = &schema_raw,
		[SCHEMA_TEMPLATE] = &schema_template,
	};
	struct schema *s = xcalloc(1, sizeof(*s));

	s->options = *options;
	s->form = forms[options->kind];
	if (s->form->is_json && options->payload == SCHEMA_PAYLOAD_JSON) {
		s->scan = xcalloc(1, sizeof(*s->scan));
		s->scan->seed = options->seed;
	}
	if (s->form->prepare != NULL)
		s->form->prepare(s);
	return s;
}

void schema_destroy(struct schema *s)
{
	if (s == NULL)
		return;
	if (s->scan != NULL)
		json_scan_finish(s->scan);
	free(s->scan);
	str_finish(&s->constant);
	str_finish(&s->scratch);
	free(s);
}

void schema_write(struct schema *s, struct str *into, const struct record *record)
{
	assert(record->kind == RECORD_RESULT || record->kind == RECORD_MESSAGE);
	s->form->write(s, into, record);
	/* What was put has no NUL behind it, see put_bytes(). */
	str_append(into, span_of(NULL, 0));
}
