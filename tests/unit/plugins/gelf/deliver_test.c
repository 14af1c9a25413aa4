/* SPDX-License-Identifier: MIT */
/* The plugin as its host sees it. */
#include <zlib.h>

#include "tests/unit/plugins/host.h"
#include "tests/unit/udp_receiver.h"

static uint64_t config[32]; /* as plugins/gelf/plugin.c has it, and its table of settings */
static char noise[200000];  /* that nothing compresses enough */

static void configure(const char *url, int compression)
{
	assert_true(belfry_relay.config_size <= sizeof(config));
	memset(config, 0, sizeof(config));
	*(const char **)relay_member(config, "url") = url;
	*(int *)relay_member(config, "compression") = compression;
	*(uint64_t *)relay_member(config, "chunk_size") = 1420;
	*(uint64_t *)relay_member(config, "max_size") = 1 << 20;
	*(uint64_t *)relay_member(config, "timeout") = 1;
}

static struct relay_record message(struct relay_text text)
{
	return (struct relay_record){
		.kind = RELAY_MESSAGE, .text = text, .host = relay_text_of("h")
	};
}

static int receiver(char url[64])
{
	uint16_t port = 0;
	int fd = udp_receiver(&port);

	snprintf(url, 64, "udp://127.0.0.1:%u", port);
	return fd;
}

static void a_stream_is_ended_by_nul(void **state)
{
	struct relay_record records[] = { message(relay_text_of("one")),
		message(relay_text_of("two")) };
	struct relay_batch batch = batch_of(records, 2);
	struct span rest, first;

	(void)state;
	configure("tcp://a", 1);
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	assert_int_equal(fake.place.port, 12201);
	rest = str_span(&fake.sent);
	first = span_cut(&rest, '\0');
	assert_int_equal(first.data[0], '{'); /* not compressed, whatever compression says */
	assert_non_null(strstr((const char *)first.data, "\"one\""));
	assert_non_null(strstr((const char *)rest.data, "\"two\""));
	assert_int_equal(rest.data[rest.len - 1], '\0');
}

static void datagrams_are_compressed(void **state)
{
	struct relay_record record = message(relay_text_of("one"));
	struct relay_batch batch = batch_of(&record, 1);
	uint8_t got[2000], json[2000];
	uLongf len = sizeof(json);
	char url[64];
	int fd = receiver(url);
	ssize_t n;

	(void)state;
	configure(url, 1);
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	n = recv(fd, got, sizeof(got), 0);
	assert_true(n > 0);
	assert_int_equal(uncompress(json, &len, got, (uLong)n), Z_OK);
	assert_int_equal(json[len - 1], '}');
	configure(url, 0);
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	n = recv(fd, got, sizeof(got), 0);
	assert_span_equal(span_of(got, (size_t)n), span_of(json, len));
	close(fd);
}

static void what_no_chunks_hold_is_a_dead_letter(void **state)
{
	struct relay_record records[] = { message(relay_text_of("one")),
		message((struct relay_text){ noise, sizeof(noise) }),
		message(relay_text_of("two")) };
	struct relay_batch batch = batch_of(records, 3);
	char url[64], got[2000];
	int fd = receiver(url);

	(void)state;
	configure(url, 1);
	*(uint64_t *)relay_member(config, "chunk_size") = 256;
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	assert_true(!fake.is_marked[0] && fake.is_marked[1] && !fake.is_marked[2]);
	assert_int_equal(fake.marks[1], RELAY_REJECT);
	assert_non_null(strstr(fake.reason, "raise chunk_size"));
	assert_true(recv(fd, got, sizeof(got), 0) > 0);
	assert_true(recv(fd, got, sizeof(got), 0) > 0);
	assert_true(recv(fd, got, sizeof(got), 0) < 0);
	close(fd);
}

static void what_a_server_does_not_take_is_a_dead_letter(void **state)
{
	struct relay_record record = message((struct relay_text){ noise, sizeof(noise) });
	struct relay_batch batch = batch_of(&record, 1);

	(void)state;
	configure("tcp://a", 0);
	*(uint64_t *)relay_member(config, "max_size") = 4096;
	assert_int_equal(deliver_once(config, &batch), RELAY_OK);
	assert_int_equal(fake.marks[0], RELAY_REJECT);
	assert_int_equal(fake.connects, 0);
	assert_non_null(strstr(fake.reason, "max_size"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_begin, fake_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stream_is_ended_by_nul),
		TEST(datagrams_are_compressed),
		TEST(what_no_chunks_hold_is_a_dead_letter),
		TEST(what_a_server_does_not_take_is_a_dead_letter),
	};
	struct dice dice = { 12201 };

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)('!' + dice_roll(&dice, 94));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
