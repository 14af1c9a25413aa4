/* SPDX-License-Identifier: MIT */
/*
 * Performance data as numbers:
 *
 *     "perf":{"used":{"value":98,"unit":"%","warn":80,"crit":90,"min":0,"max":100}}
 */
#include "gateway/relay/schema_impl.h"

#include "gateway/result/perfdata.h"

static bool is_special(char c)
{
	return c == '.' || c == '[' || c == ']';
}

/*
 * Elasticsearch reads "a.b" as a level a with a level b in it, and refuses ".a". Logstash takes
 * brackets for a reference to a field, and may refuse all that comes with it.
 */
static struct span as_field_name(struct schema *s, struct span label)
{
	str_clear(&s->scratch);
	str_append(&s->scratch, label);
	for (size_t i = 0; i < s->scratch.len; i++) {
		if (is_special(s->scratch.text[i]))
			s->scratch.text[i] = '_';
	}
	return str_span(&s->scratch);
}

/* Was the key that ends the text written before? By what was written: that is what is read. */
static bool is_known(const struct schema *s, size_t count, const struct str *text, size_t at)
{
	struct span key = span_from(str_span(text), at);

	for (size_t i = 0; i < count; i++) {
		if (span_equal(key, span_of(text->text + s->keys[i].at, s->keys[i].len)))
			return true;
	}
	return false;
}

static void put_limit(struct str *into, const char *key, struct span limit, bool is_range)
{
	if (limit.len == 0)
		return;
	PUT(into, ",\"");
	str_append_text(into, key);
	if (is_range) {
		PUT(into, "_range\":");
		json_append_string(into, limit);
	} else {
		PUT(into, "\":");
		perfdata_append_number(into, limit);
	}
}

static void put_metric(struct str *into, const struct perfdata_metric *m)
{
	PUT(into, ":{\"value\":");
	perfdata_append_number(into, m->value);
	PUT_TEXT_IF_ANY(into, "unit", m->unit);
	put_limit(into, "warn", m->warn, !perfdata_is_number(m->warn));
	put_limit(into, "crit", m->crit, !perfdata_is_number(m->crit));
	put_limit(into, "min", m->min, false);
	put_limit(into, "max", m->max, false);
	PUT(into, "}");
}

void put_metrics(struct schema *s, struct str *into, struct span perfdata)
{
	struct perfdata_reader reader = perfdata_reader_of(perfdata);
	struct perfdata_metric m;
	size_t count = 0, start = into->len;

	PUT(into, ",\"perf\":{");
	for (size_t seen = 0; count < MAX_METRICS && seen < MAX_SEEN && perfdata_next(&reader, &m);
			seen++) {
		size_t before = into->len, at = before + (count > 0);

		/* U is no number, and a label of blanks no name of a field. */
		if (m.value.len == 0 || span_trim(m.label).len == 0)
			continue;
		if (count > 0)
			PUT(into, ",");
		json_append_string(into, as_field_name(s, m.label));
		if (is_known(s, count, into, at)) {
			str_truncate(into, before);
			continue;
		}
		s->keys[count++] = (struct written_key){ at, into->len - at };
		put_metric(into, &m);
	}
	perfdata_reader_finish(&reader);
	if (count > 0)
		PUT(into, "}");
	else
		str_truncate(into, start);
}
