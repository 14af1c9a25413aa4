/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/runner.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "common/hash.h"
#include "common/log.h"
#include "common/mem.h"
#include "gateway/plugin/runner_impl.h"

static const char *copy(const char *text)
{
	return text != NULL ? xstrdup(text) : NULL;
}

static void copy_tls(struct runner *r, const struct relay_tls *from)
{
	r->tls = (struct relay_tls){ .cafile = copy(from->cafile),
		.capath = copy(from->capath),
		.certfile = copy(from->certfile),
		.keyfile = copy(from->keyfile),
		.crlfile = copy(from->crlfile),
		.tls_version = copy(from->tls_version),
		.insecure = from->insecure };
	r->tls_settings = stream_tls_settings(&r->tls);
}

static void free_tls(struct relay_tls *tls)
{
	const char *const texts[] = { tls->cafile, tls->capath, tls->certfile, tls->keyfile,
		tls->crlfile, tls->tls_version };

	for (size_t i = 0; i < array_size(texts); i++)
		free((void *)(uintptr_t)texts[i]);
}

/* Of a thread that has ended, or never began. */
static void destroy(struct runner *r)
{
	int fds[] = { r->work_fd, r->news_fd, r->stop_fd, r->gone_fd };

	for (size_t i = 0; i < array_size(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	pthread_mutex_destroy(&r->lock);
	for (size_t i = 0; i < RUNNER_DELIVERIES; i++)
		delivery_finish(&r->deliveries[i]);
	dead_letters_finish(&r->dead);
	plugin_config_destroy(r->config);
	plugin_unref(r->plugin);
	free_tls(&r->tls);
	free(r->output);
	free(r->gateway);
	free(r);
}

static bool begin(struct runner *r)
{
	int error = 0;

	r->work_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	r->news_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->gone_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (r->work_fd < 0 || r->news_fd < 0 || r->stop_fd < 0 || r->gone_fd < 0)
		error = errno;
	runner_host_init(r);
	if (error == 0)
		error = pthread_create(&r->thread, NULL, runner_loop, r);
	if (error != 0)
		log_error_errno(error, "output \"%s\": no thread to be had", r->output);
	return error == 0;
}

struct runner *runner_start(const struct runner_options *o)
{
	struct runner *r = xcalloc(1, sizeof(*r));

	r->plugin = plugin_ref(o->plugin);
	r->delivery = &r->deliveries[RUNNER_DELIVERIES - 1];
	r->config = o->config;
	r->output = xstrdup(o->output);
	r->gateway = xstrdup(o->gateway);
	r->dead = (struct dead_letters){ .path = xstrdup(o->dead_letters),
		.output = xstrdup(o->output),
		.max_size = o->dead_letters_size };
	r->backoff = (struct backoff){ .first = o->retry_first, .most = o->retry_most };
	r->random = hash_seed();
	copy_tls(r, &o->tls);
	pthread_mutex_init(&r->lock, NULL);
	if (begin(r))
		return r;
	destroy(r);
	return NULL;
}

/*
 * False when it has not ended by then. Not by pthread_timedjoin_np(), which goes by the wall clock:
 * that may be set back meanwhile.
 */
static bool join(struct runner *r, struct instant until)
{
	struct pollfd gone = { r->gone_fd, POLLIN, 0 };
	int64_t rest;
	int n;

	do {
		rest = duration_milliseconds(instant_between(instant_now(), until));
		n = poll(&gone, 1, rest > 0 ? (int)rest + 1 : 0);
	} while (n < 0 && errno == EINTR);
	return n > 0 && pthread_join(r->thread, NULL) == 0;
}

void runner_end(struct runner *r)
{
	if (r == NULL || r->ended_at.ns != 0)
		return;
	r->ended_at = instant_now();
	eventfd_write(r->stop_fd, 1);
}

void runner_stop(struct runner *r, struct duration patience)
{
	if (r == NULL)
		return;
	runner_end(r);
	if (join(r, instant_after(r->ended_at, patience))) {
		destroy(r);
		return;
	}
	log_error("output \"%s\": the plugin %s does not end; it is left behind, and what it holds "
		  "with it. What it has not delivered is delivered again",
			r->output, r->plugin->relay->name);
	pthread_detach(r->thread);
}

struct delivery *runner_delivery(struct runner *r)
{
	return &r->deliveries[r->filling];
}

void runner_go(struct runner *r)
{
	r->filling = (r->filling + 1) % RUNNER_DELIVERIES;
	eventfd_write(r->work_fd, 1);
}

int runner_fd(const struct runner *r)
{
	return r->news_fd;
}

void runner_look(struct runner *r, struct runner_view *ret)
{
	eventfd_t n;

	eventfd_read(r->news_fd, &n);
	pthread_mutex_lock(&r->lock);
	*ret = r->view;
	r->view.done = 0;
	pthread_mutex_unlock(&r->lock);
}

uint64_t runner_counter(const struct runner *r, size_t row)
{
	return r->counters[row];
}
