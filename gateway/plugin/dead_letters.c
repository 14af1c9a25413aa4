/* SPDX-License-Identifier: MIT */
#include "gateway/plugin/dead_letters.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "common/base64.h"
#include "common/folder.h"
#include "common/json.h"
#include "common/utf8.h"
#include "gateway/plugin/stream.h"

static struct span span_of_relay(struct relay_text text)
{
	return span_of(text.data, text.len);
}

/* The first that the log has not been told of. */
static void note(struct dead_letters *d, const struct relay_record *record, const char *reason)
{
	char said[RELAY_REASON]; /* may be the other side's words */

	if (d->untold++ > 0)
		return;
	stream_reason(said, span_of_text(reason));
	str_printf(&d->told, "record %.*s is a dead letter (%s): %s", (int)record->id.len,
			record->id.data, d->path, said);
}

void dead_letters_add(struct dead_letters *d, const struct relay_record *record, const char *reason)
{
	struct span text = span_of_relay(record->text);
	struct str *into = &d->lines;

	str_append_text(into, "{\"output\":");
	json_append_string(into, span_of_text(d->output));
	json_append_time(into, "time", wall_time_now());
	json_append_time(into, "received", (struct wall_time){ record->received_ns });
	json_append_member(into, "reason", span_of_text(reason));
	json_append_member(into, "id", span_of_relay(record->id));
	if (record->topic.len > 0)
		json_append_member(into, "topic", span_of_relay(record->topic));
	if (utf8_valid(text)) {
		json_append_member(into, "record", text);
	} else {
		str_append_text(into, ",\"record_base64\":\"");
		base64_encode(text, true, into);
		str_append_byte(into, '"');
	}
	str_append_text(into, "}\n");
	note(d, record, reason);
}

static void rotate(const struct dead_letters *d, int fd)
{
	struct str old = { 0 };
	struct stat st;

	if (fstat(fd, &st) < 0 || (uint64_t)st.st_size < d->max_size)
		return;
	str_printf(&old, "%s.1", d->path);
	rename(d->path, str_text(&old)); /* a file that stays grows on: nothing is lost */
	str_finish(&old);
}

/* The name of a new file. 0 or -errno. */
static int sync_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str folder = { 0 };
	int r;

	str_printf(&folder, "%.*s/.", slash != NULL ? (int)(slash - path) : 1,
			slash != NULL ? path : ".");
	r = folder_sync(str_text(&folder));
	str_finish(&folder);
	return r == -EACCES ? 0 : r; /* one that may be written to, but not read */
}

/* The file, with its name on disk when it is new; -errno. It may be no link, and no pipe. */
static int open_letters(const char *path)
{
	struct stat st;
	int fd, r = 0;

	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0640);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		r = -errno;
	else if (!S_ISREG(st.st_mode))
		r = -EINVAL;
	else if (st.st_size == 0)
		r = sync_name(path);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

/* Does the last line have its end? We may have been killed, or the power cut, while it was written.
 */
static bool ends_torn(int fd, off_t size)
{
	char last = '\n';

	return size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n';
}

/* All of it, or none: a line that was torn by a full disk is taken back. */
static int append(int fd, struct span lines)
{
	char newline = '\n';
	struct iovec parts[] = { { &newline, 0 }, { (void *)(uintptr_t)lines.data, lines.len } };
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (ends_torn(fd, st.st_size))
		parts[0].iov_len = 1;
	n = writev(fd, parts, array_size(parts));
	if (n == (ssize_t)(parts[0].iov_len + lines.len))
		return fdatasync(fd) < 0 ? -errno : 0;
	if (n >= 0)
		errno = ENOSPC;
	n = -errno;
	if (ftruncate(fd, st.st_size) < 0)
		return -errno;
	return (int)n;
}

int dead_letters_write(struct dead_letters *d)
{
	int fd, r;

	if (d->lines.len == 0)
		return 0;
	fd = open_letters(d->path);
	if (fd < 0)
		return fd;
	r = append(fd, str_span(&d->lines));
	if (r == 0) {
		str_clear(&d->lines);
		rotate(d, fd);
	}
	close(fd);
	return r;
}

bool dead_letters_tell(struct dead_letters *d, struct instant now, bool is_last, struct str *into)
{
	if (d->untold == 0 || d->lines.len > 0)
		return false;
	if (!is_last && !instant_reached(d->quiet_until, now))
		return false;
	str_append(into, str_span(&d->told));
	if (d->untold > 1)
		str_printf(into, " (and %" PRIu64 " more)", d->untold - 1);
	str_clear(&d->told);
	d->untold = 0;
	d->quiet_until = instant_after(now, seconds(DEAD_LETTERS_QUIET));
	return true;
}

void dead_letters_finish(struct dead_letters *d)
{
	free(d->path);
	free(d->output);
	str_finish(&d->lines);
	str_finish(&d->told);
	*d = (struct dead_letters){ 0 };
}
