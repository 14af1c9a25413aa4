/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/mem.h"
#include "common/settings_file.h"
#include "common/utf8.h"
#include "gateway/plugin/dead_letters.h"
#include "gateway/result/json_scan.h"

struct rig {
	char folder[64], path[80], rotated[80];
	struct dead_letters d;
	struct str text; /* of the file */
};

static int setup(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));

	strcpy(rig->folder, "/tmp/belfry-letters.XXXXXX");
	assert_non_null(mkdtemp(rig->folder));
	snprintf(rig->path, sizeof(rig->path), "%s/dead", rig->folder);
	snprintf(rig->rotated, sizeof(rig->rotated), "%s/dead.1", rig->folder);
	rig->d = (struct dead_letters){
		.path = xstrdup(rig->path), .output = xstrdup("log\"stash"), .max_size = 1 << 20
	};
	*state = rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;

	dead_letters_finish(&rig->d);
	unlink(rig->path);
	unlink(rig->rotated);
	assert_int_equal(rmdir(rig->folder), 0);
	str_finish(&rig->text);
	free(rig);
	return 0;
}

static struct relay_text text_of(struct span s)
{
	return (struct relay_text){ (const char *)s.data, s.len };
}

static void add(struct rig *rig, struct span text, struct span topic, const char *reason)
{
	struct relay_record r = { .id = text_of(BYTES("j-1")),
		.text = text_of(text),
		.topic = text_of(topic),
		.received_ns = 1795406706789000000 };

	dead_letters_add(&rig->d, &r, reason);
}

static struct span contents(struct rig *rig, const char *path)
{
	str_clear(&rig->text);
	assert_int_equal(settings_read_file(path, &rig->text), 0);
	return str_span(&rig->text);
}

static bool has(struct span text, const char *part)
{
	return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void assert_has(struct span text, const char *part)
{
	if (!has(text, part))
		fail_msg("%s is not in %.*s", part, SPAN_ARGS(text));
}

static void a_letter_says_what_was_refused_and_why(void **state)
{
	struct rig *rig = *state;
	struct span line;

	add(rig, BYTES("{\"a\":1}"), BYTES("logs/app"), "no \"index\"");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_int_equal(rig->d.lines.len, 0);
	line = contents(rig, rig->path);
	assert_has(line, "{\"output\":\"log\\\"stash\",\"time\":\"2");
	assert_has(line, "\"received\":\"2026-11-23T04:05:06.789Z\"");
	assert_has(line, "\"reason\":\"no \\\"index\\\"\",\"id\":\"j-1\",\"topic\":\"logs/app\"");
	assert_has(line, "\"record\":\"{\\\"a\\\":1}\"}\n");
}

static void what_is_no_text_is_base64(void **state)
{
	struct rig *rig = *state;

	add(rig, BYTES("\xff\x00\x01"), BYTES(""), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), ",\"record_base64\":\"/wAB\"}\n");
	assert_false(has(str_span(&rig->text), "topic"));
}

/* One line and valid JSON for each, whatever bytes record, topic and reason are made of. */
static void lines_are_json_whatever_the_bytes(void **state)
{
	struct rig *rig = *state;
	struct dice dice = { 3 };
	struct json_scan scan = { 0 };
	char bytes[64], reason[64];
	struct span text;
	size_t lines = 0;

	for (int i = 0; i < 500; i++) {
		size_t len = dice_roll(&dice, 64), said = dice_roll(&dice, 63);

		for (size_t n = 0; n < len; n++)
			bytes[n] = (char)dice_roll(&dice, i % 2 ? 128 : 256);
		for (size_t n = 0; n < said; n++)
			reason[n] = (char)(1 + dice_roll(&dice, 255));
		reason[said] = '\0';
		add(rig, span_of(bytes, len), span_of(bytes, len), reason);
	}
	assert_int_equal(dead_letters_write(&rig->d), 0);
	text = contents(rig, rig->path);
	assert_true(utf8_valid(text));
	while (text.len > 0) {
		struct span line = span_cut(&text, '\n');

		assert_int_equal(json_scan(&scan, line), REJECT_NONE);
		lines++;
	}
	assert_int_equal(lines, 500);
	json_scan_finish(&scan);
}

static void a_file_that_has_grown_is_renamed(void **state)
{
	struct rig *rig = *state;

	rig->d.max_size = 200;
	add(rig, BYTES("first"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_int_equal(access(rig->rotated, F_OK), -1);
	add(rig, BYTES("second"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->rotated), "\"second\"");
	assert_has(str_span(&rig->text), "\"first\"");
	assert_int_equal(access(rig->path, F_OK), -1);
	add(rig, BYTES("third"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), "\"third\"");
	add(rig, BYTES("fourth"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->rotated), "\"third\""); /* in place of the one before */
}

static void what_cannot_be_written_is_kept(void **state)
{
	struct rig *rig = *state;

	assert_int_equal(rmdir(rig->folder), 0);
	add(rig, BYTES("first"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), -ENOENT);
	add(rig, BYTES("second"), BYTES("t"), "bad");
	assert_int_equal(mkdir(rig->folder, 0700), 0);
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), "\"first\"");
	assert_has(str_span(&rig->text), "\"second\"");
	assert_int_equal(dead_letters_write(&rig->d), 0); /* nothing more */
	assert_int_equal(contents(rig, rig->path).len, str_span(&rig->text).len);
}

