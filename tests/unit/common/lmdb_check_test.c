/* SPDX-License-Identifier: MIT */
/*
 * Files that LMDB has written pass; files of which any byte was changed do not, or LMDB reads in
 * them what it has written, and can write on.
 */
#include "tests/unit/common/lmdb_fixture.h"

#include "common/lmdb_salvage.h"

static int check(struct fixture *f)
{
	str_clear(&f->problem);
	return lmdb_check_tables(f->path, names, &f->summary, &f->problem);
}

static void assert_whole(struct fixture *f)
{
	if (check(f) != 0)
		fail_msg("%s", str_text(&f->problem));
	assert_int_equal(f->summary.leaked, 0);
}

/* --- whole files ---------------------------------------------------------------------------- */

static void what_lmdb_writes_passes(void **state)
{
	struct fixture *f = *state;

	assert_whole(f);
	assert_int_equal(f->summary.records, 0);
	for (int i = 0; i < 60; i++) {
		struct contents all;

		f->largest = i % 3 == 0 ? 30000 : 3000;
		update(f, i < 30 ? 3000 : 30, 1 + dice_roll(&f->dice, 600),
				dice_roll(&f->dice, 90));
		all = read_all(f);
		assert_whole(f);
		assert_int_equal(f->summary.records, all.good);
		assert_int_equal(all.bad, 0);
	}
}

/* LMDB does not write pages that are set free in the transaction that first used them. */
static void a_file_may_end_before_its_last_page(void **state)
{
	struct fixture *f = *state;

	f->largest = 3000;
	for (int i = 0; i < 200; i++) {
		update(f, 3000, 300, 60);
		assert_whole(f);
		if (f->summary.pages < f->summary.used + f->summary.free)
			break;
	}
	assert_true(f->summary.pages < f->summary.used + f->summary.free);
	lmdb_close(f->db);
	open_all(f);
	assert_int_equal(read_all(f).good, f->summary.records);
}

static void while_there_is_a_reader_pages_are_kept_and_the_file_passes(void **state)
{
	struct fixture *f = *state;
	struct MDB_txn *txn;

	f->largest = 1000;
	update(f, 1000, 200, 0);
	assert_int_equal(lmdb_read_begin(f->db, &txn), 0);
	for (int i = 0; i < 20; i++) {
		update(f, 1000, 20, 50);
		assert_whole(f);
	}
	lmdb_read_end(f->db, txn);
	update(f, 1000, 20, 50);
	assert_whole(f);
}

