/* SPDX-License-Identifier: MIT */
/*
 * The schemas that are text: as it came, and as the operator wrote it.
 */
#include "gateway/relay/schema_impl.h"

static void write_raw(struct schema *s, struct str *into, const struct record *record)
{
	(void)s;
	str_append(into, record->kind == RECORD_RESULT ? record->result.output : record->payload);
}

static void write_template(struct schema *s, struct str *into, const struct record *record)
{
	record_template_expand(s->options.template, &s->options.origin, record, into);
}

const struct schema_form schema_raw = { .write = write_raw };
const struct schema_form schema_template = { .write = write_template };
