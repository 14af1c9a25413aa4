/* SPDX-License-Identifier: MIT */
#include "gateway/journal/progress.h"

#include <fcntl.h>

#include "common/hash.h"
#include "common/wire.h"
#include "tests/unit/gateway/journal/journal_rig.h"

static void progress_is_believed_only_of_the_same_journal(void **state)
{
	struct fixture *f = *state;
	struct progress p = { .confirmed = 5,
		.issued_first = 6,
		.issued_last = 9,
		.place = 77,
		.is_named = true,
		.held = 3,
		.peer = 4 },
			back = { 0 };
	struct progress_file *file;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/p", f->root);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_false(progress_load(file, &back));
	assert_int_equal(progress_store(file, &p), 0);
	progress_close(file);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_true(progress_load(file, &back));
	assert_int_equal(back.confirmed, 5);
	assert_int_equal(back.issued_first, 6);
	assert_int_equal(back.issued_last, 9);
	assert_int_equal(back.place, 77);
	assert_int_equal(back.held, 3);
	assert_int_equal(back.peer, 4);
	progress_close(file);
	assert_int_equal(progress_open(path, 43, &file), 0);
	assert_false(progress_load(file, &back));
	progress_close(file);
	assert_int_equal(back.peer, 0);
	fd = open(path, O_RDWR);
	assert_int_equal(pwrite(fd, "x", 1, 60), 1);
	close(fd);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_false(progress_load(file, &back));
	assert_int_equal(back.peer, 0);
	progress_close(file);
}

/* Give the file another boot, and the checksum that belongs to it. */
static void change_boot(const char *path)
{
	uint8_t bytes[128];
	struct writer w;
	int fd = open(path, O_RDWR);
	ssize_t size = read(fd, bytes, sizeof(bytes));

	assert_true(size > 48);
	bytes[8] ^= 1;
	w = writer_of(bytes + size - 4, 4);
	write_u32(&w, hash_span(0, span_of(bytes, (size_t)size - 4)));
	assert_int_equal(pwrite(fd, bytes, (size_t)size, 0), size);
	close(fd);
}

static void progress_of_an_earlier_boot_tells_what_may_be_forgotten(void **state)
{
	struct fixture *f = *state;
	struct progress p = { .confirmed = 5, .issued_last = 9, .held = 3, .peer = 4 };
	struct progress back = { 0 };
	struct progress_file *file;
	char path[128];

	snprintf(path, sizeof(path), "%s/p", f->root);
	assert_int_equal(progress_open(path, 42, &file), 0);
	assert_int_equal(progress_store(file, &p), 0);
	change_boot(path);
	assert_false(progress_load(file, &back));
	assert_int_equal(back.confirmed, 0);
	assert_int_equal(back.issued_last, 0);
	assert_int_equal(back.held, 3);
	assert_int_equal(back.peer, 4);
	progress_close(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(progress_is_believed_only_of_the_same_journal),
		TEST(progress_of_an_earlier_boot_tells_what_may_be_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
