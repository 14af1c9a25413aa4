/* SPDX-License-Identifier: MIT */
#include "broker/io/sys.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#include "broker/core/backlog.h"
#include "broker/core/router.h"
#include "broker/core/sys_tree.h"
#include "common/mem.h"

enum { MAX_LINES = 1000, LINE_SECONDS = 20, SYS_QOS = 2 };

/* A line of the log that waits to be published. */
struct line {
	struct line *next;
	const char *topic;
	size_t len;
	char text[];
};

struct sys {
	struct reactor *reactor;
	struct sys_tree tree;
	struct instant started;
	struct figures figures;
	struct instant taken; /* when the figures were; 0: never */
	uint64_t certificate_expiry;
	void (*fill)(void *owner, struct figures *f); /* sys_set_source(); NULL: none */
	void *fill_owner;
	ev_periodic periodic;
	ev_async lines_wait;
	pthread_mutex_t mutex; /* of what follows */
	struct line *lines, **lines_end;
	size_t line_count, lines_dropped;
};

/* In pages: size, resident, ... 0 where there is no /proc. */
static uint64_t resident_bytes(void)
{
	AUTO_CLOSE int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text)) : -1;
	struct span rest = { (const uint8_t *)text, n > 0 ? (size_t)n : 0 };
	uint64_t pages = 0;

	span_cut(&rest, ' ');
	span_to_uint(span_cut(&rest, ' '), UINT64_MAX, &pages);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The kernel brings its maximum up to date later than the figure itself. */
static uint64_t most_resident_bytes(uint64_t now)
{
	struct rusage usage = { 0 };
	uint64_t most;

	getrusage(RUSAGE_SELF, &usage);
	most = (uint64_t)usage.ru_maxrss * 1024;
	return most > now ? most : now;
}

static void take_figures(struct sys *s)
{
	struct reactor *r = s->reactor;

	figures_take(r->shard, &s->figures);
	s->figures.uptime_seconds = (uint64_t)duration_seconds(instant_between(s->started, r->now));
	s->figures.memory_bytes = resident_bytes();
	s->figures.memory_maximum_bytes = most_resident_bytes(s->figures.memory_bytes);
	s->figures.certificate_expiry_timestamp_seconds = s->certificate_expiry;
	if (s->fill != NULL)
		s->fill(s->fill_owner, &s->figures);
	s->taken = r->now;
}

const struct figures *sys_figures(struct sys *s)
{
	if (s->taken.ns == 0 ||
			instant_reached(instant_after(s->taken, seconds(1)), s->reactor->now))
		take_figures(s);
	return &s->figures;
}

void sys_set_source(struct sys *s, void (*fill)(void *owner, struct figures *f), void *owner)
{
	s->fill = fill;
	s->fill_owner = owner;
}

void sys_set_certificate_expiry(struct sys *s, uint64_t timestamp)
{
	s->certificate_expiry = timestamp;
}

static void publish(struct sys *s, struct message *m)
{
	router_publish(s->reactor->shard, NULL, m, NULL, s->reactor->now);
	message_unref(m);
}

static void publish_retained(void *owner, struct span topic, struct span text)
{
	struct sys *s = owner;

	publish(s, message_create(topic, NULL, text, SYS_QOS, true, s->reactor->now));
}

static void publish_figures(struct sys *s)
{
	struct backlog backlog;
	struct str text = { 0 };

	take_figures(s);
	backlog_take(s->reactor->shard, &backlog);
	backlog_format(&backlog, &text);
	sys_tree_update(&s->tree, &s->figures, str_span(&text), s->reactor->now, s,
			publish_retained);
	str_finish(&text);
}

static void on_periodic(struct ev_loop *loop, ev_periodic *watcher, int events)
{
	(void)loop;
	(void)events;
	publish_figures(watcher->data);
}

void sys_set_interval(struct sys *s, uint64_t seconds)
{
	struct ev_loop *loop = s->reactor->loop;

	ev_periodic_stop(loop, &s->periodic);
	if (seconds == 0)
		return;
	if (!s->tree.has_last)
		publish_figures(s);
	ev_periodic_set(&s->periodic, 0., (double)seconds, NULL);
	ev_periodic_start(loop, &s->periodic);
}

