/* SPDX-License-Identifier: MIT */
/*
 * Names are resolved by a getaddrinfo() of the test's own, so that they have the addresses, and
 * take the time, that a test wants.
 */
#include "broker/io/dial.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/socket.h>

#include "common/mem.h"
#include "tests/unit/unit.h"

enum { MANY = DIAL_MAX_ADDRESSES + 4 };

/* What the name stands for: these ports of the loopback interface. */
static struct {
	uint16_t ports[MANY];
	size_t count;
	int error;		    /* in place of them */
	sem_t *gate;		    /* that has to be passed first; NULL: none */
	char host[64], service[16]; /* what was asked for */
	int kind;
} name;

static struct ev_loop *loop;
static struct worker *worker;
static struct dial dial;
static struct {
	unsigned times;
	int fd;
	char why[512];
} told;

/* --- names ---------------------------------------------------------------------------------- */

struct answer {
	struct addrinfo info;
	struct sockaddr_in address;
};

int getaddrinfo(const char *restrict host, const char *restrict service,
		const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
	struct addrinfo *first = NULL, **end = &first;

	name.kind = hints->ai_socktype;
	snprintf(name.host, sizeof(name.host), "%s", host);
	snprintf(name.service, sizeof(name.service), "%s", service);
	if (name.gate != NULL)
		sem_wait(name.gate);
	for (size_t i = 0; i < name.count; i++) {
		struct answer *a = xcalloc(1, sizeof(*a));

		a->address.sin_family = AF_INET;
		a->address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a->address.sin_port = htons(name.ports[i]);
		a->info.ai_addr = (struct sockaddr *)&a->address;
		a->info.ai_addrlen = sizeof(a->address);
		*end = &a->info;
		end = &a->info.ai_next;
	}
	*ret = first;
	return name.error;
}

void freeaddrinfo(struct addrinfo *info)
{
	while (info != NULL) {
		struct answer *a = container_of(info, struct answer, info);

		info = info->ai_next;
		free(a);
	}
}

/* --- the other end -------------------------------------------------------------------------- */

static int server(uint16_t *ret_port, int backlog)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

/* Port `i` of the name: one where nobody listens, but which nobody else gets. */
static int closed(size_t i)
{
	name.count = i + 1 > name.count ? i + 1 : name.count;
	return server(&name.ports[i], -1);
}

static int open_server(size_t i)
{
	name.count = i + 1 > name.count ? i + 1 : name.count;
	return server(&name.ports[i], 5);
}

/* --- the call ------------------------------------------------------------------------------- */

static void on_done(void *owner, int fd, const char *why)
{
	assert_ptr_equal(owner, &told);
	assert_false(dial_is_busy(&dial));
	assert_int_equal(fd < 0, why != NULL);
	told.times++;
	told.fd = fd;
	snprintf(told.why, sizeof(told.why), "%s", why != NULL ? why : "");
	ev_break(loop, EVBREAK_ALL);
}

static int begin(void **unused)
{
	(void)unused;
	memset(&told, 0, sizeof(told));
	memset(&name, 0, sizeof(name));
	told.fd = -1;
	loop = ev_loop_new(EVFLAG_AUTO);
	worker = worker_create(loop, 1);
	assert_non_null(worker);
	dial = (struct dial){ .loop = loop, .worker = worker, .owner = &told, .done = on_done };
	return 0;
}

static int end(void **unused)
{
	(void)unused;
	dial_cancel(&dial);
	worker_destroy(worker);
	ev_loop_destroy(loop);
	if (told.fd >= 0)
		close(told.fd);
	return 0;
}

static void call(const char *bind_address)
{
	struct dial_place place = {
		.host = "broker.example", .port = 1884, .bind_address = bind_address
	};

	dial_start(&dial, &place);
	assert_true(dial_is_busy(&dial));
}

static void wait_told(void)
{
	ev_run(loop, 0);
	assert_int_equal(told.times, 1);
}

static void assert_why(uint16_t port, const char *what)
{
	char wanted[128];

	snprintf(wanted, sizeof(wanted), "127.0.0.1:%u: %s", port, what);
	assert_string_equal(told.why, wanted);
}

