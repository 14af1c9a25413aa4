/* SPDX-License-Identifier: MIT */
#include "cli/demo_watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/result.h"
#include "common/mem.h"
#include "common/utf8.h"

void watch_init(struct watch *w, bool plain, bool colour)
{
	*w = (struct watch){ .plain = plain, .colour = colour };
	for (const struct demo_object *o = demo_objects;
			o->host != NULL && w->row_count < MAX_WATCH_ROWS; o++)
		w->rows[w->row_count++].object = o;
}

void watch_finish(struct watch *w)
{
	for (size_t i = 0; i < w->row_count; i++)
		str_finish(&w->rows[i].output);
	for (size_t i = 0; i < w->news_count; i++)
		str_finish(&w->news[i]);
	free(w->took);
	*w = (struct watch){ 0 };
}

struct watch_row *watch_find(struct watch *w, struct span host, struct span service)
{
	for (size_t i = 0; i < w->row_count; i++) {
		const struct demo_object *o = w->rows[i].object;

		if (span_equal_text(host, o->host) &&
				span_equal_text(service, o->service != NULL ? o->service : ""))
			return &w->rows[i];
	}
	return NULL;
}

static struct watch_row *find_topic(struct watch *w, struct span topic)
{
	struct str host = { 0 }, service = { 0 };
	struct watch_row *row = NULL;

	if (result_topic_read(topic, "nagios", &host, &service))
		row = watch_find(w, str_span(&host), str_span(&service));
	str_finish(&host);
	str_finish(&service);
	return row;
}

void watch_published(struct watch *w, struct span topic, struct instant when)
{
	struct watch_row *row = find_topic(w, topic);

	if (row != NULL && row->pending_count < MAX_WATCH_PENDING)
		row->pending[row->pending_count++] = when;
}

static struct duration take_pending(struct watch *w, struct watch_row *row, struct instant now)
{
	struct duration took;

	if (row->pending_count == 0)
		return nanoseconds(-1);
	took = instant_between(row->pending[0], now);
	row->pending_count--;
	memmove(&row->pending[0], &row->pending[1], row->pending_count * sizeof(row->pending[0]));
	w->took = grow_array(w->took, w->took_count, &w->took_capacity, sizeof(took));
	w->took[w->took_count++] = took;
	return took;
}

const char *watch_state_word(unsigned code, bool is_host)
{
	static const char *const service_words[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };
	static const char *const host_words[] = { "UP", "DOWN", "UNREACHABLE", "UNREACHABLE" };

	return (is_host ? host_words : service_words)[code & 3];
}

static const char *state_colour(const struct watch *w, unsigned code, bool is_host)
{
	static const char *const service_colours[] = { "\033[32m", "\033[33m", "\033[31m",
		"\033[35m" };
	static const char *const host_colours[] = { "\033[32m", "\033[31m", "\033[35m",
		"\033[35m" };

	return !w->colour ? "" : (is_host ? host_colours : service_colours)[code & 3];
}

static const char *colour_end(const struct watch *w)
{
	return w->colour ? "\033[0m" : "";
}

static const char *bold(const struct watch *w)
{
	return w->colour ? "\033[1m" : "";
}

static void append_took(struct str *into, struct duration took)
{
	char text[32];

	if (took.ns < 0)
		snprintf(text, sizeof(text), "-");
	else if (took.ns < 1000000000)
		snprintf(text, sizeof(text), "%.1f ms", (double)took.ns / 1e6);
	else
		snprintf(text, sizeof(text), "%.1f s", duration_seconds(took));
	str_printf(into, "%9s", text);
}

/* "04:05:06.789  ", as the clock on the wall shows it. */
static void append_clock(struct str *into)
{
	struct wall_time now = wall_time_now();
	time_t second = (time_t)wall_time_seconds(now);
	struct tm tm;

	localtime_r(&second, &tm);
	str_printf(into, "%02d:%02d:%02d.%03d  ", tm.tm_hour, tm.tm_min, tm.tm_sec,
			(int)(now.ns / 1000000 % 1000));
}

