/* SPDX-License-Identifier: MIT */
#include "cli/store_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "common/store_salvage.h"

#define LOCK_FILE "broker.lock"
#define SUFFIX	  ".store"

/* Paths of files in it; one that is too long is found by the call that it is for. */
static const char *join(char at[PATH_MAX], const char *path, const char *name)
{
	snprintf(at, PATH_MAX, "%s/%s", path, name);
	return at;
}

static bool has_file(const char *path, const char *name)
{
	char at[PATH_MAX];
	struct stat info;

	return lstat(join(at, path, name), &info) == 0;
}

/* --- which one ------------------------------------------------------------------------------ */

static bool is_store_name(const char *name)
{
	size_t len = strlen(name), suffix = strlen(SUFFIX);

	return len > suffix && strcmp(name + len - suffix, SUFFIX) == 0;
}

/* The names of all stores in the folder, one behind another with ", " between them. */
static int list_stores(const char *path, struct str *ret)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int count = 0;

	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		if (!is_store_name(entry->d_name))
			continue;
		if (count++ > 0)
			str_append_text(ret, ", ");
		str_append_text(ret, entry->d_name);
	}
	closedir(dir);
	return count;
}

static bool find_inside(struct store_folder *f, struct str *problem)
{
	struct str names = { 0 }, path = { 0 };
	int count = list_stores(f->path, &names);

	if (count == 1) {
		str_printf(&path, "%s/%s", f->path, str_text(&names));
		free(f->path);
		f->path = str_take(&path);
	} else if (count < 0) {
		str_append_text(problem, strerror(-count));
	} else if (count == 0) {
		str_append_text(problem, "is no store and there is none in it");
	} else {
		str_append_text(problem, "there are several, take one: ");
		str_append_escaped(problem, str_span(&names));
	}
	str_finish(&names);
	return count == 1;
}

static bool find_store(struct store_folder *f, const char *path, struct str *problem)
{
	char *real = realpath(path, NULL);

	f->path = xstrdup(real != NULL ? real : path);
	if (real == NULL) {
		str_append_text(problem, strerror(errno));
		return false;
	}
	free(real);
	if (!has_file(f->path, STORE_FILE) && !find_inside(f, problem))
		return false;
	if (!has_file(f->path, STORE_FILE)) {
		str_append_text(problem, "has no " STORE_FILE);
		return false;
	}
	return true;
}

/* --- whose it is ---------------------------------------------------------------------------- */

static bool must_borrow(const struct store_folder *f)
{
	return getuid() == 0 && f->owner.uid != 0;
}

void store_folder_set_aside(const struct store_folder *f)
{
	if (must_borrow(f))
		account_set_aside();
}

bool store_folder_borrow(const struct store_folder *f)
{
	return !must_borrow(f) || account_borrow(&f->owner) == 0;
}

static bool find_owner(struct store_folder *f, struct str *problem)
{
	struct stat info;

	if (stat(f->path, &info) == 0) {
		f->owner = (struct account){ .uid = info.st_uid, .gid = info.st_gid };
		if (store_folder_borrow(f))
			return true;
	}
	str_append_text(problem, strerror(errno));
	return false;
}

/* --- who has it ----------------------------------------------------------------------------- */

static void tell_holder(int fd, struct str *problem)
{
	char text[32] = "";
	long pid = pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtol(text, NULL, 10) : 0;

	if (pid > 0)
		str_printf(problem, "process %ld has it; end that first", pid);
	else
		str_append_text(problem, "a broker has it; end that first");
}

/* A broker that is refused says who we are. */
static void write_holder(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0)
		(void)!pwrite(fd, text, (size_t)len, 0);
}

static int open_lock(const char *path, bool alone)
{
	char at[PATH_MAX];
	int flags = alone ? O_RDWR | O_CREAT : O_RDONLY;

	return open(join(at, path, LOCK_FILE), flags | O_NOFOLLOW | O_CLOEXEC, 0600);
}

static bool take_lock(struct store_folder *f, bool alone, struct str *problem)
{
	f->lock = open_lock(f->path, alone);
	if (f->lock < 0 && errno == ENOENT && !alone)
		return true; /* there has never been a broker */
	if (f->lock < 0) {
		str_printf(problem, LOCK_FILE ": %s", strerror(errno));
		return false;
	}
	if (flock(f->lock, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) < 0) {
		if (errno == EWOULDBLOCK)
			tell_holder(f->lock, problem);
		else
			str_printf(problem, LOCK_FILE ": %s", strerror(errno));
		return false;
	}
	if (alone)
		write_holder(f->lock);
	return true;
}

bool store_folder_open(
		struct store_folder *f, const char *path, enum store_lock lock, struct str *problem)
{
	*f = (struct store_folder){ .lock = -1 };
	return find_store(f, path, problem) && find_owner(f, problem) &&
	       (lock == STORE_LOCK_NONE || take_lock(f, lock == STORE_LOCK_ALONE, problem));
}

void store_folder_close(struct store_folder *f)
{
	store_folder_set_aside(f);
	if (f->lock >= 0)
		close(f->lock);
	free(f->path);
	*f = (struct store_folder){ .lock = -1 };
}

/* --- another folder ------------------------------------------------------------------------- */

int store_folder_make(const char *path, int *ret_lock)
{
	AUTO_CLOSE int fd = -1;

	if (mkdir(path, 0700) < 0)
		return -errno;
	fd = open_lock(path, true);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -errno;
	write_holder(fd);
	*ret_lock = take_fd(&fd);
	return 0;
}

void store_folder_destroy(const char *path)
{
	static const char *const names[] = { STORE_FILE, STORE_FILE ".new", "lock.mdb", LOCK_FILE };
	char at[PATH_MAX];

	for (size_t i = 0; i < array_size(names); i++)
		unlink(join(at, path, names[i]));
	rmdir(path);
}

static int sync_folder(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int store_folder_sync(const char *path, bool parent)
{
	char at[PATH_MAX];
	int result = sync_folder(path);

	return result == 0 && parent ? sync_folder(join(at, path, "..")) : result;
}
