/* SPDX-License-Identifier: MIT */
/*
 * Lines into files. The path is a template: one batch may go into several files, each of which gets
 * its lines by one write.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "common/line.h"
#include "common/mem.h"
#include "plugins/file/files.h"
#include "plugins/file/path.h"
#include "plugins/text.h"

enum { UNUSED_SECONDS = 60 }; /* a file that gets no lines is closed */

/* Rows of the records' rendered texts. */
enum { RENDERED_PATH };

enum newlines { NEWLINES_ESCAPE, NEWLINES_KEEP };

struct config {
	const char *path, *mode;
	bool sync;
	uint64_t max_size, keep, open_files;
	int newlines;
};

static const struct relay_choice newlines[] = {
	{ "escape", NEWLINES_ESCAPE },
	{ "keep", NEWLINES_KEEP },
	{ 0 },
};

#define AT(member) offsetof(struct config, member)

/* clang-format off */
static const struct relay_setting settings[] = {
	{ "path", RELAY_TEMPLATE, AT(path), 1, 4000, NULL, RELAY_REQUIRED,
	  "The file, absolute; fields of the record may stand in it, as in "
	  "/var/log/belfry/${topic[1]|dots}-${time:%F}.log. The folder before the first field "
	  "has to be there; folders behind it are made. What a publisher writes never leads out "
	  "of that folder: a field with a slash, an empty part and one that begins with a dot "
	  "make the record a dead letter.", NULL },
	{ "sync", RELAY_BOOL, AT(sync), 0, 0, "true", 0,
	  "Have the disk confirm each batch (fdatasync) before it counts as delivered.", NULL },
	{ "mode", RELAY_TEXT, AT(mode), 3, 4, "0640", 0,
	  "Permissions of new files, octal. New folders may be entered by who may read them.", NULL },
	{ "max_size", RELAY_SIZE, AT(max_size), 0, 1ULL << 50, "0", 0,
	  "How large a file may become before it is renamed to end in .1, and the one before to "
	  ".2 and so on. A batch is not parted: one that is larger makes a larger file. 0: any "
	  "size.", NULL },
	{ "keep", RELAY_NUMBER, AT(keep), 1, 1000, "5", 0,
	  "How many renamed files stay.", NULL },
	{ "newlines", RELAY_CHOICE, AT(newlines), 0, 0, "escape", 0,
	  "What becomes of newlines within a record, which the schemas raw and template may "
	  "have: escape (a newline is written as \\n, a carriage return as \\r, a NUL as \\0, "
	  "so that a record is a line), keep (they stay; one newline ends the record).", newlines },
	{ "open_files", RELAY_NUMBER, AT(open_files), 1, 1000, "64", 0,
	  "How many files are open at once, at most; those that were written to last stay open.", NULL },
	{ 0 },
};
/* clang-format on */

enum { COUNT_BYTES, COUNT_ROTATIONS, COUNT_REOPENED, COUNT_TORN_LINES, COUNT_OPEN_FILES };

static const struct relay_counter counters[] = {
	[COUNT_BYTES] = { "bytes", "bytes written", false },
	[COUNT_ROTATIONS] = { "rotations", "files renamed for their size", false },
	[COUNT_REOPENED] = { "reopened", "files that somebody had moved away", false },
	[COUNT_TORN_LINES] = { "torn_lines", "last lines without an end that were found", false },
	[COUNT_OPEN_FILES] = { "open_files", "files that are open", true },
	{ 0 },
};

struct instance {
	const struct relay_host *host;
	const struct config *config;
	struct path_rule path;
	struct log_file_rules rules;
	struct files files;
	struct log_file_counts reported;
	/* Of the batch: where each record went; NULL: it was refused. */
	struct file_entry **owners;
	size_t owner_capacity;
};

/* --- settings ------------------------------------------------------------------------------ */

static bool parse_mode(const char *text, mode_t *ret)
{
	mode_t mode = 0;

	for (; *text >= '0' && *text <= '7'; text++)
		mode = mode << 3 | (mode_t)(*text - '0');
	*ret = mode;
	return *text == '\0' && mode <= 0777 && (mode & 0600) == 0600;
}

static bool check(const void *config, char problem[RELAY_REASON])
{
	const struct config *c = config;
	struct path_rule rule = { 0 };
	bool ok = path_rule_parse(c->path, &rule, problem);
	mode_t mode;

	if (ok && c->max_size > 0 && rule.ends_in_field) {
		snprintf(problem, RELAY_REASON,
				"with max_size the path has to end in a text of its own, such as "
				".log: a publisher could choose names that end in .1");
		ok = false;
	}
	if (ok && !parse_mode(c->mode, &mode)) {
		snprintf(problem, RELAY_REASON,
				"mode %s is no octal number from 0600 on that lets the owner read "
				"and write; 0640 is usual",
				c->mode);
		ok = false;
	}
	path_rule_finish(&rule);
	return ok;
}

static void *open_files(const struct relay_host *host, const void *config)
{
	struct instance *i = xcalloc(1, sizeof(*i));
	const struct config *c = config;
	char problem[RELAY_REASON];

	i->host = host;
	i->config = c;
	i->files = (struct files){ .limit = c->open_files, .seed = hash_seed() };
	i->rules = (struct log_file_rules){
		.max_size = c->max_size, .keep = (unsigned)c->keep, .sync = c->sync
	};
	path_rule_parse(c->path, &i->path, problem); /* check() has found it good */
	parse_mode(c->mode, &i->rules.mode);
	i->rules.base_len = i->path.base_len;
	/* A file that cannot be renamed would grow for ever. */
	i->path.reserved = c->max_size > 0 ? (size_t)snprintf(NULL, 0, ".%u", i->rules.keep) : 0;
	return i;
}

