/* SPDX-License-Identifier: MIT */
#include "cli/store_target.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/mem.h"
#include "common/store_folder.h"

#define SUFFIX ".store"

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

static bool find_inside(struct store_target *f, struct str *problem)
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

static bool find_store(struct store_target *f, const char *path, struct str *problem)
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

static bool must_borrow(const struct store_target *f)
{
	return getuid() == 0 && f->owner.uid != 0;
}

void store_target_set_aside(const struct store_target *f)
{
	if (must_borrow(f))
		account_set_aside();
}

bool store_target_borrow(const struct store_target *f)
{
	return !must_borrow(f) || account_borrow(&f->owner) == 0;
}

static bool find_owner(struct store_target *f, struct str *problem)
{
	struct stat info;

	if (stat(f->path, &info) == 0) {
		f->owner = (struct account){ .uid = info.st_uid, .gid = info.st_gid };
		if (store_target_borrow(f))
			return true;
	}
	str_append_text(problem, strerror(errno));
	return false;
}

/* --- who has it ----------------------------------------------------------------------------- */

static void tell_holder(long pid, struct str *problem)
{
	if (pid > 0)
		str_printf(problem, "process %ld has it; end that first", pid);
	else
		str_append_text(problem, "a broker has it; end that first");
}

/* A broker that is refused says who we are. */
static bool take_lock(struct store_target *f, bool alone, struct str *problem)
{
	long holder;
	int result = store_folder_lock(f->path, alone, &f->lock, &holder);

	if (result == 0 || (result == -ENOENT && !alone)) /* there has never been a broker */
		return true;
	if (result == -EBUSY)
		tell_holder(holder, problem);
	else
		str_printf(problem, STORE_LOCK_FILE ": %s", strerror(-result));
	return false;
}

bool store_target_open(
		struct store_target *f, const char *path, enum store_lock lock, struct str *problem)
{
	*f = (struct store_target){ .lock = -1 };
	return find_store(f, path, problem) && find_owner(f, problem) &&
	       (lock == STORE_LOCK_NONE || take_lock(f, lock == STORE_LOCK_ALONE, problem));
}

void store_target_close(struct store_target *f)
{
	store_target_set_aside(f);
	if (f->lock >= 0)
		close(f->lock);
	free(f->path);
	*f = (struct store_target){ .lock = -1 };
}
