/* SPDX-License-Identifier: MIT */
/*
 * Three looks at a store, each on its own: at the pages of its file, at the checksum of every
 * record, and at what records refer to.
 */
#include "cli/store.h"

#include <errno.h>

#include "common/mem.h"
#include "common/store_salvage.h"

enum { MAX_TOLD = 20 }; /* problems of one kind are told one by one up to here */

/* Numbers of records, in order unless the store is damaged. */
struct numbers {
	uint64_t *all;
	size_t count, capacity;
};

struct reference {
	enum store_table table;
	uint64_t number; /* of the record */
	uint64_t to;
	enum store_table to_table;
};

struct census {
	FILE *out; /* NULL: nothing is printed */
	uint64_t problems;
	struct str told; /* the first of them, a line each */
	uint64_t good[STORE_TABLES], bad[STORE_TABLES];
	uint64_t retained;
	uint64_t layout; /* 0: there is none */
	struct numbers sessions, messages;
	struct reference *references;
	size_t reference_count, reference_capacity;
};

static void note_problem(struct census *c, const char *format, ...) PRINTF_LIKE(2, 3);

static void note_problem(struct census *c, const char *format, ...)
{
	va_list args;

	if (c->problems++ >= MAX_TOLD)
		return;
	va_start(args, format);
	str_vprintf(&c->told, format, args);
	va_end(args);
	str_append_byte(&c->told, '\n');
}

/* --- records -------------------------------------------------------------------------------- */

static void note_number(struct numbers *n, uint64_t number)
{
	n->all = grow_array(n->all, n->count, &n->capacity, sizeof(*n->all));
	n->all[n->count++] = number;
}

static void note_reference(struct census *c, enum store_table table, uint64_t number,
		enum store_table to_table, uint64_t to)
{
	c->references = grow_array(c->references, c->reference_count, &c->reference_capacity,
			sizeof(*c->references));
	c->references[c->reference_count++] = (struct reference){ table, number, to, to_table };
}

static void note_good(struct census *c, enum store_table table, struct span key, struct span value)
{
	uint64_t number = store_key_number(key);
	struct stored_delivery delivery;
	struct stored_message message;

	switch (table) {
	case STORE_META:
		if (span_equal_text(key, STORE_META_LAYOUT))
			stored_meta_read(key, value, &c->layout);
		break;
	case STORE_MESSAGES:
		note_number(&c->messages, number);
		c->retained += stored_message_read(key, value, &message) && message.is_retained;
		break;
	case STORE_DELIVERIES:
		if (!stored_delivery_read(key, value, &delivery))
			break;
		note_reference(c, table, number, STORE_SESSIONS, delivery.session);
		if (delivery.message != 0)
			note_reference(c, table, number, STORE_MESSAGES, delivery.message);
		break;
	case STORE_SESSIONS:
		note_number(&c->sessions, number);
		break;
	case STORE_WILLS:
	case STORE_RECEIVED:
	case STORE_SUBSCRIPTIONS:
		note_reference(c, table, number, STORE_SESSIONS, number);
		break;
	case STORE_TABLES:
		break;
	}
}

static int note_record(void *owner, enum store_table table, struct span key, struct span value,
		bool is_good, bool is_older)
{
	struct census *c = owner;

	if (is_older)
		return 0;
	c->good[table] += is_good;
	c->bad[table] += !is_good;
	if (is_good)
		note_good(c, table, key, value);
	else
		note_problem(c, "%s: record %llu is not what was written", store_table_name(table),
				(unsigned long long)store_key_number(key));
	return 0;
}

