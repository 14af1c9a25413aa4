/* SPDX-License-Identifier: MIT */
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/mem.h"
#include "gateway/why.h"

enum { RECORDS = 10000 };

struct fixture {
	char folder[64];
	struct journal *journal;
	struct config config;
	size_t asked, most;
};

static void append(struct fixture *f)
{
	struct record_batch batch = { 0 };

	for (int i = 0; i < RECORDS; i++) {
		struct record r = { .kind = RECORD_RESULT,
			.topic = SPAN("nagios/h/s"),
			.result = { .host = SPAN("h"), .service = SPAN("s"), .ttl = -1 } };

		record_batch_add(&batch, &r);
	}
	assert_int_equal(journal_append(f->journal, &batch, NULL, NULL), 0);
	record_batch_finish(&batch);
}

static int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct journal_options options = { .folder = f->folder, .max_bytes = 64 << 20 };

	strcpy(f->folder, "/tmp/belfry-why-XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(journal_open(&options, &f->journal), 0);
	append(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	journal_close(f->journal);
	snprintf(command, sizeof(command), "rm -r %s", f->folder);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static bool goes_on(void *owner)
{
	struct fixture *f = owner;

	return ++f->asked <= f->most;
}

static void add_page(void *owner, struct span array, bool is_last)
{
	assert_true(is_last);
	str_append(owner, array);
}

static int ask(struct fixture *f, struct str *into, struct why_found *ret)
{
	struct why_source source = { .config = &f->config, .journal = f->journal };
	struct why why = {
		.host = SPAN("h"), .service = SPAN("s"), .limit = 1, .goes_on = goes_on, .owner = f
	};

	return why_format(&why, &source, 65536, add_page, into, ret);
}

/* A reader keeps the journal from growing, and so whoever writes to it. */
static void the_journal_is_read_in_pieces(void **state)
{
	struct fixture *f = *state;
	struct why_found found;
	struct str text = { 0 };

	f->most = SIZE_MAX;
	assert_int_equal(ask(f, &text, &found), 0);
	assert_in_range(f->asked, 2, RECORDS / 100);
	assert_int_equal(found.count, 10000);
	assert_non_null(strstr(str_text(&text), "\"sequence\":10000,"));
	str_finish(&text);
}

/* Not even of the host that has no name. */
static void a_message_that_is_passed_on_is_of_no_host(void **state)
{
	struct fixture *f = *state;
	struct why_source source = { .config = &f->config, .journal = f->journal };
	struct why why = { .all_services = true, .limit = 1 };
	struct record r = { .kind = RECORD_MESSAGE, .topic = SPAN("logs/x") };
	struct record_batch batch = { 0 };
	struct why_found found;
	struct str text = { 0 };

	record_batch_add(&batch, &r);
	assert_int_equal(journal_append(f->journal, &batch, NULL, NULL), 0);
	record_batch_finish(&batch);
	assert_int_equal(why_format(&why, &source, 65536, add_page, &text, &found), 0);
	assert_int_equal(found.count, 0);
	str_finish(&text);
}

static void it_can_be_ended(void **state)
{
	struct fixture *f = *state;
	struct why_found found;
	struct str text = { 0 };

	f->most = 1;
	assert_int_equal(ask(f, &text, &found), -ECANCELED);
	str_finish(&text);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_journal_is_read_in_pieces),
		T(a_message_that_is_passed_on_is_of_no_host),
		T(it_can_be_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
