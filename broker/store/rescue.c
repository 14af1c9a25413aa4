/* SPDX-License-Identifier: MIT */
#include "broker/store/rescue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "broker/store/folder.h"
#include "common/clock.h"
#if __has_include("common/lmdb_check.h")
#include "common/lmdb_check.h"
#endif
#if __has_include("common/store_salvage.h")
#include "common/store_salvage.h"
#endif
#include "common/log.h"

static void name_successor(const char *folder, struct str *ret)
{
	str_printf(ret, "%s.new", folder);
}

static bool exists(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0;
}

int rescue_resume(const char *folder)
{
	struct str successor = { 0 };
	int r = 0;

	name_successor(folder, &successor);
	if (exists(folder))
		folder_destroy(str_text(&successor));
	else if (rename(str_text(&successor), folder) < 0 && errno != ENOENT)
		r = -errno;
	str_finish(&successor);
	return r;
}

int rescue_examine(const char *folder, struct str *problem)
{
	int r = 0;
#if __has_include("common/lmdb_check.h")
	struct lmdb_check_summary found;
	struct str path = { 0 };

	if (folder_file_size(folder, "data.mdb") == 0)
		return 0;
	str_printf(&path, "%s/data.mdb", folder);
	r = lmdb_check(str_text(&path), &found, problem);
	str_finish(&path);
#else
	(void)folder;
	(void)problem;
#endif
	return r;
}

/* What can be read of it, in a new folder that is on disk when this returns 0. */
static int salvage(const char *folder, const char *successor)
{
	int r;
#if __has_include("common/store_salvage.h")
	struct store_salvage_summary found;
#endif

	folder_destroy(successor);
	r = folder_make(successor);
#if __has_include("common/store_salvage.h")
	if (r == 0)
		r = store_salvage(folder, successor, &found);
#endif
	if (r == 0)
		r = folder_sync(successor);
	if (r < 0)
		log_error_errno(r,
				"store %s: is damaged, and what is left of it cannot be written "
				"to %s",
				folder, successor);
	return r;
}

/* Names change last, when there is something to change them to. */
static int exchange(const char *folder, const char *successor, const char *aside)
{
	int r = rename(folder, aside) < 0 ? -errno : 0;

	if (r == 0 && rename(successor, folder) < 0) {
		r = -errno;
		(void)rename(aside, folder);
	}
	if (r == 0)
		r = folder_sync_parent(folder);
	if (r < 0)
		log_error_errno(r, "store %s: is damaged and cannot be set aside as %s", folder,
				aside);
	return r;
}

int rescue(const char *folder, const char *problem)
{
	struct str successor = { 0 }, aside = { 0 };
	char time[WALL_TIME_TEXT];
	int r;

	name_successor(folder, &successor);
	str_printf(&aside, "%s.damaged-%s", folder, wall_time_format(wall_time_now(), time));
	log_error("store %s: is damaged: %s", folder, problem);
	r = salvage(folder, str_text(&successor));
	if (r == 0)
		r = exchange(folder, str_text(&successor), str_text(&aside));
	if (r == 0)
		log_error("store %s: the damaged one was set aside as %s; what could be read of it "
			  "was taken over",
				folder, str_text(&aside));
	str_finish(&successor);
	str_finish(&aside);
	return r;
}