static void assert_connected_to(uint16_t port)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);

	assert_true(told.fd >= 0);
	assert_int_equal(getpeername(told.fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(ntohs(address.sin_port), port);
}

static unsigned option(int number)
{
	unsigned value = 0;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(told.fd, IPPROTO_TCP, number, &value, &len), 0);
	return value;
}

/* --- tests ---------------------------------------------------------------------------------- */

static void name_is_resolved_and_its_address_connected_to(void **unused)
{
	int fd = open_server(0);

	(void)unused;
	call(NULL);
	assert_int_equal(told.times, 0); /* later than the call */
	wait_told();
	assert_string_equal(name.host, "broker.example");
	assert_string_equal(name.service, "1884");
	assert_int_equal(name.kind, SOCK_STREAM);
	assert_connected_to(name.ports[0]);
	assert_true(fcntl(told.fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(told.fd, F_GETFD) & FD_CLOEXEC);
	assert_int_not_equal(option(TCP_NODELAY), 0);
	assert_int_equal(option(TCP_USER_TIMEOUT), 0);
	close(fd);
}

static void name_without_addresses_is_told(void **unused)
{
	char wanted[128];

	(void)unused;
	name.error = EAI_NONAME;
	call(NULL);
	wait_told();
	snprintf(wanted, sizeof(wanted), "broker.example cannot be resolved: %s",
			gai_strerror(EAI_NONAME));
	assert_string_equal(told.why, wanted);
}

static void addresses_are_tried_until_one_answers(void **unused)
{
	int fds[] = { closed(0), closed(1), open_server(2), open_server(3) };

	(void)unused;
	call(NULL);
	wait_told();
	assert_connected_to(name.ports[2]);
	for (size_t i = 0; i < array_size(fds); i++)
		close(fds[i]);
}

static void the_last_address_says_why_none_did(void **unused)
{
	int fds[] = { closed(0), closed(1) };

	(void)unused;
	call(NULL);
	wait_told();
	assert_why(name.ports[1], strerror(ECONNREFUSED));
	for (size_t i = 0; i < array_size(fds); i++)
		close(fds[i]);
}

static void of_too_many_addresses_the_first_are_tried(void **unused)
{
	int fds[MANY];

	(void)unused;
	for (size_t i = 0; i < MANY; i++)
		fds[i] = i < DIAL_MAX_ADDRESSES ? closed(i) : open_server(i);
	call(NULL);
	wait_told();
	assert_why(name.ports[DIAL_MAX_ADDRESSES - 1], strerror(ECONNREFUSED));
	for (size_t i = 0; i < MANY; i++)
		close(fds[i]);
}

static void address_of_this_end_may_be_chosen(void **unused)
{
	struct sockaddr_in address;
	socklen_t len = sizeof(address);
	int fd = open_server(0);

	(void)unused;
	call("127.0.0.2");
	wait_told();
	assert_int_equal(getsockname(told.fd, (struct sockaddr *)&address, &len), 0);
	assert_int_equal(ntohl(address.sin_addr.s_addr), 0x7f000002);
	close(fd);
}

static void address_that_cannot_be_this_end_is_told(void **unused)
{
	static const char *const addresses[] = { "192.0.2.1", "::1", "localhost" };
	int fd = open_server(0);

	(void)unused;
	for (size_t i = 0; i < array_size(addresses); i++) {
		told.times = 0;
		call(addresses[i]);
		wait_told();
		assert_why(name.ports[0], strerror(EADDRNOTAVAIL));
	}
	close(fd);
}

static void system_is_told_how_long_bytes_may_be_unacknowledged(void **unused)
{
	struct dial_place place = { .host = "x", .port = 1, .user_timeout = 4321 };
	int fd = open_server(0);

	(void)unused;
	dial_start(&dial, &place);
	wait_told();
	assert_int_equal(option(TCP_USER_TIMEOUT), 4321);
	close(fd);
}

/* A listening socket whose queue is full: the kernel does not answer there. */
static int silent(size_t i, int fillers[4])
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = server(&name.ports[i], 0);

	name.count = i + 1 > name.count ? i + 1 : name.count;
	address.sin_port = htons(name.ports[i]);
	for (int n = 0; n < 4; n++) {
		fillers[n] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[n], (struct sockaddr *)&address, sizeof(address));
	}
	return fd;
}

