/* SPDX-License-Identifier: MIT */
/*
 * A journal in a folder of its own, with two outputs; what is appended tells its number, and what
 * is read is looked at.
 */
#ifndef TESTS_UNIT_GATEWAY_JOURNAL_JOURNAL_RIG_H
#define TESTS_UNIT_GATEWAY_JOURNAL_JOURNAL_RIG_H

#include <inttypes.h>
#include <stdio.h>

#include "common/mem.h"
#include "gateway/journal/journal.h"
#include "tests/unit/unit.h"

struct fixture {
	char root[64];
	char folder[96];
	const char *outputs[2];
	struct journal_options options;
	struct journal *journal;
	uint64_t expected; /* sequence that the next record read must have */
	size_t stop_after;
	size_t seen;
	void (*committed)(void *owner); /* of append() */
};

static inline void open_it(struct fixture *f)
{
	assert_int_equal(journal_open(&f->options, &f->journal), 0);
	assert_int_equal(journal_settle(f->journal), 0);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strcpy(f->root, "/tmp/belfry-journal-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->folder, sizeof(f->folder), "%s/journal", f->root);
	f->outputs[0] = "fast";
	f->outputs[1] = "slow";
	f->options = (struct journal_options){
		.folder = f->folder, .max_bytes = 4 << 20, .outputs = f->outputs, .output_count = 2
	};
	open_it(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	journal_close(f->journal);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static inline int append(struct fixture *f, size_t count, size_t size)
{
	struct record_batch batch = { 0 };
	uint64_t next = journal_status(f->journal).head + 1;
	uint8_t *payload = xcalloc(1, size + 8);
	int r;

	for (size_t i = 0; i < count; i++) {
		char topic[32];
		struct record record = {
			.kind = RECORD_MESSAGE,
			.payload = { payload, size },
			.retain = i % 2 == 1,
			.source = 3,
		};

		snprintf(topic, sizeof(topic), "nagios/h/%" PRIu64, next + i);
		record.topic = span_of_text(topic);
		record.received.ns = (int64_t)(next + i) * 1000;
		record_batch_add(&batch, &record);
	}
	r = journal_append(f->journal, &batch, f->committed, f);
	record_batch_finish(&batch);
	free(payload);
	return r;
}

static inline bool check_record(void *owner, const struct record *record)
{
	struct fixture *f = owner;
	char topic[32];

	snprintf(topic, sizeof(topic), "nagios/h/%" PRIu64, record->sequence);
	assert_int_equal(record->sequence, f->expected);
	assert_true(span_equal_text(record->topic, topic));
	assert_int_equal(record->received.ns, (int64_t)record->sequence * 1000);
	assert_int_equal(record->source, 3);
	f->expected++;
	f->seen++;
	return f->seen != f->stop_after;
}

/* Read all behind `after`; returns how many there were. */
static inline size_t read_behind(struct fixture *f, size_t reader, uint64_t after)
{
	f->expected = after + 1;
	f->seen = 0;
	assert_int_equal(journal_reader_read(journal_reader_at(f->journal, reader), &after,
					 check_record, f),
			0);
	assert_int_equal(after + 1, f->expected);
	return f->seen;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
