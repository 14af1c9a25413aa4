/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "common/store_salvage.h"
#include "tests/store_maker.h"

enum { SESSIONS = 5, MESSAGES = 60 };

struct fixture {
	char folder[64], from[96], to[96], file[128];
	struct store_salvage_summary summary;
};

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->folder, access("/dev/shm", W_OK) == 0 ? "/dev/shm/belfry-store-XXXXXX"
							: "/tmp/belfry-store-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->from, sizeof(f->from), "%s/from", f->folder);
	snprintf(f->to, sizeof(f->to), "%s/to", f->folder);
	snprintf(f->file, sizeof(f->file), "%s/data.mdb", f->from);
	assert_int_equal(mkdir(f->from, 0700), 0);
	assert_int_equal(mkdir(f->to, 0700), 0);
	assert_int_equal(make_store(f->from, SESSIONS, MESSAGES, false), 0);
	*state = f;
	return 0;
}

static void empty(const char *folder)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/data.mdb", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/lock.mdb", folder);
	unlink(path);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	empty(f->from);
	empty(f->to);
	rmdir(f->from);
	rmdir(f->to);
	rmdir(f->folder);
	free(f);
	return 0;
}

static int salvage(struct fixture *f)
{
	empty(f->to);
	return store_salvage(f->from, f->to, &f->summary);
}

static void assert_whole(const char *folder)
{
	struct lmdb_check_summary summary;
	struct str problem = { 0 };

	if (store_examine(folder, &summary, &problem) != 0)
		fail_msg("%s", str_text(&problem));
}

/* --- what a store holds --------------------------------------------------------------------- */

struct census {
	uint64_t good[STORE_TABLES], bad, hash;
};

static int count(void *owner, enum store_table table, struct span key, struct span value,
		bool is_good, bool is_older)
{
	struct census *c = owner;

	(void)is_older;
	c->good[table] += is_good;
	c->bad += !is_good;
	for (size_t i = 0; i < key.len; i++)
		c->hash = c->hash * 31 + key.data[i];
	for (size_t i = 0; i < value.len; i++)
		c->hash = c->hash * 31 + value.data[i];
	return 0;
}

static struct census census_of(const char *folder)
{
	struct census c = { 0 };
	const struct store_visitor visitor = { &c, NULL, count };
	uint64_t gaps;

	assert_int_equal(store_visit(folder, &visitor, &gaps), 0);
	assert_int_equal(gaps, 0);
	return c;
}

static void of_a_whole_store_everything_is_taken(void **state)
{
	static const uint64_t wanted[STORE_TABLES] = { 2, MESSAGES, MESSAGES, SESSIONS, SESSIONS,
		SESSIONS, SESSIONS };
	struct fixture *f = *state;
	struct census from = census_of(f->from), to;

	assert_int_equal(salvage(f), 0);
	assert_int_equal(f->summary.gaps, 0);
	assert_whole(f->to);
	to = census_of(f->to);
	assert_true(from.hash == to.hash);
	for (int i = 0; i < STORE_TABLES; i++) {
		assert_int_equal(f->summary.tables[i].taken, wanted[i]);
		assert_int_equal(f->summary.tables[i].lost, 0);
		assert_int_equal(to.good[i], wanted[i]);
	}
}

/* --- damage --------------------------------------------------------------------------------- */

/* Where in the file the text stands. */
static off_t find_text(struct fixture *f, const char *text)
{
	AUTO_CLOSE int fd = open(f->file, O_RDONLY);
	off_t size = lseek(fd, 0, SEEK_END);
	AUTO_FREE char *bytes = xmalloc((size_t)size);
	const char *at;

	assert_int_equal(pread(fd, bytes, (size_t)size, 0), size);
	at = memmem(bytes, (size_t)size, text, strlen(text));
	assert_non_null(at);
	return at - bytes;
}

static void write_at(struct fixture *f, off_t at, const char *text)
{
	AUTO_CLOSE int fd = open(f->file, O_RDWR);

	assert_int_equal(pwrite(fd, text, strlen(text), at), (ssize_t)strlen(text));
}

static void a_record_that_has_changed_is_lost_and_counted(void **state)
{
	struct fixture *f = *state;

	/* Of a page that only the last commit has written. */
	write_at(f, find_text(f, "client-3"), "CLIENT-3");
	assert_whole(f->from);
	assert_int_equal(salvage(f), 0);
	assert_true(f->summary.gaps > 0);
	assert_int_equal(f->summary.tables[STORE_SESSIONS].taken, SESSIONS - 1);
	assert_int_equal(f->summary.tables[STORE_SESSIONS].lost, 1);
	assert_int_equal(f->summary.tables[STORE_MESSAGES].lost, 0);
	assert_whole(f->to);
	assert_int_equal(census_of(f->to).bad, 0);
}

