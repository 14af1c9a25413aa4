/* SPDX-License-Identifier: MIT */
#include "plugins/exec/exchange.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>

#include "common/line.h"
#include "common/mem.h"
#include "plugins/exec/answer.h"
#include "plugins/text.h"

enum { ERROR_LINE_BYTES = 1000, LOOK_ROUNDS = 64 };

void exchange_begin(struct exchange *x, const struct relay_batch *batch, bool wants_answers)
{
	if (batch->count > x->capacity) {
		x->capacity = batch->count;
		x->ends = xrealloc(x->ends, x->capacity * sizeof(*x->ends));
	}
	str_clear(&x->lines);
	for (size_t i = 0; i < batch->count; i++) {
		line_append(&x->lines, text_span(relay_record_at(batch, i)->text));
		x->ends[i] = x->lines.len;
	}
	x->count = batch->count;
	x->sent = 0;
	x->answered = 0;
	x->wants_answers = wants_answers;
}

/* Append what there is; 0: the other side has closed, -1: nothing now. */
static ssize_t read_some(int fd, struct str *into)
{
	char bytes[16384];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n > 0)
		str_append(into, span_of(bytes, (size_t)n));
	return n;
}

/* The next whole line of `text` from *at on; false: there is none. */
static bool next_line(const struct str *text, size_t *at, struct span *ret)
{
	struct span rest = span_from(str_span(text), *at);
	size_t end = span_find(rest, '\n');

	if (end == rest.len)
		return false;
	*ret = span_first(rest, end);
	*at += end + 1;
	return true;
}

/* --- what it says on standard error -------------------------------------------------------- */

/* The host escapes what is not for a log. */
static void log_line(struct exchange *x, struct span line)
{
	line = span_first(span_trim(line), ERROR_LINE_BYTES);
	if (line.len == 0)
		return;
	x->host->log(x->host, RELAY_LOG_NOTICE, "%.*s", SPAN_ARGS(line));
	snprintf(x->last_words, sizeof(x->last_words), "%.*s", SPAN_ARGS(line));
	x->error_lines++;
}

static void log_lines(struct exchange *x)
{
	struct span line;
	size_t at = 0;

	while (next_line(&x->errors, &at, &line))
		log_line(x, line);
	str_remove_front(&x->errors, at);
	if (x->errors.len > ERROR_LINE_BYTES) {
		log_line(x, str_span(&x->errors));
		str_clear(&x->errors);
	}
}

/* One read; false when it has closed. */
static bool take_errors(struct exchange *x)
{
	ssize_t n = read_some(x->program->errors, &x->errors);

	log_lines(x);
	if (n == 0) {
		close(x->program->errors);
		x->program->errors = -1;
	}
	return n > 0;
}

/* --- what it answers ----------------------------------------------------------------------- */

static bool take_answer(struct exchange *x, struct span line, struct str *why)
{
	enum relay_verdict verdict;
	struct span reason;
	char text[RELAY_REASON];

	if (!answer_parse(line, &verdict, &reason)) {
		str_append_text(why, "the program answered \"");
		str_append(why, span_first(line, 60));
		str_append_text(why, "\"; an answer is OK, RETRY or REJECT");
		return false;
	}
	if (x->answered >= x->count || x->ends[x->answered] > x->sent) {
		str_append_text(why, "the program has answered more lines than it was given");
		return false;
	}
	snprintf(text, sizeof(text), "%.*s", SPAN_ARGS(reason));
	x->host->mark(x->host, x->answered++, verdict,
			reason.len > 0		 ? text
			: verdict == RELAY_RETRY ? "the program asks for another attempt"
						 : "the program refuses it");
	return true;
}

/* False when it is of no further use. *moved: there was something. */
static bool take_answers(struct exchange *x, bool *moved, struct str *why)
{
	ssize_t n = read_some(x->program->out, &x->answers);
	struct span line;
	size_t at = 0;

	*moved = *moved || n > 0;
	while (next_line(&x->answers, &at, &line)) {
		if (!take_answer(x, line, why))
			return false;
	}
	str_remove_front(&x->answers, at);
	if (x->answers.len > ANSWER_BYTES)
		str_append_text(why, "the program answers a line without an end");
	else if (n == 0)
		str_append_text(why, "the program has closed its standard output");
	return why->len == 0;
}

/* --- both ways ----------------------------------------------------------------------------- */