/* --- references ----------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static bool has_number(const struct numbers *n, uint64_t number)
{
	return n->count > 0 &&
	       bsearch(&number, n->all, n->count, sizeof(number), compare_numbers) != NULL;
}

static void sort_numbers(struct numbers *n)
{
	if (n->count > 0)
		qsort(n->all, n->count, sizeof(*n->all), compare_numbers);
}

static void check_references(struct census *c)
{
	sort_numbers(&c->sessions);
	sort_numbers(&c->messages);
	for (size_t i = 0; i < c->reference_count; i++) {
		const struct reference *r = &c->references[i];
		bool is_session = r->to_table == STORE_SESSIONS;

		if (!has_number(is_session ? &c->sessions : &c->messages, r->to))
			note_problem(c, "%s: record %llu is of %s %llu, which is not there",
					store_table_name(r->table), (unsigned long long)r->number,
					is_session ? "session" : "message",
					(unsigned long long)r->to);
	}
}

/* --- the whole ------------------------------------------------------------------------------ */

static bool has_records(const struct census *c)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < STORE_TABLES; i++)
		sum += c->good[i] + c->bad[i];
	return sum > 0;
}

static void check_layout(struct census *c)
{
	if (c->layout == 0 && has_records(c))
		note_problem(c, "it does not say in which layout it is");
}

static void print_pages(const struct census *c, const struct lmdb_check_summary *pages)
{
	fprintf(c->out, "file: %llu kB, %llu of them free\n",
			(unsigned long long)(pages->pages * pages->page_size / 1024),
			(unsigned long long)((pages->free + pages->leaked) * pages->page_size /
					     1024));
}

static void print_counts(const struct census *c)
{
	for (unsigned i = STORE_META + 1; i < STORE_TABLES; i++) {
		fprintf(c->out, "%s: %llu", store_table_name((enum store_table)i),
				(unsigned long long)c->good[i]);
		if (i == STORE_MESSAGES && c->retained > 0)
			fprintf(c->out, ", %llu of them retained", (unsigned long long)c->retained);
		if (c->bad[i] > 0)
			fprintf(c->out, " and %llu damaged", (unsigned long long)c->bad[i]);
		fputc('\n', c->out);
	}
}

static void print_problems(const struct census *c)
{
	struct span rest = str_span(&c->told);

	while (rest.len > 0) {
		struct span line = span_cut(&rest, '\n');

		fprintf(c->out, "damaged: %.*s\n", SPAN_ARGS(line));
	}
	if (c->problems > MAX_TOLD)
		fprintf(c->out, "damaged: %llu more\n", (unsigned long long)c->problems - MAX_TOLD);
}

static void print(const struct census *c, const struct lmdb_check_summary *pages)
{
	if (pages->pages > 0)
		print_pages(c, pages);
	print_counts(c);
	print_problems(c);
}

/* 0 or -errno when it cannot be read; what is wrong with it is noted. */
static int take_census(struct census *c, const char *folder)
{
	const struct store_visitor visitor = { c, NULL, note_record };
	struct lmdb_check_summary pages = { 0 };
	struct str problem = { 0 };
	uint64_t gaps = 0;
	int result = store_examine(folder, &pages, &problem);

	if (result == -EUCLEAN)
		note_problem(c, "%s", str_text(&problem));
	str_finish(&problem);
	if (result == 0 || result == -EUCLEAN)
		result = store_visit(folder, &visitor, &gaps);
	if (result < 0)
		return result;
	if (c->layout > STORE_LAYOUT)
		return -EPROTONOSUPPORT;
	check_layout(c);
	check_references(c);
	if (c->out != NULL)
		print(c, &pages);
	return 0;
}

static void finish(struct census *c)
{
	str_finish(&c->told);
	free(c->sessions.all);
	free(c->messages.all);
	free(c->references);
}

int store_check(const char *folder)
{
	struct census c = { .out = stdout };
	int result = take_census(&c, folder);

	if (result < 0)
		result = store_refuse(folder, "%s", store_error_text(result));
	else if (c.problems > 0)
		result = store_refuse(
				folder, "is damaged; belfry store repair saves what can be read");
	else
		puts("whole");
	finish(&c);
	return result;
}

bool store_is_whole(const char *folder, struct str *problem)
{
	struct census c = { 0 };
	int result = take_census(&c, folder);
	struct span first = str_span(&c.told);

	if (result < 0)
		str_append_text(problem, store_error_text(result));
	else
		str_append(problem, span_cut(&first, '\n'));
	finish(&c);
	return problem->len == 0;
}
