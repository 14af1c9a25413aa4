/* SPDX-License-Identifier: MIT */
/*
 * What MQTT says of a message beside topic and payload.
 */
#include "gateway/relay/schema_impl.h"

#include "common/base64.h"
#include "common/utf8.h"

/*
 * A name of which JSON is made as it is. Of others different ones look the same there, so all of
 * them are one: no key may come twice.
 */
static struct span name_of(struct span name)
{
	static const struct span other = SPAN(UTF8_REPLACEMENT);

	return span_find(name, '\0') == name.len && utf8_valid(name) ? name : other;
}

/* Returns how many were taken; *ret_left_out is how many were not. */
static size_t collect_properties(struct schema *s, struct span properties, uint64_t *ret_left_out)
{
	struct span name, value;
	size_t count = 0;

	*ret_left_out = 0;
	while (record_next_property(&properties, &name, &value)) {
		if (count < MAX_PROPERTIES)
			s->properties[count++] = (struct property){ name_of(name), value, false };
		else
			++*ret_left_out;
	}
	return count;
}

/* The value of the property at `first`, or all of that name as a list. */
static void put_values(struct schema *s, struct str *into, size_t first, size_t count)
{
	const struct property *p = &s->properties[first];
	size_t start = into->len, values = 1;

	json_append_string(into, p->value);
	for (size_t i = first + 1; i < count; i++) {
		if (!span_equal(s->properties[i].name, p->name))
			continue;
		PUT(into, ",");
		json_append_string(into, s->properties[i].value);
		s->properties[i].is_written = true;
		values++;
	}
	if (values == 1)
		return;
	PUT(into, "[]");
	memmove(into->text + start + 1, into->text + start, into->len - start - 2);
	into->text[start] = '[';
}

static void put_user_properties(struct schema *s, struct str *into, struct span properties)
{
	uint64_t left_out;
	size_t count = collect_properties(s, properties, &left_out);

	if (count == 0)
		return;
	PUT(into, ",\"user_properties\":");
	for (size_t i = 0; i < count; i++) {
		if (s->properties[i].is_written)
			continue;
		put_bytes(into, i == 0 ? "{" : ",", 1);
		json_append_string(into, s->properties[i].name);
		PUT(into, ":");
		put_values(s, into, i, count);
	}
	PUT(into, "}");
	if (left_out > 0) {
		PUT(into, ",\"user_properties_left_out\":");
		str_append_number(into, left_out);
	}
}

void put_message_properties(struct schema *s, struct str *into, const struct record *record)
{
	PUT(into, ",\"qos\":");
	str_append_number(into, record->qos);
	if (record->retain)
		PUT(into, ",\"retain\":true");
	else
		PUT(into, ",\"retain\":false");
	PUT_TEXT_IF_ANY(into, "content_type", record->content_type);
	if (record->is_utf8)
		PUT(into, ",\"payload_format_indicator\":1");
	if (record->expires) {
		PUT(into, ",\"message_expiry_interval\":");
		str_append_number(into, record->expiry);
	}
	PUT_TEXT_IF_ANY(into, "response_topic", record->response_topic);
	if (record->correlation.len > 0) {
		PUT(into, ",\"correlation_data\":\"");
		base64_encode(record->correlation, true, into);
		PUT(into, "\"");
	}
	if (record->user_properties.len > 0)
		put_user_properties(s, into, record->user_properties);
}
