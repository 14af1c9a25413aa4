/* SPDX-License-Identifier: MIT */
#include "cli/demo_screen.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>

void screen_write(const struct str *text)
{
	struct span rest = span_of(text->text, text->len);

	while (rest.len > 0) {
		struct pollfd p = { STDOUT_FILENO, POLLOUT, 0 };
		ssize_t n = write(STDOUT_FILENO, rest.data, rest.len);

		if (n > 0)
			rest = span_from(rest, (size_t)n);
		else if (errno != EINTR && (errno != EAGAIN || poll(&p, 1, 1000) <= 0))
			return; /* the terminal is gone or stopped: this picture is lost */
	}
}

static void write_text(const char *text)
{
	struct str s = { 0 };

	str_append_text(&s, text);
	screen_write(&s);
	str_finish(&s);
}

void screen_open(struct screen *s)
{
	struct termios raw;

	*s = (struct screen){ .is_open = true };
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp() &&
			tcgetattr(STDIN_FILENO, &s->saved) == 0) {
		raw = s->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		s->has_keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	write_text("\033[?1049h\033[?25l\033[2J");
}

void screen_close(struct screen *s)
{
	if (!s->is_open)
		return;
	write_text("\033[?25h\033[?1049l");
	if (s->has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->saved);
	s->is_open = false;
}

void screen_size(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size = (struct winsize){ 0 };
	*ret_columns = size.ws_col > 0 ? size.ws_col : 80;
	*ret_rows = size.ws_row > 0 ? size.ws_row : 24;
}
