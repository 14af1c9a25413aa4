/* SPDX-License-Identifier: MIT */
/*
 * What is read from a file in spite of damage: everything else, and of what is damaged what the
 * transaction before had.
 */
#include "tests/unit/common/lmdb_fixture.h"

#include "common/lmdb_salvage.h"

enum { MAX_TAKEN = 5000 };

/* The good records that were met, each once. */
struct harvest {
	uint64_t taken[MAX_TAKEN]; /* hashes of table and key */
	size_t count, older;
	uint64_t hash; /* of the newest ones, as read_all() makes it */
	uint64_t said; /* records that the tables say they have */
	uint64_t gaps;
};

static int note_table(void *owner, struct span name, uint64_t records)
{
	struct harvest *h = owner;

	for (int i = 0; i < TABLES; i++) {
		if (span_equal_text(name, names[i])) {
			h->said += records;
			return 0;
		}
	}
	return 1;
}

static bool is_taken(const struct harvest *h, uint64_t hash)
{
	for (size_t i = 0; i < h->count; i++) {
		if (h->taken[i] == hash)
			return true;
	}
	return false;
}

static int take_record(void *owner, const struct lmdb_record *r)
{
	struct harvest *h = owner;
	uint64_t id = (uint64_t)hash_span(1, r->table) << 32 | hash_span(2, r->key);

	if (!record_is_good(r->key, r->value))
		return 1;
	if (is_taken(h, id))
		return 0;
	assert_true(h->count < MAX_TAKEN);
	h->taken[h->count++] = id;
	h->older += r->is_older;
	if (!r->is_older)
		h->hash = (uint64_t)hash_span(h->hash, r->key) << 32 | hash_span(h->hash, r->value);
	return 0;
}

static void salvage(struct fixture *f, struct harvest *h)
{
	const struct lmdb_visitor visitor = { h, note_table, take_record };

	*h = (struct harvest){ 0 };
	assert_int_equal(lmdb_salvage(f->path, &visitor, &h->gaps), 0);
}

static void of_a_whole_file_it_is_what_lmdb_reads(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE struct harvest *h = xmalloc(sizeof(*h));

	f->largest = 30000;
	for (int i = 0; i < 10; i++) {
		struct contents all;

		update(f, 3000, 300, 20);
		all = read_all(f);
		salvage(f, h);
		assert_int_equal(h->gaps, 0);
		assert_int_equal(h->count, all.good);
		assert_int_equal(h->said, all.good);
		assert_true(h->hash == all.hash);
	}
}

/*
 * Two states of a small file, the second of which has changed pages of all tables and removed
 * nothing: however a page of the newer is damaged, the older has all that was there before.
 */
static void whatever_byte_is_changed_what_was_there_before_is_found(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE struct harvest *h = xmalloc(sizeof(*h));
	struct contents older, newer;
	off_t size;
	int fd = open(f->path, O_RDWR);

	f->largest = 1;
	for (int i = 0; i < 4; i++)
		update(f, 40, 30, 20);
	older = read_all(f);
	update(f, 40, 30, 0);
	newer = read_all(f);
	assert_true(older.good > 30 && newer.good > older.good);
	assert_true(lseek(fd, 0, SEEK_END) > 0);
	size = lseek(fd, 0, SEEK_CUR);
	for (off_t at = 0; at < size; at++) {
		uint8_t before, change = (uint8_t)(1U << dice_roll(&f->dice, 8));

		assert_int_equal(pread(fd, &before, 1, at), 1);
		exchange_byte(fd, at, before ^ change);
		salvage(f, h);
		if (h->gaps == 0) {
			assert_int_equal(h->count, newer.good);
			assert_true(h->hash == newer.hash);
		} else if (h->count < older.good) {
			fail_msg("byte %lld: %zu of %llu", (long long)at, h->count,
					(unsigned long long)older.good);
		}
		exchange_byte(fd, at, before);
	}
	close(fd);
}

/* Pages full of records, one of them overwritten: what lies beside it is there. */
static void a_page_that_is_lost_costs_its_own_records_alone(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE struct harvest *h = xmalloc(sizeof(*h));
	uint8_t garbage[4096], before[4096];
	struct contents all;
	int fd = open(f->path, O_RDWR);
	size_t least = SIZE_MAX;

	f->largest = 1000;
	for (int i = 0; i < 10; i++)
		update(f, 1000, 200, 0);
	update(f, 1000, 10, 0);
	all = read_all(f);
	for (size_t i = 0; i < sizeof(garbage); i++)
		garbage[i] = (uint8_t)dice_roll(&f->dice, 256);
	for (off_t at = 0; pread(fd, before, sizeof(before), at) == (ssize_t)sizeof(before);
			at += (off_t)sizeof(before)) {
		assert_true(pwrite(fd, garbage, sizeof(garbage), at) > 0);
		salvage(f, h);
		assert_true(h->count >= all.good - 300);
		least = h->count < least ? h->count : least;
		assert_true(pwrite(fd, before, sizeof(before), at) > 0);
	}
	assert_true(least < all.good);
	close(fd);
}

static void of_a_file_that_is_cut_short_the_rest_is_found(void **state)
{
	struct fixture *f = *state;
	AUTO_FREE struct harvest *h = xmalloc(sizeof(*h));
	size_t some = 0;
	uint64_t gaps;
	const struct lmdb_visitor visitor = { h, NULL, take_record };

	f->largest = 1000;
	update(f, 1000, 500, 0);
	update(f, 1000, 500, 0);
	assert_int_equal(lmdb_check_tables(f->path, names, &f->summary, &f->problem), 0);
	lmdb_close(f->db);
	f->db = NULL;
	for (uint64_t pages = f->summary.pages - 1; pages > 1; pages--) {
		assert_int_equal(truncate(f->path, (off_t)(pages * f->summary.page_size)), 0);
		salvage(f, h);
		some += h->count > 0;
	}
	assert_true(some > 3);
	assert_int_equal(truncate(f->path, 100), 0);
	assert_int_equal(lmdb_salvage(f->path, &visitor, &gaps), -EUCLEAN);
}

static int refuse(void *owner, const struct lmdb_record *r)
{
	(void)r;
	*(unsigned *)owner += 1;
	return -ECANCELED;
}

static void a_visit_that_fails_ends_it(void **state)
{
	struct fixture *f = *state;
	unsigned visits = 0;
	const struct lmdb_visitor visitor = { &visits, NULL, refuse };
	uint64_t gaps;

	f->largest = 1;
	update(f, 100, 50, 0);
	assert_int_equal(lmdb_salvage(f->path, &visitor, &gaps), -ECANCELED);
	assert_int_equal(visits, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(of_a_whole_file_it_is_what_lmdb_reads),
		TEST(whatever_byte_is_changed_what_was_there_before_is_found),
		TEST(a_page_that_is_lost_costs_its_own_records_alone),
		TEST(of_a_file_that_is_cut_short_the_rest_is_found),
		TEST(a_visit_that_fails_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
