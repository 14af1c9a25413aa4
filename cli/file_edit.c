/* SPDX-License-Identifier: MIT */
#include "cli/file_edit.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/file.h>

#include "common/folder.h"
#include "common/mem.h"

enum { MAX_EDITED = 64 * 1024 * 1024 };

static bool fail(struct str *problem, const char *path, const char *what)
{
	str_append_escaped(problem, span_of_text(path));
	str_printf(problem, ": %s", what);
	return false;
}

/* The folder that `path` is in; the caller frees it. */
static char *folder_of(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);

	return xstrdup(dirname(copy));
}

static bool is_open_to_everybody(const char *path)
{
	AUTO_FREE char *folder = folder_of(path);
	struct stat status;

	return stat(folder, &status) == 0 && (status.st_mode & S_IWOTH) != 0;
}

/* Where `path` leads; itself where there is nothing yet. NULL after fail(). */
static char *resolve(const char *path, struct str *problem)
{
	struct stat status;
	char *real;

	if (lstat(path, &status) < 0 && errno == ENOENT)
		return xstrdup(path);
	if (S_ISLNK(status.st_mode) && is_open_to_everybody(path)) {
		fail(problem, path,
				"is a symbolic link in a folder that everybody may write to; name "
				"the file itself");
		return NULL;
	}
	real = realpath(path, NULL);
	if (real == NULL)
		fail(problem, path, strerror(errno));
	return real;
}

/*
 * Open and lock it. Somebody else may replace the file between the two: then it is another one
 * now, and this starts again. Returns 0 or -errno.
 */
static int open_locked(struct file_edit *f)
{
	struct stat now;

	for (;;) {
		f->fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		if (f->fd < 0 || fstat(f->fd, &f->status) < 0)
			return -errno;
		if (!S_ISREG(f->status.st_mode))
			return -EINVAL;
		if (flock(f->fd, LOCK_EX) < 0)
			return -errno;
		if (lstat(f->path, &now) == 0 && now.st_ino == f->status.st_ino &&
				now.st_dev == f->status.st_dev)
			return 0;
		close(f->fd);
		f->fd = -1;
	}
}

static int read_all(int fd, struct str *into)
{
	for (;;) {
		ssize_t n;

		str_reserve(into, 65536);
		n = read(fd, into->text + into->len, 65536);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return 0;
		into->len += n > 0 ? (size_t)n : 0;
		if (into->len > MAX_EDITED)
			return -EFBIG;
	}
}

bool file_edit_open(struct file_edit *f, const char *path, bool may_be_new, struct str *problem)
{
	int error;

	*f = (struct file_edit){ .fd = -1, .new_mode = S_IRUSR | S_IWUSR };
	f->path = resolve(path, problem);
	if (f->path == NULL)
		return false;
	error = open_locked(f);
	if (error == -ENOENT && may_be_new)
		return true;
	if (error == 0)
		error = read_all(f->fd, &f->text);
	if (error == -EINVAL)
		return fail(problem, path, "is not a regular file");
	return error == 0 || fail(problem, path, strerror(-error));
}

static int write_all(int fd, struct span text)
{
	while (text.len > 0) {
		ssize_t n = write(fd, text.data, text.len);

		if (n < 0 && errno != EINTR)
			return -errno;
		text = span_from(text, n > 0 ? (size_t)n : 0);
	}
	return 0;
}

/* The owner first: changing him takes bits off the mode. */
static int copy_status(const struct file_edit *f, int fd)
{
	if (f->fd < 0)
		return fchmod(fd, f->new_mode) < 0 ? -errno : 0;
	if (fchown(fd, f->status.st_uid, f->status.st_gid) < 0)
		return -errno;
	return fchmod(fd, f->status.st_mode & 07777) < 0 ? -errno : 0;
}

static int sync_folder_of(const char *path)
{
	AUTO_FREE char *folder = folder_of(path);

	return folder_sync(folder);
}

/* Fill the new file and let it take the place of the old. */
static int replace_with(struct file_edit *f, const char *new_path, int fd, struct span text)
{
	int error = write_all(fd, text);

	if (error == 0)
		error = copy_status(f, fd);
	if (error == 0 && fsync(fd) < 0)
		error = -errno;
	if (error == 0 && rename(new_path, f->path) < 0)
		error = -errno;
	return error;
}

bool file_edit_replace(struct file_edit *f, struct span text, struct str *problem)
{
	struct str new_path = { 0 };
	int fd, error;

	str_printf(&new_path, "%s.XXXXXX", f->path);
	fd = mkostemp(new_path.text, O_CLOEXEC); /* mode 0600 */
	error = fd < 0 ? -errno : replace_with(f, new_path.text, fd, text);
	if (fd >= 0) {
		close(fd);
		if (error < 0)
			unlink(new_path.text);
		else
			error = sync_folder_of(f->path);
	}
	str_finish(&new_path);
	return error == 0 || fail(problem, f->path, strerror(-error));
}

void file_edit_close(struct file_edit *f)
{
	if (f->fd >= 0)
		close(f->fd);
	wipe(f->text.text, f->text.len);
	str_finish(&f->text);
	free(f->path);
	*f = (struct file_edit){ .fd = -1 };
}