static void a_store_whose_file_is_something_else_is_followed_by_an_empty_one(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truncate(f->file, 0), 0);
	write_at(f, 0, "not a store");
	assert_int_equal(salvage(f), 0);
	assert_int_equal(f->summary.gaps, 1);
	assert_int_equal(f->summary.tables[STORE_MESSAGES].taken, 0);
	assert_whole(f->to);
	assert_int_equal(census_of(f->to).good[STORE_META], 1); /* the layout */
	unlink(f->file);
	assert_int_equal(salvage(f), -ENOENT);
}

static void a_table_whose_name_has_changed_is_missed(void **state)
{
	struct fixture *f = *state;
	struct lmdb_check_summary summary;
	struct str problem = { 0 };
	int fd = open(f->file, O_RDWR);
	uint8_t page[4096];
	off_t at = 0;

	/* In all states that are in the file. */
	for (; pread(fd, page, sizeof(page), at) == (ssize_t)sizeof(page); at += 4096) {
		uint8_t *name = memmem(page, sizeof(page), "messages", 8);

		if (name != NULL)
			name[7] = 'S';
		assert_true(pwrite(fd, page, sizeof(page), at) > 0);
	}
	close(fd);
	assert_int_equal(store_examine(f->from, &summary, &problem), -EUCLEAN);
	assert_non_null(strstr(str_text(&problem), "messageS"));
	str_finish(&problem);
	assert_int_equal(salvage(f), 0);
	assert_true(f->summary.gaps > 0);
	assert_int_equal(f->summary.tables[STORE_MESSAGES].taken, 0);
	assert_int_equal(f->summary.tables[STORE_SESSIONS].taken, SESSIONS);
}

/* Whatever is changed, what is taken over is a whole store of good records. */
static void any_damage_leaves_a_whole_store(void **state)
{
	struct fixture *f = *state;
	struct dice dice = { 5 };
	off_t size;
	int fd = open(f->file, O_RDWR);

	size = lseek(fd, 0, SEEK_END);
	for (int i = 0; i < 300; i++) {
		off_t at = (off_t)dice_roll(&dice, (uint32_t)size / 4096) * 4096 +
			   dice_roll(&dice, dice_roll(&dice, 2) > 0 ? 160 : 4096);
		uint8_t before, after = (uint8_t)dice_roll(&dice, 256);

		assert_int_equal(pread(fd, &before, 1, at), 1);
		assert_int_equal(pwrite(fd, &after, 1, at), 1);
		assert_int_equal(salvage(f), 0);
		assert_whole(f->to);
		assert_int_equal(census_of(f->to).bad, 0);
		if (f->summary.gaps == 0)
			assert_int_equal(f->summary.tables[STORE_MESSAGES].taken, MESSAGES);
		assert_int_equal(pwrite(fd, &before, 1, at), 1);
	}
	close(fd);
}

static void a_store_of_a_newer_version_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct lmdb_options options = { 64 << 20, 1 << 30, STORE_TABLES, 0600 };
	struct store_maker m = { 0 };

	assert_int_equal(lmdb_open(f->from, &options, &m.db), 0);
	assert_int_equal(lmdb_table(m.db, store_table_name(STORE_META), &m.tables[STORE_META]), 0);
	maker_put_meta(&m, STORE_META_LAYOUT, STORE_LAYOUT + 1);
	assert_int_equal(maker_commit(&m), 0);
	lmdb_close(m.db);
	str_finish(&m.log);
	assert_int_equal(salvage(f), -EPROTONOSUPPORT);
}

/* More than goes into one commit, and more than the map has to begin with. */
static void a_large_store_is_taken_in_pieces(void **state)
{
	struct fixture *f = *state;

	empty(f->from);
	assert_int_equal(make_store(f->from, 100, 60000, false), 0);
	assert_int_equal(salvage(f), 0);
	assert_int_equal(f->summary.gaps, 0);
	assert_int_equal(f->summary.tables[STORE_MESSAGES].taken, 60000);
	assert_true(census_of(f->from).hash == census_of(f->to).hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(of_a_whole_store_everything_is_taken),
		TEST(a_record_that_has_changed_is_lost_and_counted),
		TEST(a_store_whose_file_is_something_else_is_followed_by_an_empty_one),
		TEST(a_table_whose_name_has_changed_is_missed),
		TEST(any_damage_leaves_a_whole_store),
		TEST(a_store_of_a_newer_version_is_refused),
		TEST(a_large_store_is_taken_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