static void only_a_file_is_written_to(void **state)
{
	struct rig *rig = *state;

	add(rig, BYTES("x"), BYTES("t"), "bad");
	assert_int_equal(symlink("elsewhere", rig->path), 0);
	assert_int_equal(dead_letters_write(&rig->d), -ELOOP);
	assert_int_equal(unlink(rig->path), 0);
	assert_int_equal(
			mkfifo(rig->path, 0600), 0); /* nobody reads: an open would wait for ever */
	assert_int_equal(dead_letters_write(&rig->d), -EINVAL);
}

/* The file may not become any larger than it is and ten bytes. */
static void allow_ten_bytes_more(struct rig *rig, struct rlimit *ret_before)
{
	struct rlimit limit;
	struct stat st;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(stat(rig->path, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, ret_before), 0);
	limit = *ret_before;
	limit.rlim_cur = (rlim_t)st.st_size + 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_line_that_a_full_disk_tore_is_taken_back(void **state)
{
	struct rig *rig = *state;
	struct rlimit before;
	struct stat first, then;

	add(rig, BYTES("first"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_int_equal(stat(rig->path, &first), 0);
	allow_ten_bytes_more(rig, &before);
	add(rig, BYTES("second"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), -ENOSPC);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(stat(rig->path, &then), 0);
	assert_int_equal(then.st_size, first.st_size);
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), "\"second\"}\n");
}

/* One that was killed while it wrote leaves half a line, which is not to spoil the next one. */
static void a_torn_line_stands_alone(void **state)
{
	struct rig *rig = *state;
	FILE *f = fopen(rig->path, "w");

	assert_non_null(f);
	fputs("{\"output\":\"log", f);
	fclose(f);
	add(rig, BYTES("next"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), "{\"output\":\"log\n{\"output\":\"log\\\"stash\"");
	add(rig, BYTES("third"), BYTES("t"), "bad");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_has(contents(rig, rig->path), "\"next\"}\n{\"output\"");
}

/* What the log is told `at` so many milliseconds; "": nothing. */
static const char *told(struct rig *rig, int64_t at, bool is_last)
{
	struct instant now = instant_after((struct instant){ 1 }, milliseconds(at));

	str_clear(&rig->text);
	if (!dead_letters_tell(&rig->d, now, is_last, &rig->text))
		assert_int_equal(rig->text.len, 0);
	return str_text(&rig->text);
}

static void refuse(struct rig *rig, size_t count, const char *reason)
{
	for (size_t i = 0; i < count; i++)
		add(rig, BYTES("x"), BYTES("t"), reason);
	assert_int_equal(dead_letters_write(&rig->d), 0);
}

static void the_log_is_told_once_in_a_while(void **state)
{
	struct rig *rig = *state;
	char first[160], next[160];

	snprintf(first, sizeof(first), "record j-1 is a dead letter (%s): a\\x0ab", rig->path);
	snprintf(next, sizeof(next), "record j-1 is a dead letter (%s): c (and 998 more)",
			rig->path);
	assert_string_equal(told(rig, 0, true), "");
	add(rig, BYTES("x"), BYTES("t"), "a\nb");
	assert_string_equal(told(rig, 0, false), ""); /* not yet on disk */
	assert_string_equal(told(rig, 0, true), "");
	assert_int_equal(dead_letters_write(&rig->d), 0);
	assert_string_equal(told(rig, 0, false), first);
	assert_string_equal(told(rig, 20000, false), "");
	refuse(rig, 1, "a\nb");
	assert_string_equal(told(rig, 20000, false), first);
	refuse(rig, 1, "c");
	assert_string_equal(told(rig, 29999, false), "");
	refuse(rig, 998, "d");
	assert_string_equal(told(rig, 30000, false), next);
	refuse(rig, 1, "a\nb");
	assert_string_equal(told(rig, 30001, false), "");
	assert_string_equal(told(rig, 30001, true), first); /* the end: nothing is kept back */
	assert_string_equal(told(rig, 90000, true), "");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_letter_says_what_was_refused_and_why),
		TEST(what_is_no_text_is_base64),
		TEST(lines_are_json_whatever_the_bytes),
		TEST(a_file_that_has_grown_is_renamed),
		TEST(what_cannot_be_written_is_kept),
		TEST(only_a_file_is_written_to),
		TEST(a_line_that_a_full_disk_tore_is_taken_back),
		TEST(a_torn_line_stands_alone),
		TEST(the_log_is_told_once_in_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
