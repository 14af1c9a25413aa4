/* SPDX-License-Identifier: MIT */
#include "cli/ask_password.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>

#include "common/mem.h"

enum { MAX_PASSWORD = 65535 };

/*
 * One line of standard input without its newline. `signals`: a descriptor that ends the waiting,
 * or -1. Returns 1, 0 at the end of the input, -EINTR for a signal, -EMSGSIZE, or -errno. Byte by
 * byte: what follows the line is not ours.
 */
static int read_line(int signals, struct str *into)
{
	struct pollfd ready[] = { { .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = signals, .events = POLLIN } };

	str_clear(into);
	str_reserve(into, MAX_PASSWORD); /* at once: no copy of a part is left behind */
	for (;;) {
		char byte;
		ssize_t n;

		if (poll(ready, array_size(ready), -1) < 0 && errno != EINTR)
			return -errno;
		if (ready[1].revents != 0)
			return -EINTR;
		n = read(STDIN_FILENO, &byte, 1);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0 || (n == 1 && byte == '\n'))
			return n == 1 || into->len > 0;
		if (n == 1 && into->len == MAX_PASSWORD)
			return -EMSGSIZE;
		if (n == 1)
			str_append_byte(into, byte);
	}
}

static int ask_once(const char *what, struct span user, int signals, struct str *into)
{
	struct str shown = { 0 };
	int result;

	str_append_escaped(&shown, user);
	fprintf(stderr, "%s %s: ", what, str_text(&shown));
	fflush(stderr);
	str_finish(&shown);
	result = read_line(signals, into);
	fputs("\n", stderr);
	return result;
}

static bool explain(int result, struct str *problem)
{
	str_append_text(problem, result == 0	       ? "no password was given"
				 : result == -EMSGSIZE ? "the password is longer than 65535 bytes"
				 : result == -EINTR    ? "interrupted"
						       : strerror(-result));
	return false;
}

static bool check_twice(
		int result, const struct str *first, const struct str *second, struct str *problem)
{
	if (result <= 0)
		return explain(result, problem);
	if (span_equal(str_span(first), str_span(second)))
		return true;
	str_append_text(problem, "the two passwords are not the same");
	return false;
}

/* A signal that would end us waits until the terminal shows again what is typed. */
static int ask_twice_quietly(struct span user, struct str *first, struct str *second)
{
	struct termios before, quiet;
	sigset_t ending, mask;
	AUTO_CLOSE int signals = -1;
	int result;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return -errno;
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGQUIT);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGTSTP);
	sigprocmask(SIG_BLOCK, &ending, &mask);
	signals = signalfd(-1, &ending, SFD_CLOEXEC);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	result = ask_once("Password for", user, signals, first);
	if (result > 0)
		result = ask_once("The same again for", user, signals, second);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	sigprocmask(SIG_SETMASK, &mask, NULL); /* and here it ends us */
	return result;
}

static bool ask_terminal(struct span user, struct str *ret, struct str *problem)
{
	struct str second = { 0 };
	int result = ask_twice_quietly(user, ret, &second);
	bool ok = check_twice(result, ret, &second, problem);

	wipe(second.text, second.len);
	str_finish(&second);
	return ok;
}

static bool read_script(struct str *ret, struct str *problem)
{
	struct str second = { 0 };
	int result = read_line(-1, ret);
	bool ok;

	if (result <= 0)
		return explain(result, problem);
	result = read_line(-1, &second);
	ok = result == 0 || check_twice(result, ret, &second, problem);
	wipe(second.text, second.len);
	str_finish(&second);
	return ok;
}

bool ask_password(struct span user, struct str *ret, struct str *problem)
{
	bool ok = isatty(STDIN_FILENO) ? ask_terminal(user, ret, problem)
				       : read_script(ret, problem);

	if (ok && ret->len == 0) {
		str_append_text(problem, "the password is empty");
		ok = false;
	}
	return ok;
}