static bool send_lines(struct exchange *x, bool *moved, struct str *why)
{
	ssize_t n = write(x->program->in, x->lines.text + x->sent, x->lines.len - x->sent);

	if (n > 0) {
		x->sent += (size_t)n;
		*moved = true;
	} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
		str_append_text(why, errno == EPIPE ? "the program has closed its standard input"
						    : strerror(errno));
	}
	return why->len == 0;
}

static bool is_done(const struct exchange *x)
{
	return x->sent == x->lines.len && (!x->wants_answers || x->answered == x->count);
}

enum { STOP, IN, OUT, ERRORS, ENDED, POLLED };

/* What is ready. Errors count as such: reading or writing says which. 0: nothing in time. */
static int wait_for(const struct exchange *x, struct pollfd fds[POLLED], int milliseconds)
{
	const struct program *p = x->program;

	fds[STOP] = (struct pollfd){ .fd = x->host->stop_fd, .events = POLLIN };
	fds[IN] = (struct pollfd){ .fd = x->sent < x->lines.len ? p->in : -1, .events = POLLOUT };
	fds[OUT] = (struct pollfd){ .fd = p->out, .events = POLLIN };
	fds[ERRORS] = (struct pollfd){ .fd = p->errors, .events = POLLIN };
	fds[ENDED] = (struct pollfd){ .fd = p->pidfd, .events = POLLIN };
	return poll(fds, POLLED, milliseconds);
}

/* One round with what is ready; false when it failed. */
static bool move(struct exchange *x, const struct pollfd fds[POLLED], bool *moved, struct str *why)
{
	if (fds[ERRORS].revents != 0)
		take_errors(x);
	if (fds[OUT].revents != 0 && !take_answers(x, moved, why))
		return false;
	if (fds[IN].revents != 0 && !send_lines(x, moved, why))
		return false;
	/* It has ended; what it answered before has been read unless that just moved. */
	if (fds[ENDED].revents != 0 && !*moved)
		str_append_text(why, "the program has ended");
	return why->len == 0;
}

static enum exchange_end too_late(
		const struct exchange *x, struct duration patience, struct str *why)
{
	str_printf(why, "the program has %s nothing for %lld s",
			x->sent < x->lines.len ? "taken" : "answered",
			(long long)(duration_milliseconds(patience) / 1000));
	return EXCHANGE_FAILED;
}

enum exchange_end exchange_run(struct exchange *x, struct duration patience, struct str *why)
{
	struct instant until = instant_after(instant_now(), patience);

	while (!is_done(x)) {
		int64_t left = duration_milliseconds(instant_between(instant_now(), until));
		struct pollfd fds[POLLED];
		bool moved = false;

		if (left < 0)
			return too_late(x, patience, why);
		if (wait_for(x, fds, (int)left + 1) < 0)
			continue; /* EINTR */
		if (fds[STOP].revents != 0)
			return EXCHANGE_STOPPED;
		if (!move(x, fds, &moved, why))
			return EXCHANGE_FAILED;
		if (moved)
			until = instant_after(instant_now(), patience);
	}
	return EXCHANGE_DONE;
}

enum exchange_end exchange_look(struct exchange *x, struct str *why)
{
	struct pollfd fds[POLLED];
	bool moved = false;

	for (int n = 0; n < LOOK_ROUNDS && wait_for(x, fds, 0) > 0; n++) {
		if (fds[STOP].revents != 0)
			return EXCHANGE_STOPPED;
		moved = false;
		if (!move(x, fds, &moved, why))
			return EXCHANGE_FAILED;
	}
	return EXCHANGE_DONE;
}

void exchange_close(struct exchange *x)
{
	/* What it has left behind may go on writing for ever. */
	for (int n = 0; n < LOOK_ROUNDS && x->program->errors >= 0 && take_errors(x); n++)
		;
	log_line(x, str_span(&x->errors));
	if (x->program->errors >= 0)
		close(x->program->errors);
	*x->program = PROGRAM_NONE;
	str_clear(&x->errors);
	str_clear(&x->answers);
	str_clear(&x->lines);
	x->sent = 0;
	x->count = 0;
	x->answered = 0;
}

void exchange_finish(struct exchange *x)
{
	str_finish(&x->lines);
	str_finish(&x->answers);
	str_finish(&x->errors);
	free(x->ends);
}
