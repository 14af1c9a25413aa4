/* SPDX-License-Identifier: MIT */
/*
 * A copy of a store that may be in use: LMDB's own, of the last commit as of when it begins. It is
 * looked at before it gets its name, so that a backup that is there can be used.
 */
#include "cli/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/lmdb.h"
#include "common/lmdb_check.h"
#include "common/store_folder.h"
#include "common/store_format.h"

enum { OPEN_ATTEMPTS = 10 };

struct backup {
	const struct store_target *from;
	const char *to;
	bool is_new; /* the folder was made */
	int folder, file;
};

/* --- the destination ------------------------------------------------------------------------ */

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (empty && (entry = readdir(dir)) != NULL)
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (dir != NULL)
		closedir(dir);
	return empty;
}

/* Made by who runs the tool, for who owns the store. */
static int make_destination(struct backup *b)
{
	b->is_new = mkdir(b->to, 0700) == 0;
	if (!b->is_new && errno != EEXIST)
		return -errno;
	if (!b->is_new && !is_empty(b->to))
		return -ENOTEMPTY;
	b->folder = open(b->to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b->folder < 0)
		return -errno;
	/* A broker that meets it removes it: the copy was not completed. */
	b->file = openat(b->folder, STORE_COPY_FILE, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (b->file < 0)
		return -errno;
	if (geteuid() == 0 &&
			(fchown(b->file, b->from->owner.uid, b->from->owner.gid) < 0 ||
					(b->is_new && fchown(b->folder, b->from->owner.uid,
								      b->from->owner.gid) < 0)))
		return -errno;
	return 0;
}

static int complete(const struct backup *b)
{
	if (fsync(b->file) < 0 || renameat(b->folder, STORE_COPY_FILE, b->folder, STORE_FILE) < 0 ||
			fsync(b->folder) < 0)
		return -errno;
	return 0;
}

static void undo(const struct backup *b)
{
	if (b->file >= 0)
		unlinkat(b->folder, STORE_COPY_FILE, 0);
	if (b->is_new)
		rmdir(b->to);
}

/* --- the copy ------------------------------------------------------------------------------- */

/*
 * While we hold the lock of the folder, the broker does not put another file in its place
 * (broker/store/environment.h). A file that changes while it is looked at may look damaged.
 */
static int open_source(const struct backup *b, size_t map_size, struct lmdb **ret)
{
	const struct lmdb_options options = { map_size, map_size, STORE_TABLES, 0600 };
	AUTO_CLOSE int folder = open(b->from->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int result = -EUCLEAN;

	if (folder < 0 || flock(folder, LOCK_SH) < 0)
		return -errno;
	for (int i = 0; result == -EUCLEAN && i < OPEN_ATTEMPTS; i++)
		result = lmdb_open(b->from->path, &options, ret);
	return result;
}

static int copy(const struct backup *b)
{
	struct lmdb *db = NULL;
	struct str path = { 0 };
	struct stat info;
	int result;

	str_printf(&path, "%s/" STORE_FILE, b->from->path);
	result = stat(str_text(&path), &info) < 0 ? -errno : 0;
	str_finish(&path);
	if (result == 0) /* it may grow while we look */
		result = open_source(b, (size_t)info.st_size * 4 + ((size_t)1 << 30), &db);
	if (result < 0)
		return result;
	result = lmdb_copy(db, b->file, false);
	lmdb_close(db);
	return result;
}

/* The copy by its descriptor: who owns the store need not be able to find the folder. */
static int examine(const struct backup *b, struct str *problem)
{
	struct lmdb_check_summary summary;
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", b->file);
	return lmdb_check(path, &summary, problem);
}

int store_backup(struct store_target *f, const char *to)
{
	struct backup b = { .from = f, .to = to, .folder = -1, .file = -1 };
	struct str problem = { 0 };
	int result;

	store_target_set_aside(f);
	result = make_destination(&b);
	if (result == 0 && !store_target_borrow(f))
		result = -errno;
	if (result == 0)
		result = copy(&b);
	if (result == 0)
		result = examine(&b, &problem);
	store_target_set_aside(f);
	if (result == 0)
		result = complete(&b);
	if (result < 0) {
		undo(&b);
		result = problem.len > 0 ? store_refuse(f->path, "is damaged: %s",
							   str_text(&problem))
					 : store_refuse(result == -ENOTEMPTY ? to : f->path, "%s",
							   strerror(-result));
	}
	close_fd_at(&b.file);
	close_fd_at(&b.folder);
	str_finish(&problem);
	return result;
}
