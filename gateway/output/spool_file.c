/* SPDX-License-Identifier: MIT */
#include "gateway/output/spool_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

#include "common/hash.h"
#include "common/log.h"

enum { NAME_LETTERS = 6, MARK_BYTES = 160 };

static const struct span comment = SPAN("# belfry-gateway ");
static const struct span time_key = SPAN("\nfile_time=");

void spool_file_name(uint64_t number, struct str *into)
{
	static const char letters[] =
			"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	struct span bytes = span_of(&number, sizeof(number));
	uint64_t h = (uint64_t)hash_span(hash_seed(), bytes) << 32 |
		     hash_span(hash_seed() + 1, bytes);

	str_clear(into);
	str_append_byte(into, 'c');
	for (int i = 0; i < NAME_LETTERS; i++, h /= sizeof(letters) - 1)
		str_append_byte(into, letters[h % (sizeof(letters) - 1)]);
}

static void append_digits(struct str *into, struct wall_time now)
{
	int64_t t = wall_time_seconds(now);

	str_printf(into, "%010" PRId64, t < 0 ? 0 : t % 10000000000);
}

int spool_file_write(struct batch_folder *f, struct span name, struct span mark,
		struct span records, struct wall_time now)
{
	struct str text = { 0 };
	int r;

	str_reserve(&text, records.len + MARK_BYTES);
	str_append(&text, comment);
	str_append(&text, mark);
	str_append(&text, time_key);
	append_digits(&text, now);
	str_append_text(&text, "\n\n");
	str_append(&text, records);
	r = batch_folder_write(f, name, str_span(&text));
	str_finish(&text);
	return r;
}

static void offer_name(struct span name, struct str *into)
{
	str_append(into, name);
	str_append_text(into, ".ok");
}

int spool_file_offer(struct batch_folder *f, struct span name)
{
	struct str ok = { 0 };
	int r;

	offer_name(name, &ok);
	r = batch_folder_write(f, str_span(&ok), (struct span){ NULL, 0 });
	str_finish(&ok);
	return r == -EEXIST ? 0 : r;
}

/* What stands at the beginning of a file; empty when it cannot be read. */
static struct span read_head(int fd, char head[MARK_BYTES])
{
	ssize_t n = pread(fd, head, MARK_BYTES, 0);

	return span_of(head, n > 0 ? (size_t)n : 0);
}

/* The core maps the file: it sees the old digits or the new ones. */
int spool_file_renew(struct batch_folder *f, struct span name, struct wall_time now)
{
	AUTO_FREE char *path = span_dup_text(name);
	AUTO_CLOSE int fd = openat(f->fd, path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	struct str digits = { 0 };
	char text[MARK_BYTES];
	struct span head;
	size_t line;
	ssize_t n;

	if (fd < 0)
		return -errno;
	head = read_head(fd, text);
	line = span_find(head, '\n');
	if (!span_starts_with(span_from(head, line), time_key))
		return -EUCLEAN;
	append_digits(&digits, now);
	n = pwrite(fd, digits.text, digits.len, (off_t)(line + time_key.len));
	str_finish(&digits);
	return n < 0 ? -errno : 0;
}

void spool_file_remove(struct batch_folder *f, struct span name)
{
	struct str ok = { 0 };

	offer_name(name, &ok);
	batch_folder_remove(f, str_span(&ok));
	batch_folder_remove(f, name);
	str_finish(&ok);
}

/* The mark of a file of ours; false for anybody else's. */
static bool read_mark(const struct batch_folder *f, int folder, const char *name, struct str *into)
{
	AUTO_CLOSE int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct str ours = { 0 };
	char text[MARK_BYTES];
	struct span head;
	bool is_ours;

	if (fd < 0)
		return false;
	head = read_head(fd, text);
	if (!span_starts_with(head, comment))
		return false;
	head = span_from(span_first(head, span_find(head, '\n')), comment.len);
	str_clear(into);
	str_append(into, head);
	batch_file_prefix(f, &ours);
	is_ours = span_starts_with(head, str_span(&ours));
	str_finish(&ours);
	return is_ours;
}

bool spool_folder_sweep(struct batch_folder *f, struct span keep, struct str *ret)
{
	DIR *dir = opendir(f->path);
	struct str mark = { 0 };
	struct dirent *entry;
	unsigned removed = 0;
	bool found = false;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct span name = span_of_text(entry->d_name);

		if (name.len != 1 + NAME_LETTERS || name.data[0] != 'c' ||
				!read_mark(f, dirfd(dir), entry->d_name, &mark))
			continue;
		if (keep.len > 0 && span_equal(str_span(&mark), keep) && !found) {
			found = true;
			str_clear(ret);
			str_append(ret, name);
		} else {
			spool_file_remove(f, name);
			removed++;
		}
	}
	if (dir != NULL)
		closedir(dir);
	if (removed > 0)
		log_notice("output \"%s\": removed %u file%s of an earlier run from %s; their "
			   "results are still in the journal",
				f->output, removed, removed == 1 ? "" : "s", f->path);
	str_finish(&mark);
	return found;
}