/* Let the loop run until the call is connecting. */
static void wait_connecting(void)
{
	while (!ev_is_active(&dial.connected))
		ev_run(loop, EVRUN_ONCE);
	assert_int_equal(told.times, 0);
}

static void silent_address_is_given_up_after_a_while(void **unused)
{
	int fillers[4], fds[] = { silent(0, fillers), open_server(1) };

	(void)unused;
	call(NULL);
	wait_connecting();
	assert_int_equal(ev_timer_remaining(loop, &dial.patience) > DIAL_SECONDS - 1, true);
	ev_feed_event(loop, &dial.patience, EV_TIMER); /* the while is over */
	wait_told();
	assert_connected_to(name.ports[1]);
	for (size_t i = 0; i < array_size(fillers); i++)
		close(fillers[i]);
	close(fds[0]);
	close(fds[1]);
}

static void patience_with_the_last_address_is_told_of(void **unused)
{
	int fillers[4], fd = silent(0, fillers);

	(void)unused;
	call(NULL);
	wait_connecting();
	ev_feed_event(loop, &dial.patience, EV_TIMER);
	wait_told();
	assert_why(name.ports[0], strerror(ETIMEDOUT));
	for (size_t i = 0; i < array_size(fillers); i++)
		close(fillers[i]);
	close(fd);
}

static void cancelled_while_connecting_it_closes_the_socket(void **unused)
{
	int fillers[4], fd = silent(0, fillers), own;

	(void)unused;
	call(NULL);
	wait_connecting();
	own = dial.fd;
	dial_cancel(&dial);
	assert_false(dial_is_busy(&dial));
	assert_int_equal(fcntl(own, F_GETFD), -1);
	assert_int_equal(ev_is_active(&dial.patience), 0);
	dial_cancel(&dial); /* it rests */
	for (size_t i = 0; i < array_size(fillers); i++)
		close(fillers[i]);
	close(fd);
}

static void cancelled_while_resolving_it_may_start_anew(void **unused)
{
	int fds[] = { open_server(0) };
	sem_t gate;

	(void)unused;
	sem_init(&gate, 0, 0);
	name.gate = &gate;
	call(NULL);
	dial_cancel(&dial);
	assert_false(dial_is_busy(&dial));
	call(NULL);
	sem_post(&gate); /* the first one's name is resolved, and nobody wants it */
	sem_post(&gate);
	wait_told();
	assert_connected_to(name.ports[0]);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(told.times, 1);
	close(fds[0]);
	sem_destroy(&gate);
}

static void worker_that_ends_first_leaves_nothing_behind(void **unused)
{
	sem_t gate;

	(void)unused;
	sem_init(&gate, 0, 1);
	name.gate = &gate;
	call(NULL);
	dial_cancel(&dial);
	worker_destroy(worker);
	worker = NULL;
	assert_int_equal(told.times, 0);
	sem_destroy(&gate);
}

#define test(t) cmocka_unit_test_setup_teardown(t, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(name_is_resolved_and_its_address_connected_to),
		test(name_without_addresses_is_told),
		test(addresses_are_tried_until_one_answers),
		test(the_last_address_says_why_none_did),
		test(of_too_many_addresses_the_first_are_tried),
		test(address_of_this_end_may_be_chosen),
		test(address_that_cannot_be_this_end_is_told),
		test(system_is_told_how_long_bytes_may_be_unacknowledged),
		test(silent_address_is_given_up_after_a_while),
		test(patience_with_the_last_address_is_told_of),
		test(cancelled_while_connecting_it_closes_the_socket),
		test(cancelled_while_resolving_it_may_start_anew),
		test(worker_that_ends_first_leaves_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
