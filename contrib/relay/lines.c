/* SPDX-License-Identifier: MIT */
/*
 * A relay plugin as small as one can be, to begin with when writing another: it adds each record
 * as a line to a file.
 *
 *     cc -shared -fPIC -o lines.so lines.c $(pkg-config --cflags belfry-relay)
 *     cp lines.so "$(pkg-config --variable=plugindir belfry-relay)/"
 *
 *     output mylines lines            # in belfry-gateway.conf; NAME, then the file's name
 *     path   /var/lib/belfry/lines
 *
 *     route nagios/#
 *     to    mylines
 */
#include <belfry/relay.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the settings below set. The host fills it in; its texts live as long as the instance. */
struct config {
	const char *path;
	bool sync;
};

static const struct relay_setting settings[] = {
	{ "path", RELAY_TEXT, offsetof(struct config, path), 1, 4000, NULL, RELAY_REQUIRED,
			"The file that lines are added to.", NULL },
	{ "sync", RELAY_BOOL, offsetof(struct config, sync), 0, 0, "true", 0,
			"Have the disk confirm each batch.", NULL },
	{ 0 },
};

enum counter { LINES };

static const struct relay_counter counters[] = {
	{ "lines", "lines that were written", false },
	{ 0 },
};

/* One for each output of this type: there may be several, each on its own thread. */
struct instance {
	const struct relay_host *host;
	const struct config *config;
};

/* What bounds alone cannot say. Also called by belfry-gateway --test-config. */
static bool check(const void *config, char problem[RELAY_REASON])
{
	const struct config *c = config;

	if (c->path[0] == '/')
		return true;
	snprintf(problem, RELAY_REASON, "path %s is not absolute; write it from / on", c->path);
	return false;
}

static void *open_lines(const struct relay_host *host, const void *config)
{
	struct instance *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return NULL; /* the host tries again later */
	i->host = host;
	i->config = config;
	return i;
}

static void close_lines(void *instance)
{
	free(instance);
}

/* All records of the batch, a line each. False with errno. */
static bool write_lines(int fd, const struct relay_batch *batch)
{
	char *lines = malloc(batch->text_size + batch->count);
	size_t len = 0;
	ssize_t n;

	if (lines == NULL)
		return false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct relay_record *r = relay_record_at(batch, i);

		memcpy(lines + len, r->text.data, r->text.len);
		len += r->text.len;
		lines[len++] = '\n';
	}
	n = write(fd, lines, len);
	free(lines);
	if (n >= 0 && (size_t)n < len)
		errno = ENOSPC; /* a part of it is there: the retry repeats that, with the same ids */
	return n >= 0 && (size_t)n == len;
}

/*
 * RELAY_OK only when the other side has it for good: the host then forgets the batch. Everything
 * else is RELAY_RETRY with a reason for the operator; the host waits, and comes again.
 */
static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	const struct instance *i = instance;
	int fd = open(i->config->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	bool ok = fd >= 0 && write_lines(fd, batch) && (!i->config->sync || fdatasync(fd) == 0);

	if (!ok)
		snprintf(outcome->reason, sizeof(outcome->reason),
				"%s cannot be written: %s", i->config->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (!ok)
		return RELAY_RETRY;
	i->host->count(i->host, LINES, batch->count);
	return RELAY_OK;
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "lines",
	.version = "1.0",
	.help = "Adds lines to a file.",
	.settings = settings,
	.config_size = sizeof(struct config),
	.counters = counters,
	.check = check,
	.open = open_lines,
	.deliver = deliver,
	.close = close_lines,
};
