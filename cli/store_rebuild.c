/* SPDX-License-Identifier: MIT */
/*
 * A store that is written anew, record by record, out of what is left of a damaged one (repair) or
 * out of a whole one (compact). It is complete and on disk before a name changes, so that whatever
 * ends the process leaves the one or the other in its place.
 */
#include "cli/store.h"

#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "common/clock.h"
#include "common/store_salvage.h"

/* The same name as the broker's: what is left behind by a process that was killed, it removes. */
#define SUCCESSOR ".new"

struct rebuild {
	const char *folder;
	struct str successor;
	int lock; /* of the successor */
	struct store_salvage_summary summary;
};

static int rebuild(struct rebuild *b, const char *folder)
{
	int result;

	*b = (struct rebuild){ .folder = folder, .lock = -1 };
	str_printf(&b->successor, "%s" SUCCESSOR, folder);
	store_folder_destroy(str_text(&b->successor));
	result = store_folder_make(str_text(&b->successor), &b->lock);
	if (result == 0)
		result = store_salvage(folder, str_text(&b->successor), &b->summary);
	return result == 0 ? store_folder_sync(str_text(&b->successor), false) : result;
}

static void finish(struct rebuild *b, bool keep)
{
	if (!keep)
		store_folder_destroy(str_text(&b->successor));
	if (b->lock >= 0)
		close(b->lock);
	str_finish(&b->successor);
}

static int refuse(const char *folder, int error)
{
	return store_refuse(folder, "%s",
			error == -EPROTONOSUPPORT ? "it is of a newer version of belfry"
						  : strerror(-error));
}

/* --- repair --------------------------------------------------------------------------------- */

static int exchange(const struct rebuild *b, const char *aside)
{
	if (rename(b->folder, aside) < 0)
		return -errno;
	if (rename(str_text(&b->successor), b->folder) < 0) {
		int error = -errno;

		(void)rename(aside, b->folder);
		return error;
	}
	return store_folder_sync(b->folder, true);
}

static void print_result(const struct rebuild *b, const char *aside)
{
	const struct store_salvage_summary *s = &b->summary;
	struct str problem = { 0 };

	for (unsigned i = STORE_META + 1; i < STORE_TABLES; i++) {
		printf("%s: %llu", store_table_name((enum store_table)i),
				(unsigned long long)s->tables[i].taken);
		if (s->tables[i].lost > 0)
			printf(" and %llu lost", (unsigned long long)s->tables[i].lost);
		putchar('\n');
	}
	printf("the old store is kept as %s\n", aside);
	if (!store_is_whole(b->folder, &problem))
		puts("what belongs to records that are lost, the broker drops when it starts");
	str_finish(&problem);
}

int store_repair(const char *folder)
{
	struct rebuild b;
	struct str aside = { 0 }, problem = { 0 };
	char time[WALL_TIME_TEXT];
	int result;

	if (store_is_whole(folder, &problem)) {
		puts("whole; there is nothing to repair");
		str_finish(&problem);
		return EXIT_DONE;
	}
	printf("damaged: %s\n", str_text(&problem));
	str_finish(&problem);
	str_printf(&aside, "%s.damaged-%s", folder, wall_time_format(wall_time_now(), time));
	result = rebuild(&b, folder);
	if (result == 0)
		result = exchange(&b, str_text(&aside));
	finish(&b, result == 0);
	if (result < 0)
		result = refuse(folder, result);
	else
		print_result(&b, str_text(&aside));
	str_finish(&aside);
	return result;
}

/* --- compact -------------------------------------------------------------------------------- */

static int64_t file_size(const char *folder)
{
	char path[PATH_MAX];
	struct stat info;

	snprintf(path, sizeof(path), "%s/" STORE_FILE, folder);
	return stat(path, &info) == 0 ? info.st_size : 0;
}

/*
 * The lock file of LMDB belongs to the old file. Without one, nobody having the store open, it
 * makes a new one.
 */
static int replace_file(const struct rebuild *b)
{
	char from[PATH_MAX], to[PATH_MAX], lock[PATH_MAX];

	snprintf(from, sizeof(from), "%s/" STORE_FILE, str_text(&b->successor));
	snprintf(to, sizeof(to), "%s/" STORE_FILE, b->folder);
	snprintf(lock, sizeof(lock), "%s/lock.mdb", b->folder);
	unlink(lock);
	if (rename(from, to) < 0)
		return -errno;
	return store_folder_sync(b->folder, false);
}

int store_compact(const char *folder)
{
	struct rebuild b;
	struct str problem = { 0 };
	int64_t before = file_size(folder);
	int result;

	if (!store_is_whole(folder, &problem)) {
		result = store_refuse(folder, "is not whole, which belfry store repair mends: %s",
				str_text(&problem));
		str_finish(&problem);
		return result;
	}
	str_finish(&problem);
	result = rebuild(&b, folder);
	if (result == 0 && b.summary.gaps > 0)
		result = -EUCLEAN;
	if (result == 0)
		result = replace_file(&b);
	finish(&b, false);
	if (result < 0)
		return refuse(folder, result);
	printf("%lld kB, before %lld kB\n", (long long)file_size(folder) / 1024,
			(long long)before / 1024);
	return EXIT_DONE;
}
