/* SPDX-License-Identifier: MIT */
#include "common/notify.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/base.h"
#include "tests/unit/unit.h"

/* A socket as systemd has one; its path is put into NOTIFY_SOCKET. */
static int listen_as_systemd(bool is_abstract)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char path[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	int len = snprintf(path, sizeof(path), "%s/belfry-notify-%d", is_abstract ? "@" : "/tmp",
			(int)getpid());

	memcpy(address.sun_path, path, (size_t)len);
	if (is_abstract)
		address.sun_path[0] = '\0';
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
					 (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
							 (size_t)len)),
			0);
	setenv("NOTIFY_SOCKET", path, 1);
	return fd;
}

static void assert_told(int fd, const char *wanted)
{
	char text[128] = "";

	assert_true(recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) >= 0);
	assert_string_equal(text, wanted);
}

static void systemd_is_told_through_its_socket(void **unused)
{
	(void)unused;
	for (int i = 0; i < 2; i++) {
		int fd = listen_as_systemd(i == 1);

		assert_true(notify("READY=1"));
		assert_told(fd, "READY=1");
		assert_true(notify_reloading((struct instant){ 5000000 }));
		assert_told(fd, "RELOADING=1\nMONOTONIC_USEC=5000");
		if (i == 0)
			unlink(getenv("NOTIFY_SOCKET"));
		close(fd);
		assert_false(notify("READY=1"));
	}
}

static void without_systemd_nobody_is_told(void **unused)
{
	(void)unused;
	unsetenv("NOTIFY_SOCKET");
	assert_false(notify("READY=1"));
	setenv("NOTIFY_SOCKET", "relative", 1);
	assert_false(notify("READY=1"));
}

static void the_watchdog_is_for_this_process_alone(void **unused)
{
	struct duration d;
	char pid[16];

	(void)unused;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_false(notify_watchdog(&d));
	setenv("WATCHDOG_USEC", "3000000", 1);
	assert_true(notify_watchdog(&d));
	assert_true(d.ns == 3000000000);
	setenv("WATCHDOG_PID", "1", 1);
	assert_false(notify_watchdog(&d));
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	setenv("WATCHDOG_PID", pid, 1);
	assert_true(notify_watchdog(&d));
	setenv("WATCHDOG_USEC", "soon", 1);
	assert_false(notify_watchdog(&d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(systemd_is_told_through_its_socket),
		cmocka_unit_test(without_systemd_nobody_is_told),
		cmocka_unit_test(the_watchdog_is_for_this_process_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
