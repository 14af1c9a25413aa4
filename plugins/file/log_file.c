/* SPDX-License-Identifier: MIT */
#include "plugins/file/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/folder.h"
#include "common/mem.h"

/* --- opening ------------------------------------------------------------------------------- */

/* The folder below `at`, made when it is not there; symbolic links are not followed. */
static int enter(int at, const char *name, mode_t file_mode)
{
	int flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	mode_t mode = 0700 | file_mode | ((file_mode & 0444) >> 2);
	int fd = openat(at, name, flags);

	if (fd < 0 && errno == ENOENT && (mkdirat(at, name, mode) == 0 || errno == EEXIST))
		fd = openat(at, name, flags);
	return fd < 0 ? -errno : fd;
}

/* The folder that the file is in, or -errno. *ret_name is the file's name in it. */
static int open_folder(const char *path, const struct log_file_rules *rules, const char **ret_name)
{
	char folder[PATH_MAX];
	char *rest = folder + rules->base_len, *slash;
	int fd;

	if (strlen(path) >= sizeof(folder) || strlen(path) < rules->base_len)
		return -ENAMETOOLONG;
	memcpy(folder, path, strlen(path) + 1);
	folder[rules->base_len - 1] = '\0';
	fd = open(rules->base_len == 1 ? "/" : folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while ((slash = strchr(rest, '/')) != NULL && fd >= 0) {
		int below;

		*slash = '\0';
		below = enter(fd, rest, rules->mode);
		close(fd);
		fd = below;
		rest = slash + 1;
	}
	*ret_name = path + (rest - folder);
	return fd;
}

static int create(int folder, const char *name, const struct log_file_rules *rules, int flags)
{
	int fd = openat(folder, name, flags | O_CREAT | O_EXCL, rules->mode);

	if (fd >= 0)
		fchmod(fd, rules->mode); /* whatever the umask says */
	return fd;
}

static void sync_folder_of(const char *path)
{
	char *folder = xstrdup(path);

	*(strrchr(folder, '/') + 1) = '\0';
	folder_sync(folder); /* may be one that we may write in and not read */
	free(folder);
}

/* Does the last line have its end? A power cut may have torn it. */
static bool ends_torn(int fd, const struct stat *st)
{
	char last = '\n';

	return st->st_size > 0 && pread(fd, &last, 1, st->st_size - 1) == 1 && last != '\n';
}

static int adopt(struct log_file *f, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EBADF;
	}
	f->fd = fd;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	f->is_torn = ends_torn(fd, &st);
	return 0;
}

static int open_file(struct log_file *f, const struct log_file_rules *rules)
{
	/* Not to wait for the reader of a pipe that somebody has put there. */
	const int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
	bool is_new = false;
	const char *name = NULL;
	int fd, r = open_folder(f->path, rules, &name);
	AUTO_CLOSE int folder = r;

	if (r < 0)
		return r;
	fd = openat(folder, name, flags);
	if (fd < 0 && errno == ENOENT) {
		is_new = true;
		fd = create(folder, name, rules, flags);
	}
	if (fd < 0)
		return -errno;
	r = adopt(f, fd);
	if (r == 0 && is_new && rules->sync)
		sync_folder_of(f->path);
	return r;
}

bool log_file_was_moved(const struct log_file *f)
{
	struct stat st;

	return f->fd >= 0 &&
	       (lstat(f->path, &st) < 0 || st.st_dev != f->dev || st.st_ino != f->ino);
}

void log_file_close(struct log_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* --- rotation ------------------------------------------------------------------------------ */

/* PATH.1 becomes PATH.2 and so on, the last one goes, PATH becomes PATH.1. */
static void shift(const struct log_file *f, unsigned keep)
{
	struct str from = { 0 }, to = { 0 };

	for (unsigned n = keep; n > 0; n--) {
		str_clear(&from);
		str_clear(&to);
		str_append_text(&from, f->path);
		if (n > 1)
			str_printf(&from, ".%u", n - 1);
		str_printf(&to, "%s.%u", f->path, n);
		rename(str_text(&from), str_text(&to)); /* a gap is no harm */
	}
	str_finish(&from);
	str_finish(&to);
}

static int rotate(struct log_file *f, const struct log_file_rules *rules)
{
	shift(f, rules->keep);
	log_file_close(f);
	return open_file(f, rules); /* the same one, grown on, when it could not be renamed */
}

/* --- adding -------------------------------------------------------------------------------- */

/* Grows *written by what is in the file, also when not all is. */
static int write_all(int fd, struct span bytes, off_t *written)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.data, bytes.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		bytes = span_from(bytes, n > 0 ? (size_t)n : 0);
		*written += n > 0 ? n : 0;
	}
	return 0;
}

/* The file as it was before; not when somebody else has added to it meanwhile. */
static void take_back(struct log_file *f, off_t before, off_t written)
{
	struct stat st;

	if (fstat(f->fd, &st) < 0 || st.st_size != before + written || ftruncate(f->fd, before) < 0)
		f->is_torn = true;
}

static int write_lines(struct log_file *f, const struct log_file_rules *rules, struct span lines,
		off_t before)
{
	off_t written = 0;
	int r = f->is_torn ? write_all(f->fd, span_of("\n", 1), &written) : 0;

	if (r == 0)
		r = write_all(f->fd, lines, &written);
	if (r == 0 && rules->sync && fdatasync(f->fd) < 0)
		r = -errno;
	if (r == 0)
		f->is_torn = false;
	else
		take_back(f, before, written);
	return r;
}

static bool is_full(const struct log_file_rules *rules, off_t size, size_t more)
{
	return rules->max_size > 0 && size > 0 && (uint64_t)size + more > rules->max_size;
}

int log_file_append(struct log_file *f, const struct log_file_rules *rules, struct span lines,
		struct log_file_counts *counts)
{
	struct stat st = { 0 };
	int r = 0;

	if (log_file_was_moved(f)) {
		log_file_close(f);
		counts->reopened++;
	}
	if (f->fd < 0)
		r = open_file(f, rules);
	if (r == 0 && fstat(f->fd, &st) == 0 && is_full(rules, st.st_size, lines.len)) {
		r = rotate(f, rules);
		counts->rotations++;
	}
	if (r == 0 && fstat(f->fd, &st) < 0)
		r = -errno;
	if (r < 0)
		return r;
	counts->torn += f->is_torn;
	r = write_lines(f, rules, lines, st.st_size);
	if (r < 0)
		log_file_close(f); /* a disk that has failed once says so again only to a new one */
	return r;
}
