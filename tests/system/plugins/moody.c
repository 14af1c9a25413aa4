/* SPDX-License-Identifier: MIT */
/*
 * A plugin that does what stands in the file `mood`, to see what the host makes of it. What it
 * delivers are lines of the file `path`: the record's id, a tab, its text. Of each batch that
 * deliver() is given, PATH.batches has a line: the attempt, and the number of records.
 */
#define _GNU_SOURCE
#include <belfry/relay.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct config {
	const char *path, *mood;
};

static const struct relay_setting settings[] = {
	{ "path", RELAY_TEXT, offsetof(struct config, path), 1, 4000, NULL, RELAY_REQUIRED,
			"Where records go.", NULL },
	{ "mood", RELAY_TEXT, offsetof(struct config, mood), 1, 4000, NULL, RELAY_REQUIRED,
			"The file that says what to do.", NULL },
	{ 0 },
};

enum counter { WRITTEN, ATTEMPT };

static const struct relay_counter counters[] = {
	{ "written", "records that were written", false },
	{ "attempt", "the attempt of the last batch", true },
	{ 0 },
};

struct instance {
	const struct relay_host *host;
	const struct config *config;
};

/* What stands in the file: a word, and a number or 0. */
struct mood {
	char word[32];
	unsigned number;
};

static struct mood mood_of(const struct config *c)
{
	struct mood m = { "ok", 0 };
	FILE *f = fopen(c->mood, "r");

	if (f != NULL) {
		if (fscanf(f, "%31s %u", m.word, &m.number) < 1)
			strcpy(m.word, "ok");
		fclose(f);
	}
	return m;
}

static bool is(const struct mood *m, const char *word)
{
	return strcmp(m->word, word) == 0;
}

static bool has(const struct relay_record *r, const char *word)
{
	return memmem(r->text.data, r->text.len, word, strlen(word)) != NULL;
}

static void write_record(FILE *f, const struct relay_record *r)
{
	fprintf(f, "%.*s\t%.*s\n", (int)r->id.len, r->id.data, (int)r->text.len, r->text.data);
}

static void note_batch(const struct config *c, const struct relay_batch *batch)
{
	char path[4100];
	FILE *f;

	snprintf(path, sizeof(path), "%s.batches", c->path);
	f = fopen(path, "a");
	if (f == NULL)
		abort();
	fprintf(f, "%u %zu\n", batch->attempt, batch->count);
	fclose(f);
}

static void hang(void)
{
	for (;;)
		pause();
}

static enum relay_verdict one_by_one(const struct instance *i, const struct relay_batch *batch)
{
	FILE *f = fopen(i->config->path, "a");

	if (f == NULL)
		abort();
	for (size_t n = 0; n < batch->count; n++) {
		const struct relay_record *r = relay_record_at(batch, n);

		if (has(r, "poison")) {
			i->host->mark(i->host, n, RELAY_REJECT, "it is poison");
		} else if (has(r, "later") && batch->attempt < 3) {
			i->host->mark(i->host, n, RELAY_RETRY, "it is for later");
		} else {
			write_record(f, r);
			i->host->mark(i->host, n, RELAY_OK, NULL);
		}
	}
	fclose(f);
	return RELAY_REJECT; /* of what is not marked: nothing */
}

static enum relay_verdict all(const struct instance *i, const struct relay_batch *batch)
{
	FILE *f = fopen(i->config->path, "a");

	if (f == NULL)
		abort();
	for (size_t n = 0; n < batch->count; n++)
		write_record(f, relay_record_at(batch, n));
	fclose(f);
	i->host->count(i->host, WRITTEN, batch->count);
	i->host->count(i->host, ATTEMPT, batch->attempt);
	i->host->count(i->host, 99, 1); /* there is none */
	return RELAY_OK;
}

static bool is_poisoned(const struct relay_batch *batch)
{
	for (size_t n = 0; n < batch->count; n++) {
		if (has(relay_record_at(batch, n), "poison"))
			return true;
	}
	return false;
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	const struct instance *i = instance;
	struct mood m = mood_of(i->config);

	note_batch(i->config, batch);
	if (is(&m, "crash"))
		abort();
	if (is(&m, "hang"))
		hang();
	if (is(&m, "marks"))
		return one_by_one(i, batch);
	if (is(&m, "slow") && i->host->sleep(i->host, m.number))
		return RELAY_RETRY;
	if (is(&m, "unknown"))
		return (enum relay_verdict)42;
	if (is(&m, "long"))
		memset(outcome->reason, 'x', sizeof(outcome->reason)); /* without its NUL */
	if (is(&m, "retry") || is(&m, "long")) {
		outcome->retry_after_ms = m.number;
		if (is(&m, "retry"))
			strcpy(outcome->reason, "the other side\nis\tbusy");
		return RELAY_RETRY;
	}
	if (is(&m, "poison") && is_poisoned(batch)) {
		strcpy(outcome->reason, "something in it is poison");
		return RELAY_REJECT;
	}
	return all(i, batch);
}

static void *open_moody(const struct relay_host *host, const void *config)
{
	const struct config *c = config;
	struct mood m = mood_of(c);
	struct instance *i;

	if (is(&m, "closed")) {
		host->log(host, RELAY_LOG_ERROR, "it does not open");
		return NULL;
	}
	i = calloc(1, sizeof(*i));
	i->host = host;
	i->config = c;
	return i;
}

static void close_moody(void *instance)
{
	struct instance *i = instance;
	struct mood m = mood_of(i->config);

	if (is(&m, "unclosed"))
		hang();
	free(i);
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "moody",
	.version = "1.0",
	.help = "Does what a file says.",
	.settings = settings,
	.config_size = sizeof(struct config),
	.counters = counters,
	.open = open_moody,
	.deliver = deliver,
	.close = close_moody,
};