static void add_news(struct watch *w, struct str *line)
{
	if (w->plain) {
		puts(str_text(line));
		fflush(stdout);
		str_finish(line);
		return;
	}
	if (w->news_count == MAX_WATCH_NEWS) {
		str_finish(&w->news[0]);
		memmove(&w->news[0], &w->news[1], (MAX_WATCH_NEWS - 1) * sizeof(w->news[0]));
		w->news_count--;
	}
	w->news[w->news_count++] = *line;
	*line = (struct str){ 0 };
}

static void append_name(struct str *into, const struct demo_object *o)
{
	str_printf(into, "%-7s %-7s", o->host, o->service != NULL ? o->service : "");
}

static void tell_unknown(struct watch *w, const struct nagios_applied *applied)
{
	struct str line = { 0 };

	append_clock(&line);
	str_append_text(&line, "Nagios knows no ");
	if (applied->service.len > 0) {
		str_append_text(&line, "service ");
		str_append_escaped(&line, applied->service);
		str_append_text(&line, " on ");
	}
	str_append_text(&line, "host ");
	str_append_escaped(&line, applied->host);
	str_append_text(&line, ": a service has to be in its configuration first");
	add_news(w, &line);
}

void watch_applied(struct watch *w, const struct nagios_applied *applied, struct instant when)
{
	struct watch_row *row = watch_find(w, applied->host, applied->service);
	struct str line = { 0 };
	bool is_host = applied->service.len == 0;

	if (row == NULL || applied->event == NAGIOS_UNKNOWN_OBJECT) {
		tell_unknown(w, applied);
		return;
	}
	w->applied++;
	row->took = take_pending(w, row, when);
	row->applied_at = when;
	row->was_applied = true;
	row->code = applied->code;
	str_clear(&row->output);
	str_append_escaped(&row->output, applied->output);
	append_clock(&line);
	append_name(&line, row->object);
	str_printf(&line, "  %s%-11s%s ", state_colour(w, row->code, is_host),
			watch_state_word(row->code, is_host), colour_end(w));
	append_took(&line, row->took);
	str_printf(&line, "  %s", str_text(&row->output));
	add_news(w, &line);
}

void watch_rejected(struct watch *w, struct span topic, struct span payload)
{
	struct watch_row *row = find_topic(w, topic);
	struct str line = { 0 };
	char *reason = reject_sentence(payload);

	w->rejected++;
	if (row != NULL && row->pending_count > 0)
		row->pending_count--; /* nearly always it is the newest */
	append_clock(&line);
	str_append_text(&line, "rejected: ");
	str_append_escaped(&line, topic);
	str_append_text(&line, ": ");
	str_append_escaped(&line, span_of_text(reason));
	free(reason);
	add_news(w, &line);
}

static int compare(const void *a, const void *b)
{
	const struct duration *x = a, *y = b;

	return (x->ns > y->ns) - (x->ns < y->ns);
}

struct duration watch_median(const struct watch *w)
{
	if (w->took_count == 0)
		return nanoseconds(-1);
	qsort(w->took, w->took_count, sizeof(w->took[0]), compare);
	return w->took[w->took_count / 2];
}

/* --- the picture --------------------------------------------------------------------------- */

enum { HEADER_ROWS = 3 };

static const char end_of_line[] = "\033[K\r\n";

/* Append at most `width` characters of text that holds escape sequences for colours only. */
static void append_cut(struct str *into, struct span text, size_t width)
{
	while (text.len > 0) {
		uint32_t code;
		size_t len = utf8_decode(text, &code);

		if (code == '\033') {
			len = span_find(text, 'm') + 1;
		} else if (width == 0) {
			text = span_from(text, len);
			continue;
		} else {
			width--;
		}
		str_append(into, span_first(text, len));
		text = span_from(text, len);
	}
}

static void append_age(struct str *into, struct duration age)
{
	int64_t s = age.ns / 1000000000;

	if (s < 100)
		str_printf(into, "%4" PRId64 " s", s);
	else if (s < 6000)
		str_printf(into, "%4" PRId64 " m", s / 60);
	else
		str_printf(into, "%4" PRId64 " h", s / 3600);
}

static void draw_row(const struct watch *w, const struct watch_row *row, struct instant now,
		struct str *line)
{
	bool is_host = row->object->service == NULL;

