/* SPDX-License-Identifier: MIT */
#include <stdarg.h>

#include "common/log.h"
#include "gateway/plugin/runner_impl.h"

enum { REPEAT_SECONDS = 60 }; /* a line that says the same again is held back so long */

/* The host is the first member of its runner. */
static struct runner *runner_of(const struct relay_host *host)
{
	return (struct runner *)(uintptr_t)host;
}

static enum log_type type_of(enum relay_log_level level)
{
	switch (level) {
	case RELAY_LOG_ERROR:
		return LOG_TYPE_ERROR;
	case RELAY_LOG_WARNING:
		return LOG_TYPE_WARNING;
	case RELAY_LOG_NOTICE:
		return LOG_TYPE_NOTICE;
	case RELAY_LOG_DEBUG:
		return LOG_TYPE_DEBUG;
	}
	return LOG_TYPE_NOTICE;
}

static bool is_repeated(struct runner *r, const char *line)
{
	struct instant now = instant_now();

	if (strcmp(r->last_line, line) == 0 &&
			!instant_reached(instant_after(r->last_line_at, seconds(REPEAT_SECONDS)),
					now)) {
		r->held_back++;
		return true;
	}
	memcpy(r->last_line, line, strlen(line) + 1);
	r->last_line_at = now;
	return false;
}

bool runner_may_log(struct runner *r)
{
	struct instant now = instant_now();

	if (r->lines_since.ns == 0 ||
			instant_reached(instant_after(r->lines_since, seconds(60)), now)) {
		if (r->left_out > 0)
			log_warn("output \"%s\": %llu lines more than %d a minute were left out",
					r->output, (unsigned long long)r->left_out, LINES_A_MINUTE);
		r->lines_since = now;
		r->lines = 0;
		r->left_out = 0;
	}
	if (r->lines == LINES_A_MINUTE) {
		r->left_out++;
		return false;
	}
	r->lines++;
	return true;
}

static void host_log(const struct relay_host *host, enum relay_log_level level, const char *format,
		...) PRINTF_LIKE(3, 4);

static void host_log(
		const struct relay_host *host, enum relay_log_level level, const char *format, ...)
{
	struct runner *r = runner_of(host);
	struct str text = { 0 };
	char line[RELAY_REASON];
	uint64_t held_back = r->held_back;
	va_list args;

	va_start(args, format);
	str_vprintf(&text, format, args);
	va_end(args);
	stream_reason(line, str_span(&text));
	str_finish(&text);
	if (!log_enabled(type_of(level)) || is_repeated(r, line) || !runner_may_log(r))
		return;
	r->held_back = 0;
	if (held_back > 0)
		log_line(type_of(level), "output \"%s\": (the line before came %llu times more)",
				r->output, (unsigned long long)held_back);
	log_line(type_of(level), "output \"%s\": %s", r->output, line);
}

static void host_count(const struct relay_host *host, unsigned counter, uint64_t by)
{
	struct runner *r = runner_of(host);

	if (counter >= r->plugin->counter_count)
		return;
	if (r->plugin->relay->counters[counter].is_gauge)
		atomic_store_explicit(&r->counters[counter], by, memory_order_relaxed);
	else
		atomic_fetch_add_explicit(&r->counters[counter], by, memory_order_relaxed);
}

static void host_mark(const struct relay_host *host, size_t index, enum relay_verdict verdict,
		const char *reason)
{
	delivery_mark(runner_of(host)->delivery, index, verdict, reason);
}

/* Settings of TLS let somebody believe that nobody listens in. */
static void warn_of_plain(struct runner *r, const struct relay_place *place)
{
	const struct relay_tls *t = &r->tls;
	bool is_meant = t->cafile != NULL || t->capath != NULL || t->certfile != NULL ||
			t->crlfile != NULL;

	if (!is_meant || place->tls || place->host == NULL || r->is_plain_told)
		return;
	r->is_plain_told = true;
	host_log(&r->host, RELAY_LOG_WARNING,
			"it connects without TLS, whatever cafile, certfile and so on say; let url "
			"ask for TLS, or take them away");
}

static struct relay_stream *host_connect(const struct relay_host *host,
		const struct relay_place *place, char why[RELAY_REASON])
{
	struct runner *r = runner_of(host);
	bool has_tls = (r->plugin->relay->flags & RELAY_USES_TLS) != 0;
	struct stream_env env = { .stop_fd = r->stop_fd, .tls = has_tls ? &r->tls_settings : NULL };

	warn_of_plain(r, place);
	return stream_connect(&env, place, why);
}

static bool host_sleep(const struct relay_host *host, uint32_t milliseconds)
{
	return stream_wait(host->stop_fd, -1, 0, milliseconds) < 0;
}

void runner_host_init(struct runner *r)
{
	r->host = (struct relay_host){
		.size = sizeof(r->host),
		.output = r->output,
		.gateway = r->gateway,
		.tls = &r->tls,
		.stop_fd = r->stop_fd,
		.log = host_log,
		.count = host_count,
		.mark = host_mark,
		.connect = host_connect,
		.send = stream_send,
		.receive = stream_receive,
		.is_open = stream_is_open,
		.why = stream_why,
		.close = stream_close,
		.sleep = host_sleep,
		.drain = stream_drain,
	};
}
