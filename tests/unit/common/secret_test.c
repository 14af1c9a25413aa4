/* SPDX-License-Identifier: MIT */
#include "common/secret.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/unit.h"

static void the_first_line_of_a_private_file_is_the_secret(void **state)
{
	char path[] = "/tmp/belfry-secret-XXXXXX";
	int fd = mkstemp(path);
	const char *problem = NULL;
	char *secret;

	(void)state;
	assert_int_equal(write(fd, " a b \r\nnot this\n", 16), 16);
	secret = secret_read(path, &problem);
	assert_string_equal(secret, "a b");
	secret_free(secret);
	fchmod(fd, 0644);
	assert_null(secret_read(path, &problem));
	assert_non_null(strstr(problem, "read by everyone"));
	close(fd);
	unlink(path);
	assert_null(secret_read(path, &problem));
	assert_string_equal(problem, "No such file or directory");
	secret_free(NULL);
}

static void a_file_that_holds_something_else_has_another_digest(void **state)
{
	char path[] = "/tmp/belfry-secret-XXXXXX";
	int fd = mkstemp(path);
	uint64_t none = 0, one = 0, same = 0, other = 0;

	(void)state;
	secret_digest(NULL, &none);
	assert_int_equal(none, 0);
	assert_int_equal(write(fd, "a", 1), 1);
	secret_digest(path, &one);
	secret_digest(path, &same);
	assert_true(one == same);
	assert_int_equal(write(fd, "b", 1), 1);
	secret_digest(path, &other);
	assert_true(one != other);
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_line_of_a_private_file_is_the_secret),
		cmocka_unit_test(a_file_that_holds_something_else_has_another_digest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
