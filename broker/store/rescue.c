/* SPDX-License-Identifier: MIT */
#include "broker/store/rescue.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/folder.h"
#include "common/log.h"
#include "common/store_folder.h"
#include "common/store_salvage.h"

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
		store_folder_destroy(str_text(&successor));
	else if (rename(str_text(&successor), folder) < 0 && errno != ENOENT)
		r = -errno;
	str_finish(&successor);
	return r;
}

int rescue_examine(const char *folder, struct str *problem)
{
	struct lmdb_check_summary found;

	if (store_folder_file_size(folder, STORE_FILE) == 0)
		return 0;
	return store_examine(folder, &found, problem);
}

/* What can be read of it, in a new folder that is on disk when this returns 0. */
static int salvage(const char *folder, const char *successor, struct store_salvage_summary *ret)
{
	int r;

	store_folder_destroy(successor);
	r = store_folder_make(successor);
	if (r == 0 || r == -EEXIST)
		r = store_salvage(folder, successor, ret);
	if (r == 0)
		r = folder_sync(successor);
	return r;
}

static void tell(const char *folder, const char *aside, const struct store_salvage_summary *found)
{
	struct str text = { 0 };

	for (unsigned i = STORE_META + 1; i < STORE_TABLES; i++) {
		str_printf(&text, "%s%s %" PRIu64, i > STORE_META + 1 ? ", " : "",
				store_table_name((enum store_table)i), found->tables[i].taken);
		if (found->tables[i].lost > 0)
			str_printf(&text, " (%" PRIu64 " lost)", found->tables[i].lost);
	}
	log_error("store %s: the damaged one was set aside as %s; taken over: %s", folder, aside,
			str_text(&text));
	str_finish(&text);
}

int rescue(const char *folder, const char *problem)
{
	struct str successor = { 0 }, aside = { 0 };
	struct store_salvage_summary found;
	char time[WALL_TIME_TEXT];
	int r;

	name_successor(folder, &successor);
	str_printf(&aside, "%s.damaged-%s", folder, wall_time_format(wall_time_now(), time));
	r = salvage(folder, str_text(&successor), &found);
	if (r != -EPROTONOSUPPORT)
		log_error("store %s: is damaged: %s", folder, problem);
	if (r == 0)
		r = store_folder_exchange(folder, str_text(&successor), str_text(&aside));
	if (r == 0)
		tell(folder, str_text(&aside), &found);
	else
		store_folder_destroy(str_text(&successor));
	str_finish(&successor);
	str_finish(&aside);
	return r;
}