static void close_files(void *instance)
{
	struct instance *i = instance;

	files_finish(&i->files);
	path_rule_finish(&i->path);
	free(i->owners);
	free(i);
}

/* --- a batch ------------------------------------------------------------------------------- */

static void add_line(const struct instance *i, struct file_entry *e, struct span text)
{
	if (i->config->newlines == NEWLINES_ESCAPE) {
		line_append(&e->lines, text);
		return;
	}
	str_append(&e->lines, text);
	str_append_byte(&e->lines, '\n');
}

/*
 * Take records from number `at` on, as many as go into the files that may be open at once. Returns
 * the number of the first one that does not.
 */
static size_t gather(struct instance *i, const struct relay_batch *batch, size_t at)
{
	for (; at < batch->count; at++) {
		const struct relay_record *r = relay_record_at(batch, at);
		struct span path = text_span(r->rendered[RENDERED_PATH]);
		const char *refused = path_refused(&i->path, path);

		i->owners[at] = NULL;
		if (refused != NULL) {
			i->host->mark(i->host, at, RELAY_REJECT, refused);
			continue;
		}
		i->owners[at] = files_for(&i->files, path);
		if (i->owners[at] == NULL)
			break;
		add_line(i, i->owners[at], text_span(r->text));
	}
	return at;
}

static void explain(const struct file_entry *e, struct relay_outcome *outcome)
{
	static const struct {
		int error;
		const char *remedy;
	} remedies[] = {
		{ ENOSPC, "; make room there" },
		{ EDQUOT, "; raise the quota of the gateway's user" },
		{ EACCES, "; let the gateway's user write there" },
		{ EPERM, "; let the gateway's user write there" },
		{ EROFS, "; under systemd name the folder in ReadWritePaths=" },
		{ ENOENT, "; make the folder" },
		{ ENOTDIR, "; a part of its path is a file or a symbolic link, move it away" },
		{ ELOOP, "; it is a symbolic link, which is not followed; move it away" },
		{ EISDIR, "; it is a folder; move it away" },
		{ EBADF, "; it is no plain file; move it away" },
	};
	const char *remedy = "";

	for (size_t n = 0; n < array_size(remedies); n++) {
		if (remedies[n].error == -e->error)
			remedy = remedies[n].remedy;
	}
	snprintf(outcome->reason, sizeof(outcome->reason), "%.120s cannot be written: %s%s",
			e->file.path, strerror(-e->error), remedy);
}

/* What became of the records in from..to; true when none of them has to come again. */
static bool settle(struct instance *i, size_t from, size_t to, struct relay_outcome *outcome)
{
	bool ok = true;

	for (size_t n = from; n < to; n++) {
		const struct file_entry *e = i->owners[n];

		if (e == NULL)
			continue;
		if (e->error == 0)
			i->host->mark(i->host, n, RELAY_OK, NULL);
		else if (ok && outcome->reason[0] == '\0')
			explain(e, outcome);
		ok = ok && e->error == 0;
	}
	return ok;
}

static void report(struct instance *i, uint64_t bytes)
{
	const struct log_file_counts *now = &i->files.counts;

	i->host->count(i->host, COUNT_BYTES, bytes);
	i->host->count(i->host, COUNT_ROTATIONS, now->rotations - i->reported.rotations);
	i->host->count(i->host, COUNT_REOPENED, now->reopened - i->reported.reopened);
	i->host->count(i->host, COUNT_TORN_LINES, now->torn - i->reported.torn);
	i->host->count(i->host, COUNT_OPEN_FILES, files_count(&i->files));
	i->reported = *now;
}

static uint64_t bytes_written(const struct files *files)
{
	uint64_t bytes = 0;

	for (const struct file_entry *e = files->entries; e != NULL; e = e->hh.next)
		bytes += e->is_wanted && e->error == 0 ? e->lines.len : 0;
	return bytes;
}

static enum relay_verdict deliver(
		void *instance, const struct relay_batch *batch, struct relay_outcome *outcome)
{
	struct instance *i = instance;
	uint64_t bytes = 0;
	bool ok = true;

	if (batch->count > i->owner_capacity) {
		i->owner_capacity = batch->count;
		i->owners = xrealloc(i->owners, i->owner_capacity * sizeof(struct file_entry *));
	}
	for (size_t from = 0, to; from < batch->count; from = to) {
		to = gather(i, batch, from);
		files_append(&i->files, &i->rules);
		ok = settle(i, from, to, outcome) && ok;
		bytes += bytes_written(&i->files);
		files_settle(&i->files);
	}
	report(i, bytes);
	return ok ? RELAY_OK : RELAY_RETRY;
}

/* Is the folder there, and who was moved away? */
static bool idle(void *instance, struct relay_outcome *outcome)
{
	struct instance *i = instance;
	bool ok = access(i->path.base, X_OK) == 0;

	files_tidy(&i->files, seconds(UNUSED_SECONDS), instant_now());
	i->host->count(i->host, COUNT_OPEN_FILES, files_count(&i->files));
	if (!ok)
		snprintf(outcome->reason, sizeof(outcome->reason), "folder %.120s: %s%s",
				i->path.base, strerror(errno),
				errno == ENOENT ? "; make it"
						: "; let the gateway's user enter "
						  "it");
	return ok;
}

RELAY_EXPORT const struct relay_plugin belfry_relay = {
	RELAY_HEADER,
	.name = "file",
	.version = BELFRY_VERSION,
	.help = "Adds records as lines to files, whose names may be made from topics and dates.",
	.settings = settings,
	.config_size = sizeof(struct config),
	.counters = counters,
	.check = check,
	.open = open_files,
	.deliver = deliver,
	.idle = idle,
	.close = close_files,
};
