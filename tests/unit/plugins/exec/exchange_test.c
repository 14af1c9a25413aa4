/* SPDX-License-Identifier: MIT */
#include "plugins/exec/exchange.h"

#include <fcntl.h>
#include <stdarg.h>

#include "tests/unit/unit.h"

static unsigned lines;

RELAY_PRINTF_LIKE(3, 4)
static void count_line(
		const struct relay_host *host, enum relay_log_level level, const char *format, ...)
{
	(void)host;
	(void)level;
	(void)format;
	lines++;
}

/* What the program has started may hold its standard error, and have something to say for ever. */
static void who_writes_without_end_is_not_heard_to_the_end(void **state)
{
	struct relay_host host = { .size = sizeof(host), .log = count_line };
	struct program program = PROGRAM_NONE;
	struct exchange x = { .host = &host, .program = &program };

	(void)state;
	program.errors = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	exchange_close(&x);
	assert_int_equal(program.errors, -1);
	assert_in_range(lines, 1, 100);
	exchange_finish(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_writes_without_end_is_not_heard_to_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