/* --- the log -------------------------------------------------------------------------------- */

/* NULL: not published. */
static const char *topic_of(enum log_type type)
{
	static const struct {
		enum log_type type;
		const char *topic;
	} topics[] = {
		{ LOG_TYPE_ERROR, SYS_PREFIX "log/E" },
		{ LOG_TYPE_WARNING, SYS_PREFIX "log/W" },
		{ LOG_TYPE_NOTICE, SYS_PREFIX "log/N" },
		{ LOG_TYPE_INFORMATION, SYS_PREFIX "log/I" },
		{ LOG_TYPE_SUBSCRIBE, SYS_PREFIX "log/M/subscribe" },
		{ LOG_TYPE_UNSUBSCRIBE, SYS_PREFIX "log/M/unsubscribe" },
	};

	for (size_t i = 0; i < array_size(topics); i++) {
		if (topics[i].type == type)
			return topics[i].topic;
	}
	return NULL;
}

static void publish_line(struct sys *s, const char *topic, struct span text)
{
	struct instant now = s->reactor->now;
	struct message *m = message_create(span_of_text(topic), NULL, text, SYS_QOS, false, now);

	m->expires = instant_after(now, seconds(LINE_SECONDS));
	publish(s, m);
}

/* Take all lines that wait. */
static struct line *take_lines(struct sys *s, size_t *ret_dropped)
{
	struct line *lines;

	pthread_mutex_lock(&s->mutex);
	lines = s->lines;
	*ret_dropped = s->lines_dropped;
	s->lines = NULL;
	s->lines_end = &s->lines;
	s->line_count = s->lines_dropped = 0;
	pthread_mutex_unlock(&s->mutex);
	return lines;
}

/* Lines that publishing itself leads to wait for the next turn. */
static void on_lines(struct ev_loop *loop, ev_async *watcher, int events)
{
	struct sys *s = watcher->data;
	size_t dropped;
	struct line *line = take_lines(s, &dropped);

	(void)loop;
	(void)events;
	while (line != NULL) {
		struct line *next = line->next;

		publish_line(s, line->topic, span_of(line->text, line->len));
		free(line);
		line = next;
	}
	if (dropped > 0) {
		char text[96];

		snprintf(text, sizeof(text), "%zu lines of the log were too many to be published",
				dropped);
		publish_line(s, topic_of(LOG_TYPE_WARNING), span_of_text(text));
	}
}

static void add_line(struct sys *s, const char *topic, struct span text)
{
	struct line *l = xmalloc(sizeof(*l) + text.len);

	*l = (struct line){ .topic = topic, .len = text.len };
	memcpy(l->text, text.data, text.len);
	*s->lines_end = l;
	s->lines_end = &l->next;
	s->line_count++;
}

void sys_publish_log(void *owner, enum log_type type, struct span line)
{
	struct sys *s = owner;
	const char *topic = topic_of(type);

	if (topic == NULL)
		return;
	pthread_mutex_lock(&s->mutex);
	if (s->line_count < MAX_LINES)
		add_line(s, topic, line);
	else
		s->lines_dropped++;
	pthread_mutex_unlock(&s->mutex);
	ev_async_send(s->reactor->loop, &s->lines_wait);
}

/* --- life ----------------------------------------------------------------------------------- */

struct sys *sys_create(struct reactor *r)
{
	struct sys *s = xcalloc(1, sizeof(*s));

	s->reactor = r;
	s->started = r->now;
	s->lines_end = &s->lines;
	ev_periodic_init(&s->periodic, on_periodic, 0., 0., NULL);
	s->periodic.data = s;
	pthread_mutex_init(&s->mutex, NULL);
	ev_async_init(&s->lines_wait, on_lines);
	s->lines_wait.data = s;
	ev_async_start(r->loop, &s->lines_wait);
	return s;
}

void sys_destroy(struct sys *s)
{
	if (s == NULL)
		return;
	ev_periodic_stop(s->reactor->loop, &s->periodic);
	ev_async_stop(s->reactor->loop, &s->lines_wait);
	while (s->lines != NULL) {
		struct line *next = s->lines->next;

		free(s->lines);
		s->lines = next;
	}
	pthread_mutex_destroy(&s->mutex);
	sys_tree_finish(&s->tree);
	free(s);
}