/* Of LMDB's own making, with a beginning of its own: the count of transactions begins anew. */
static void a_copy_passes_and_can_be_written_on(void **state)
{
	struct fixture *f = *state;
	char copy[96], lock[96];

	snprintf(copy, sizeof(copy), "%s/copy", f->folder);
	snprintf(lock, sizeof(lock), "%s/lock.mdb", f->folder);
	f->largest = 9000;
	for (int compact = 0; compact < 2; compact++) {
		int fd;

		for (int i = 0; i < 5; i++)
			update(f, 1000, 200, 30);
		fd = open(copy, O_RDWR | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(lmdb_copy(f->db, fd, compact), 0);
		close(fd);
		lmdb_close(f->db);
		unlink(lock);
		assert_int_equal(rename(copy, f->path), 0);
		assert_whole(f);
		assert_true(compact == 0 || f->summary.free == 0);
		open_all(f);
		for (int i = 0; i < 5; i++) {
			update(f, 1000, 200, 30);
			assert_whole(f);
		}
	}
}

/* --- damaged files -------------------------------------------------------------------------- */

static int count_record(void *owner, const struct lmdb_record *r)
{
	struct contents *all = owner;

	if (!r->is_older)
		add_record(all, r->key, r->value);
	return 0;
}

/* How often damage was found by whom. */
struct tally {
	unsigned by_check, by_checksum, harmless;
};

/* LMDB reads what is in the file, it has no memory of its own, but for what it reads at its start.
 */
static void try_change(
		struct fixture *f, const struct contents *whole, bool anew, struct tally *tally)
{
	const struct lmdb_visitor visitor = { &(struct contents){ 0 }, NULL, count_record };
	struct contents now;
	uint64_t gaps;

	lmdb_salvage(f->path, &visitor, &gaps); /* survives it */
	if (check(f) != 0) {
		assert_true(f->problem.len > 0);
		tally->by_check++;
		return;
	}
	if (anew) {
		lmdb_close(f->db);
		open_all(f);
	}
	now = read_all(f);
	if (now.bad > 0) {
		assert_int_equal(now.good + now.bad, whole->good);
		tally->by_checksum++;
		return;
	}
	assert_int_equal(now.good, whole->good);
	assert_true(now.hash == whole->hash);
	tally->harmless++;
}

/* A small file with everything: large values, pages that are free, tables that are empty. */
static struct contents make_small(struct fixture *f)
{
	struct contents all;

	f->largest = 1;
	update(f, 40, 60, 0);
	f->largest = 9000;
	update(f, 40, 20, 10);
	f->largest = 1;
	update(f, 40, 10, 50);
	update(f, 40, 60, 0);
	all = read_all(f);
	assert_whole(f);
	assert_true(f->summary.free > 2);
	return all;
}

static void every_byte_that_is_changed_is_found_or_harmless(void **state)
{
	struct fixture *f = *state;
	struct contents whole = make_small(f);
	struct tally tally = { 0 };
	int fd = open(f->path, O_RDWR);
	off_t size = (off_t)(f->summary.pages * f->summary.page_size);

	for (off_t at = 0; at < size; at++) {
		uint8_t before, change = (uint8_t)(1U << dice_roll(&f->dice, 8));

		assert_int_equal(pread(fd, &before, 1, at), 1);
		if (dice_roll(&f->dice, 2) == 0)
			change = (uint8_t)(1 + dice_roll(&f->dice, 255));
		exchange_byte(fd, at, before ^ change);
		try_change(f, &whole, at < 2 * (off_t)f->summary.page_size && at % 4096 < 160,
				&tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_whole(f);
	print_message("%u found, %u found by checksums, %u harmless\n", tally.by_check,
			tally.by_checksum, tally.harmless);
	assert_true(tally.by_check > 100 && tally.by_checksum > 1000);
}

/* All single bits of the meta pages, which are short and of which each bit counts. */
static void every_bit_of_the_meta_pages_is_found_or_harmless(void **state)
{
	struct fixture *f = *state;
	struct contents whole = make_small(f);
	struct tally tally = { 0 };
	int fd = open(f->path, O_RDWR);

	for (int bit = 0; bit < 2 * 160 * 8; bit++) {
		off_t at = bit / 8 % 160 + (bit < 160 * 8 ? 0 : (off_t)f->summary.page_size);
		uint8_t before;

		assert_int_equal(pread(fd, &before, 1, at), 1);
		exchange_byte(fd, at, (uint8_t)(before ^ 1U << bit % 8));
		try_change(f, &whole, true, &tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_true(tally.by_check > 1000);
}

/* A commit that is made to look older or newer than it is. */
static void the_number_of_a_transaction_is_not_believed_alone(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->path, O_RDWR);

	make_small(f);
	for (int i = 0; i < 4; i++) {
		update(f, 40, 20, 20);
		assert_whole(f);
		for (int bit = 0; bit < 128; bit++) {
			off_t at = 144 + bit / 8 % 8 + (bit < 64 ? 0 : 4096);
			uint8_t before;

			assert_int_equal(pread(fd, &before, 1, at), 1);
			exchange_byte(fd, at, (uint8_t)(before ^ 1U << bit % 8));
			assert_int_equal(check(f), -EUCLEAN);
			exchange_byte(fd, at, before);
		}
	}
	close(fd);
}

/* Changes `page` of the kind and returns whether there was something to change. */
typedef bool page_change(uint8_t *page, const struct lmdb_page *view);

/* In how many pages of that kind is such a change found? Reading them one by one, it is not. */
static unsigned count_found(struct fixture *f, uint16_t kind, page_change *change)
{
	AUTO_CLOSE int fd = open(f->path, O_RDWR);
	uint8_t before[4096], page[4096];
	unsigned found = 0;

	for (off_t at = 2 * 4096; pread(fd, before, 4096, at) == 4096; at += 4096) {
		struct lmdb_page view;

		memcpy(page, before, sizeof(page));
		view = lmdb_page_view(page, sizeof(page));
		if (view.flags != kind || !change(page, &view))
			continue;
		assert_int_equal(pwrite(fd, page, 4096, at), 4096);
		found += check(f) == -EUCLEAN;
		assert_int_equal(pwrite(fd, before, 4096, at), 4096);
	}
	assert_whole(f);
	return found;
}

static bool exchange_first_two(uint8_t *page, const struct lmdb_page *view)
{
	uint8_t first[2];

	if (view->count < 2)
		return false;
	memcpy(first, page + LMDB_PAGE_HEADER, 2);
	memcpy(page + LMDB_PAGE_HEADER, page + LMDB_PAGE_HEADER + 2, 2);
	memcpy(page + LMDB_PAGE_HEADER + 2, first, 2);
	return true;
}

static bool change_key(const struct lmdb_page *view, unsigned index, uint8_t byte)
{
	struct lmdb_node node;

	if (!lmdb_node_view(view, index, false, &node) || node.key.len == 0)
		return false;
	((uint8_t *)(uintptr_t)node.key.data)[0] = byte;
	return true;
}

static bool lower_last_key(uint8_t *page, const struct lmdb_page *view)
{
	(void)page;
	return view->count > 1 && change_key(view, view->count - 1, '!');
}

/* Only what is in the pages below tells. */
static bool raise_last_key(uint8_t *page, const struct lmdb_page *view)
{
	(void)page;
	return view->count > 1 && change_key(view, view->count - 1, '~');
}

static void keys_that_are_not_in_order_are_found(void **state)
{
	struct fixture *f = *state;

	f->largest = 1000;
	for (int i = 0; i < 6; i++)
		update(f, 3000, 400, 10);
	assert_true(count_found(f, LMDB_LEAF, exchange_first_two) > 20);
	assert_true(count_found(f, LMDB_BRANCH, lower_last_key) >= TABLES);
	assert_true(count_found(f, LMDB_BRANCH, raise_last_key) >= TABLES);
}

/* A count of the first table: its pages of each kind, its records. */
static bool change_count(uint8_t *page, const struct lmdb_page *view, size_t offset)
{
	struct lmdb_node node;

	if (!lmdb_node_view(view, 0, true, &node) || node.flags != LMDB_SUB_TREE ||
			node.data.len != LMDB_TREE_SIZE)
		return false;
	page[(size_t)(node.data.data - page) + offset] ^= 1;
	return true;
}

static bool change_leaf_pages(uint8_t *page, const struct lmdb_page *view)
{
	return change_count(page, view, 16);
}

static bool change_entries(uint8_t *page, const struct lmdb_page *view)
{
	return change_count(page, view, 32);
}

/* In a list of free pages, the only ones here whose keys are that long. */
static bool exchange_free_pages(uint8_t *page, const struct lmdb_page *view)
{
	uint8_t *list, first[8];
	struct lmdb_node node;

	if (!lmdb_node_view(view, 0, true, &node) || node.key.len != 8 ||
			lmdb_list_count(node.data) < 2)
		return false;
	list = page + (node.data.data - page);
	memcpy(first, list + 8, 8);
	memcpy(list + 8, list + 16, 8);
	memcpy(list + 16, first, 8);
	return true;
}

static void counts_and_lists_that_are_wrong_are_found(void **state)
{
	struct fixture *f = *state;

	make_small(f);
	assert_int_equal(count_found(f, LMDB_LEAF, change_entries), 1);
	assert_int_equal(count_found(f, LMDB_LEAF, change_leaf_pages), 1);
	assert_true(count_found(f, LMDB_LEAF, exchange_free_pages) > 0);
}

static void pages_behind_the_end_of_the_file_must_be_free(void **state)
{
	struct fixture *f = *state;
	uint8_t last;
	int fd = open(f->path, O_RDWR);

	make_small(f);
	last = (uint8_t)f->summary.pages; /* one more than there is */
	exchange_byte(fd, 136, last);
	exchange_byte(fd, 4096 + 136, last);
	assert_int_equal(check(f), -EUCLEAN);
	exchange_byte(fd, 136, last - 1);
	exchange_byte(fd, 4096 + 136, last - 1);
	assert_whole(f);
	close(fd);
}

static void a_free_list_of_another_kind_is_found(void **state)
{
	struct fixture *f = *state;
	int fd = open(f->path, O_RDWR);

	make_small(f);
	exchange_byte(fd, 44, LMDB_INTEGER_KEYS | 4);
	exchange_byte(fd, 4096 + 44, LMDB_INTEGER_KEYS | 4);
	assert_int_equal(check(f), -EUCLEAN);
	close(fd);
}

static void a_large_file_with_some_bytes_changed_is_never_misread(void **state)
{
	struct fixture *f = *state;
	struct contents whole;
	struct tally tally = { 0 };
	int fd;

	f->largest = 9000;
	for (int i = 0; i < 20; i++)
		update(f, 5000, 400, 10);
	whole = read_all(f);
	assert_whole(f);
	fd = open(f->path, O_RDWR);
	for (int i = 0; i < 500; i++) {
		uint32_t page = dice_roll(&f->dice, (uint32_t)f->summary.pages);
		uint32_t bound = dice_roll(&f->dice, 2) > 0 ? 40 : 4096;
		off_t at = (off_t)(page * f->summary.page_size + dice_roll(&f->dice, bound));
		uint8_t before = exchange_byte(fd, at, (uint8_t)dice_roll(&f->dice, 256));

		try_change(f, &whole, false, &tally);
		exchange_byte(fd, at, before);
	}
	close(fd);
	assert_whole(f);
	print_message("%u found, %u found by checksums, %u harmless\n", tally.by_check,
			tally.by_checksum, tally.harmless);
	assert_true(tally.by_check > 20);
}

static void copy_file(const char *from, const char *to, uint64_t size)
{
	AUTO_CLOSE int in = open(from, O_RDONLY),
		       out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	AUTO_FREE char *bytes = xmalloc(size);

	assert_int_equal(pread(in, bytes, size, 0), (ssize_t)size);
	assert_int_equal(pwrite(out, bytes, size, 0), (ssize_t)size);
}

/* What is harmless to readers must be to who writes too. */
static void what_passes_can_be_written_on(void **state)
{
	struct fixture *f = *state;
	unsigned written = 0;
	char whole[96];
	uint64_t pages, size;

	make_small(f);
	pages = f->summary.pages;
	size = pages * f->summary.page_size;
	snprintf(whole, sizeof(whole), "%s/whole", f->folder);
	copy_file(f->path, whole, size);
	for (int i = 0; i < 600; i++) {
		uint32_t page = dice_roll(&f->dice, (uint32_t)pages);
		off_t at = (off_t)(page * 4096 + dice_roll(&f->dice, page < 2 ? 160 : 60));
		int fd;

		lmdb_close(f->db);
		f->db = NULL;
		copy_file(whole, f->path, size);
		fd = open(f->path, O_RDWR);
		exchange_byte(fd, at, (uint8_t)dice_roll(&f->dice, 256));
		close(fd);
		if (check(f) == 0) {
			written++;
			open_all(f);
			for (int j = 0; j < 3; j++)
				update(f, 40, 20, 50);
			assert_int_equal(check(f), 0);
		}
	}
	assert_true(written > 100);
	unlink(whole);
}

static void a_file_that_is_cut_short_is_found(void **state)
{
	struct fixture *f = *state;
	off_t size;

	f->largest = 9000;
	update(f, 300, 500, 0);
	assert_whole(f);
	size = (off_t)(f->summary.pages * f->summary.page_size);
	lmdb_close(f->db);
	f->db = NULL;
	assert_int_equal(truncate(f->path, size - 1), 0);
	assert_int_equal(check(f), -EUCLEAN);
	for (off_t length = size; length > 0; length -= 1 + size / 40) {
		assert_int_equal(truncate(f->path, length - 1), 0);
		assert_int_equal(check(f), -EUCLEAN);
		assert_true(f->problem.len > 0);
	}
}

static void what_is_no_file_of_lmdb_is_said_to_be_none(void **state)
{
	struct fixture *f = *state;

	lmdb_close(f->db);
	f->db = NULL;
	assert_int_equal(truncate(f->path, 0), 0);
	assert_int_equal(check(f), -EUCLEAN);
	unlink(f->path);
	assert_int_equal(check(f), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(what_lmdb_writes_passes),
		TEST(a_file_may_end_before_its_last_page),
		TEST(while_there_is_a_reader_pages_are_kept_and_the_file_passes),
		TEST(a_copy_passes_and_can_be_written_on),
		TEST(every_byte_that_is_changed_is_found_or_harmless),
		TEST(every_bit_of_the_meta_pages_is_found_or_harmless),
		TEST(the_number_of_a_transaction_is_not_believed_alone),
		TEST(keys_that_are_not_in_order_are_found),
		TEST(counts_and_lists_that_are_wrong_are_found),
		TEST(pages_behind_the_end_of_the_file_must_be_free),
		TEST(a_free_list_of_another_kind_is_found),
		TEST(a_large_file_with_some_bytes_changed_is_never_misread),
		TEST(what_passes_can_be_written_on),
		TEST(a_file_that_is_cut_short_is_found),
		TEST(what_is_no_file_of_lmdb_is_said_to_be_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
