/* SPDX-License-Identifier: MIT */
#include "plugins/syslog/message.h"

#include "common/clock.h"
#include "common/utf8.h"
#include "plugins/text.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/* --- the header ----------------------------------------------------------------------------- */

/* A field of the header: PRINTUSASCII (6), at least one character, at most so many. */
static void append_name(struct str *into, struct span text, size_t most)
{
	text = span_first(text, most);
	if (text.len == 0)
		str_append_byte(into, '-');
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];

		str_append_byte(into, c > ' ' && c < 0x7f ? (char)c : '_');
	}
}

static void append_header(struct str *into, const struct syslog_form *form,
		const struct relay_record *record, struct span app_name)
{
	const struct severity_state *state = severity_state_of(record);
	enum severity severity = state != NULL ? state->severity : form->severity;
	struct span host = text_span(record->host);
	char time[WALL_TIME_TEXT];

	str_printf(into, "<%u>1 %s ", (unsigned)form->facility * 8 + (unsigned)severity,
			wall_time_format((struct wall_time){ record->time_ns }, time));
	append_name(into, host.len > 0 ? host : span_of_text(form->hostname), SYSLOG_MOST_HOSTNAME);
	str_append_byte(into, ' ');
	append_name(into, app_name, SYSLOG_MOST_APP_NAME);
	str_append_text(into, state != NULL ? " - check " : " - message ");
}

/* --- text ----------------------------------------------------------------------------------- */

static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

static void append_param_value(struct str *into, struct span text)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (len == 0)
			str_append_text(into, UTF8_REPLACEMENT);
		else if (is_control(code))
			str_append_byte(into, ' ');
		else if (code == '"' || code == '\\' || code == ']')
			str_printf(into, "\\%c", (int)code);
		else
			str_append(into, span_first(text, len));
		text = span_from(text, len > 0 ? len : 1);
	}
}

/* Of bytes that are no UTF-8 only the control characters of ASCII are known. */
static void append_text(struct str *into, struct span text, bool is_utf8, bool one_line)
{
	while (text.len > 0) {
		uint32_t code = text.data[0];
		size_t len = is_utf8 ? utf8_decode(text, &code) : 1;
		bool stays = code == '\t' || (code == '\n' && !one_line) || !is_control(code) ||
			     (!is_utf8 && code >= 0x80);

		if (stays)
			str_append(into, span_first(text, len));
		else
			str_append_byte(into, ' ');
		text = span_from(text, len);
	}
}

/* --- structured data and the message -------------------------------------------------------- */

/* One more parameter, unless the message would be longer than `most` with it. */
static void append_param(struct str *into, size_t most, const char *name, struct span value)
{
	size_t before = into->len;

	if (value.len == 0)
		return;
	str_printf(into, " %s=\"", name);
	append_param_value(into, value);
	str_append_byte(into, '"');
	if (into->len + 1 > most)
		str_truncate(into, before);
}

static void append_structured_data(struct str *into, size_t most, uint32_t enterprise,
		const struct relay_record *record)
{
	const struct severity_state *state = severity_state_of(record);

	str_printf(into, "[belfry@%u", (unsigned)enterprise);
	append_param(into, most, "id", text_span(record->id));
	append_param(into, most, "host", text_span(record->host));
	append_param(into, most, "service", text_span(record->service));
	append_param(into, most, "state", span_of_text(state != NULL ? state->word : ""));
	append_param(into, most, "topic", text_span(record->topic));
	append_param(into, most, "perfdata", text_span(record->perfdata));
	str_append_byte(into, ']');
}

static bool is_ascii(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] >= 0x80)
			return false;
	}
	return true;
}

void syslog_append_message(struct str *into, const struct syslog_form *form,
		const struct relay_record *record, struct relay_text app_name)
{
	struct span text = text_span(record->text);
	bool is_utf8 = utf8_valid(text);
	size_t start = into->len, end = start + form->max_size, half = form->max_size / 2;
	/* What the text certainly gets: a blank, a byte order mark, and up to half of all. */
	size_t reserved = text.len > 0 ? (text.len < half ? text.len : half) + 4 : 0;
	size_t least = start + SYSLOG_LEAST_SIZE;
	size_t most = end - reserved > least ? end - reserved : least;

	append_header(into, form, record, text_span(app_name));
	append_structured_data(into, most, form->enterprise, record);
	if (text.len == 0 || into->len + 5 > end)
		return;
	str_append_byte(into, ' ');
	if (is_utf8 && !is_ascii(text))
		str_append_text(into, BYTE_ORDER_MARK);
	/* No text grows, so that what is cut off now would be too long afterwards. */
	text = utf8_first(text, end - into->len);
	append_text(into, text, is_utf8, form->one_line);
}
