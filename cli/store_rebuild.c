/* SPDX-License-Identifier: MIT */
/*
 * A store that is written anew, record by record, out of what is left of a damaged one (repair) or
 * out of a whole one (compact). It is complete and on disk before a name changes, so that whatever
 * ends the process leaves the one or the other in its place.
 */
#include "cli/store.h"

#include <errno.h>
#include <limits.h>

#include "common/clock.h"
#include "common/folder.h"
#include "common/store_folder.h"
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
	long nobody;
	int result;

	*b = (struct rebuild){ .folder = folder, .lock = -1 };
	str_printf(&b->successor, "%s" SUCCESSOR, folder);
	store_folder_destroy(str_text(&b->successor));
	result = store_folder_make(str_text(&b->successor));
	if (result == 0)
		result = store_folder_lock(str_text(&b->successor), true, &b->lock, &nobody);
	if (result == 0)
		result = store_salvage(folder, str_text(&b->successor), &b->summary);
	return result == 0 ? folder_sync(str_text(&b->successor)) : result;
}

static void finish(struct rebuild *b, bool keep)
{
	if (!keep)
		store_folder_destroy(str_text(&b->successor));
	if (b->lock >= 0)
		close(b->lock);
	str_finish(&b->successor);
}

/* --- repair --------------------------------------------------------------------------------- */

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
		result = store_folder_exchange(folder, str_text(&b.successor), str_text(&aside));
	finish(&b, result == 0);
	if (result < 0)
		result = store_refuse(folder, "%s", store_error_text(result));
	else
		print_result(&b, str_text(&aside));
	str_finish(&aside);
	return result;
}

/* --- compact -------------------------------------------------------------------------------- */

static uint64_t file_size(const char *folder)
{
	return store_folder_file_size(folder, STORE_FILE);
}

/*
 * The lock file of LMDB belongs to the old file. Without one, nobody having the store open, it
 * makes a new one.
 */
static int replace_file(const struct rebuild *b)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(from, sizeof(from), "%s/" STORE_FILE, str_text(&b->successor));
	snprintf(to, sizeof(to), "%s/" STORE_FILE, b->folder);
	store_folder_remove(b->folder, STORE_READERS_FILE);
	if (rename(from, to) < 0)
		return -errno;
	return folder_sync(b->folder);
}

int store_compact(const char *folder)
{
	struct rebuild b;
	struct str problem = { 0 };
	uint64_t before = file_size(folder);
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
		return store_refuse(folder, "%s", store_error_text(result));
	printf("%llu kB, before %llu kB\n", (unsigned long long)file_size(folder) / 1024,
			(unsigned long long)before / 1024);
	return EXIT_DONE;
}
