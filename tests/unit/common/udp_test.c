/* SPDX-License-Identifier: MIT */
#include "common/udp.h"

#include <stdio.h>

#include "tests/unit/udp_receiver.h"

static struct udp *open_to(uint16_t port)
{
	struct udp_place place = { "127.0.0.1", port, -1, 1000 };
	struct str why = { 0 };
	struct udp *udp = udp_open(&place, 0, &why);

	assert_non_null(udp);
	assert_int_equal(why.len, 0);
	return udp;
}

static void add(struct datagrams *d, const char *text)
{
	str_append_text(&d->bytes, text);
	datagrams_end(d);
}

static void datagrams_keep_their_ends(void **state)
{
	struct datagrams d = { 0 };

	(void)state;
	add(&d, "one");
	add(&d, "");
	add(&d, "three");
	assert_int_equal(d.count, 3);
	assert_span_text(datagrams_at(&d, 0), "one");
	assert_span_text(datagrams_at(&d, 1), "");
	assert_span_text(datagrams_at(&d, 2), "three");
	datagrams_clear(&d);
	add(&d, "again");
	assert_span_text(datagrams_at(&d, 0), "again");
	datagrams_finish(&d);
}

static void all_arrive_in_order(void **state)
{
	struct datagrams d = { 0 };
	struct str why = { 0 };
	char text[32], got[32];
	uint16_t port = 0;
	int fd = udp_receiver(&port);
	struct udp *udp = open_to(port);

	(void)state;
	for (int i = 0; i < 150; i++) { /* more than one call takes */
		snprintf(text, sizeof(text), "number %d", i);
		add(&d, text);
	}
	assert_true(udp_send(udp, &d, &why));
	for (int i = 0; i < 150; i++) {
		ssize_t n = recv(fd, got, sizeof(got), 0);

		assert_true(n > 0);
		assert_span_equal(span_of(got, (size_t)n), datagrams_at(&d, (size_t)i));
	}
	udp_close(udp);
	datagrams_finish(&d);
	close(fd);
}

static void a_refusal_is_told(void **state)
{
	struct datagrams d = { 0 };
	struct str why = { 0 };
	uint16_t port = 0;
	int fd = udp_receiver(&port);
	struct udp *udp = open_to(port);

	(void)state;
	close(fd);
	add(&d, "nobody");
	add(&d, "is there");
	assert_false(udp_send(udp, &d, &why));
	assert_non_null(strstr(str_text(&why), "nobody receives there"));
	str_finish(&why);
	udp_close(udp);
	datagrams_finish(&d);
}

/* One alone is sent before its refusal is back; on this machine it is back at once. */
static void a_refusal_of_the_last_one_is_told(void **state)
{
	struct datagrams d = { 0 };
	struct str why = { 0 };
	uint16_t port = 0;
	int fd = udp_receiver(&port);
	struct udp *udp = open_to(port);

	(void)state;
	close(fd);
	add(&d, "the only one");
	assert_false(udp_send(udp, &d, &why) && udp_is_fine(udp, &why));
	str_clear(&why);
	assert_true(udp_is_fine(udp, &why)); /* it was told once */
	str_finish(&why);
	udp_close(udp);
	datagrams_finish(&d);
}

static void one_too_long_is_told(void **state)
{
	struct datagrams d = { 0 };
	struct str why = { 0 };
	uint16_t port = 0;
	int fd = udp_receiver(&port);
	struct udp *udp = open_to(port);

	(void)state;
	for (int i = 0; i < 70000; i++)
		str_append_byte(&d.bytes, 'x');
	datagrams_end(&d);
	assert_false(udp_send(udp, &d, &why));
	assert_non_null(strstr(str_text(&why), "127.0.0.1:"));
	str_finish(&why);
	udp_close(udp);
	datagrams_finish(&d);
	close(fd);
}

static void a_name_is_needed(void **state)
{
	struct udp_place place = { "no such host", 514, -1, 20000 };
	struct str why = { 0 };

	(void)state;
	assert_null(udp_open(&place, 0, &why));
	assert_non_null(strstr(str_text(&why), "no such host cannot be resolved"));
	str_finish(&why);
	udp_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(datagrams_keep_their_ends),
		cmocka_unit_test(all_arrive_in_order),
		cmocka_unit_test(a_refusal_is_told),
		cmocka_unit_test(a_refusal_of_the_last_one_is_told),
		cmocka_unit_test(one_too_long_is_told),
		cmocka_unit_test(a_name_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