	if (is_host)
		str_printf(line, "%s%-15s%s  ", bold(w), row->object->host, colour_end(w));
	else
		str_printf(line, "  %-13s  ", row->object->service);
	if (!row->was_applied) {
		str_append_text(line, "-");
		return;
	}
	str_printf(line, "%s%-11s%s ", state_colour(w, row->code, is_host),
			watch_state_word(row->code, is_host), colour_end(w));
	append_took(line, row->took);
	str_append_text(line, "  ");
	append_age(line, instant_between(row->applied_at, now));
	str_printf(line, "  %s", str_text(&row->output));
}

static void draw_header(const struct watch *w, const struct watch_frame *frame, struct str *into)
{
	struct duration median = watch_median(w);

	str_printf(into, "%sbelfry demo%s   broker mqtt://127.0.0.1:%u   %" PRIu64 " applied",
			bold(w), colour_end(w), frame->port, w->applied);
	if (median.ns >= 0)
		str_printf(into, ", median %.1f ms", (double)median.ns / 1e6);
	if (w->rejected > 0)
		str_printf(into, ", %" PRIu64 " rejected", w->rejected);
	str_append_text(into, end_of_line);
	str_append_text(into, end_of_line);
	str_printf(into, "%-15s  %-11s %9s  %6s  %s%s", "HOST, SERVICE", "STATE", "TOOK", "AGE",
			"OUTPUT", end_of_line);
}

void watch_append_commands(const struct watch_frame *frame, const char *line_end, struct str *into)
{
	char broker[64] = "", port[16] = "";

	if (frame->port != 1883) {
		snprintf(broker, sizeof(broker), " --broker mqtt://127.0.0.1:%u", frame->port);
		snprintf(port, sizeof(port), " -p %u", frame->port);
	}
	str_printf(into,
			"  %s submit%s --host web1 --service Disk --state critical --output \"disk "
			"full\"%s",
			frame->belfry, broker, line_end);
	str_printf(into,
			"  mosquitto_pub%s -q 1 -t nagios/web1/Disk -m "
			"'{\"code\":2,\"reason\":\"disk full\"}'%s",
			port, line_end);
}

/* What stands below the news; the commands may be longer than a line and are never cut. */
static void draw_footer(const struct watch_frame *frame, struct str *into)
{
	str_append_text(into, end_of_line);
	str_printf(into, "Type in another terminal:%s", end_of_line);
	watch_append_commands(frame, end_of_line, into);
	str_append_text(into, end_of_line);
	str_printf(into, "TOOK: from publish until Nagios logs that it applies the result.%s",
			end_of_line);
	str_printf(into, "Logs and configuration: %s%s", frame->folder, end_of_line);
	str_append_text(into, "Space repeats the story. Ctrl-C ends everything and removes that "
			      "folder.\033[K\033[J");
}

static size_t count_rows(const struct str *text, unsigned columns)
{
	struct span rest = str_span(text);
	size_t rows = 0;

	while (rest.data != NULL) {
		struct span line = span_cut(&rest, '\n');

		line = span_first(line, span_find(line, '\033'));
		rows += line.len == 0 ? 1 : (line.len + columns - 1) / columns;
	}
	return rows;
}

/* As many of the latest news as there is room for; there is always some for one. */
static void draw_news(const struct watch *w, const struct watch_frame *frame, size_t others,
		struct str *into)
{
	size_t room = frame->rows > others ? frame->rows - others : 1;
	size_t first = w->news_count > room ? w->news_count - room : 0;

	for (size_t i = first; i < w->news_count; i++) {
		append_cut(into, str_span(&w->news[i]), frame->columns);
		str_append_text(into, end_of_line);
	}
}

void watch_draw(const struct watch *w, const struct watch_frame *frame, struct instant now,
		struct str *into)
{
	struct str line = { 0 }, footer = { 0 };

	str_append_text(into, "\033[H");
	draw_header(w, frame, into);
	for (size_t i = 0; i < w->row_count; i++) {
		str_clear(&line);
		draw_row(w, &w->rows[i], now, &line);
		append_cut(into, str_span(&line), frame->columns);
		str_append_text(into, end_of_line);
	}
	str_append_text(into, end_of_line);
	draw_footer(frame, &footer);
	draw_news(w, frame, HEADER_ROWS + w->row_count + 1 + count_rows(&footer, frame->columns),
			into);
	str_append(into, str_span(&footer));
	str_finish(&footer);
	str_finish(&line);
}
