/* SPDX-License-Identifier: MIT */
#include "broker/core/output.h"

#include "common/mem.h"
#include "common/str.h"
#include "tests/unit/unit.h"

static size_t all_spans(const struct output *out, struct span *spans, size_t max)
{
	size_t n = output_spans(out, spans, max);

	assert_true(n < max);
	return n;
}

/* The pieces together are as many bytes as are counted, and none is empty. */
static void check(const struct output *out)
{
	struct span spans[512];
	size_t n = all_spans(out, spans, array_size(spans)), bytes = 0;

	for (size_t i = 0; i < n; i++) {
		assert_true(spans[i].len > 0);
		bytes += spans[i].len;
	}
	assert_int_equal(bytes, out->bytes);
	assert_int_equal(out->head == NULL, out->bytes == 0);
	assert_int_equal(out->head == NULL, out->tail == NULL);
}

static void put(struct output *out, struct chunk_pool *pool, const char *text)
{
	memcpy(output_reserve(out, pool, strlen(text)), text, strlen(text));
	check(out);
}

static void an_empty_output_owns_nothing(void **unused)
{
	struct output out = { 0 };
	struct chunk_pool pool = { 0 };
	struct span span;

	(void)unused;
	check(&out);
	assert_int_equal(output_spans(&out, &span, 1), 0);
	output_consume(&out, &pool, 0);
	output_finish(&out, &pool);
	chunk_pool_finish(&pool);
}

static void packets_stand_one_behind_the_other_in_one_piece(void **unused)
{
	struct output out = { 0 };
	struct chunk_pool pool = { 0 };
	struct span spans[2];

	(void)unused;
	put(&out, &pool, "one");
	put(&out, &pool, "two");
	assert_int_equal(output_spans(&out, spans, 2), 1);
	assert_span_text(spans[0], "onetwo");
	output_consume(&out, &pool, 4);
	check(&out);
	put(&out, &pool, "three");
	assert_int_equal(output_spans(&out, spans, 2), 1);
	assert_span_text(spans[0], "wothree");
	output_consume(&out, &pool, 7);
	check(&out);
	chunk_pool_finish(&pool);
}

static void a_payload_is_borrowed_from_its_message(void **unused)
{
	struct output out = { 0 };
	struct chunk_pool pool = { 0 };
	struct message *m = message_create(
			BYTES("t"), NULL, BYTES("payload"), 0, false, (struct instant){ 0 });
	struct message *empty = message_create(
			BYTES("t"), NULL, BYTES(""), 0, false, (struct instant){ 0 });
	struct span spans[4];

	(void)unused;
	put(&out, &pool, "head");
	output_append_payload(&out, m);
	output_append_payload(&out, empty); /* adds no empty piece */
	check(&out);
	put(&out, &pool, "tail");
	assert_int_equal(m->refs, 2);
	assert_int_equal(empty->refs, 1);
	assert_int_equal(output_spans(&out, spans, 4), 3);
	assert_ptr_equal(spans[1].data, message_payload(m).data);
	output_consume(&out, &pool, 4 + 6);
	check(&out);
	assert_int_equal(m->refs, 2);
	output_consume(&out, &pool, 1);
	assert_int_equal(m->refs, 1);
	output_append_payload(&out, m);
	output_finish(&out, &pool);
	assert_int_equal(m->refs, 1);
	message_unref(m);
	message_unref(empty);
	chunk_pool_finish(&pool);
}

static void chunks_go_back_to_the_pool_and_come_from_it(void **unused)
{
	struct output a = { 0 }, b = { 0 };
	struct chunk_pool pool = { 0 };
	const uint8_t *first = output_reserve(&a, &pool, 10);

	(void)unused;
	output_consume(&a, &pool, 10);
	assert_int_equal(pool.count[0], 1);
	assert_ptr_equal(output_reserve(&b, &pool, 10), first);
	assert_int_equal(pool.count[0], 0);
	output_reserve(&a, &pool, 100000); /* of no usual size: not kept */
	output_finish(&a, &pool);
	output_finish(&b, &pool);
	assert_int_equal(pool.count[0] + pool.count[1], 1);
	chunk_pool_finish(&pool);
	assert_null(pool.free[0]);
}

static void random_writes_and_reads_keep_every_byte_in_order(void **unused)
{
	struct dice dice = { 1 };
	struct output out = { 0 };
	struct chunk_pool pool = { 0 };
	struct str model = { 0 };
	uint8_t next = 0;

	(void)unused;
	for (int i = 0; i < 5000; i++) {
		static const size_t sizes[] = { 1, 2, 7, 300, 2047, 4032, 4033, 65472, 65473,
			90000 };
		size_t size = sizes[dice_roll(
				&dice, dice_roll(&dice, 20) > 0 ? 5 : array_size(sizes))];
		struct span spans[512];
		size_t n, at = 0;

		if (dice_roll(&dice, 3) > 0 && out.bytes < 300000) {
			uint8_t *to = output_reserve(&out, &pool, size);

			for (size_t k = 0; k < size; k++)
				to[k] = next++;
			str_append(&model, span_of(to, size));
		} else if (dice_roll(&dice, 4) == 0 && out.bytes < 300000) {
			struct message *m = message_create(BYTES("t"), NULL,
					span_of_text("borrowed"), 0, false, (struct instant){ 0 });

			output_append_payload(&out, m);
			message_unref(m);
			str_append_text(&model, "borrowed");
		} else {
			size_t len = dice_roll(&dice, (uint32_t)out.bytes + 1);

			output_consume(&out, &pool, len);
			str_remove_front(&model, len);
		}
		check(&out);
		assert_int_equal(out.bytes, model.len);
		n = all_spans(&out, spans, array_size(spans));
		for (size_t k = 0; k < n; at += spans[k++].len)
			assert_memory_equal(spans[k].data, model.text + at, spans[k].len);
	}
	output_finish(&out, &pool);
	check(&out);
	chunk_pool_finish(&pool);
	str_finish(&model);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_output_owns_nothing),
		cmocka_unit_test(packets_stand_one_behind_the_other_in_one_piece),
		cmocka_unit_test(a_payload_is_borrowed_from_its_message),
		cmocka_unit_test(chunks_go_back_to_the_pool_and_come_from_it),
		cmocka_unit_test(random_writes_and_reads_keep_every_byte_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
