/* SPDX-License-Identifier: MIT */
/*
 * belfry demo without --oneshot: a small story, then whatever is published, until Ctrl-C. On a
 * terminal a picture that is drawn over and over, otherwise one line for each result.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>

#include "cli/demo.h"
#include "cli/demo_screen.h"
#include "cli/verbs.h"

enum { FRAME_MS = 30 };

/* clang-format off */
static const struct demo_result story[] = {
	{    0, "nagios/web1",        "{\"state\":\"up\",\"output\":\"PING ok, 0.4 ms\"}" },
	{    0, "nagios/web1/Disk",   "{\"code\":0,\"reason\":\"/var is 61% full\"}" },
	{    0, "nagios/web1/HTTP",   "{\"state\":\"OK\",\"output\":\"200, 34 ms\",\"perfdata\":\"time=34ms\"}" },
	{    0, "nagios/web1/Load",   "{\"state\":\"OK\",\"output\":\"load 0.7 on 4 cores\"}" },
	{    0, "nagios/mail1",       "{\"state\":\"up\",\"output\":\"PING ok, 0.6 ms\"}" },
	{    0, "nagios/mail1/Queue", "{\"state\":\"OK\",\"output\":\"3 mails waiting\",\"perfdata\":{\"queue\":3}}" },
	{    0, "nagios/mail1/SMTP",  "{\"state\":\"OK\",\"output\":\"220 mail1 ESMTP\"}" },
	{ 2500, "nagios/web1/Load",   "{\"state\":\"warning\",\"output\":\"load 6.1 on 4 cores\"}" },
	{ 2500, "nagios/web1/Disk",   "{\"code\":2,\"reason\":\"/var is 98% full\"}" },
	{ 2500, "nagios/mail1/Queue", "{\"return_code\":\"1\",\"output\":\"812 mails waiting\"}" },
	{ 1500, "nagios/mail1/SMTP",  "{\"state\":\"critical\",\"output\":\"no answer on port 25\"}" },
	{ 1500, "nagios/mail1",       "{\"state\":\"down\",\"output\":\"no answer to ping\"}" },
	{ 4000, "nagios/mail1",       "{\"state\":\"up\",\"output\":\"PING ok, 0.7 ms\"}" },
	{  500, "nagios/mail1/SMTP",  "{\"state\":\"ok\",\"output\":\"220 mail1 ESMTP\"}" },
	{ 1500, "nagios/web1/Disk",   "{\"code\":0,\"reason\":\"/var is 40% full, logs were rotated\"}" },
	{ 1500, "nagios/mail1/Queue", "{\"state\":\"ok\",\"output\":\"5 mails waiting\"}" },
};
/* clang-format on */

struct telling {
	size_t next;
	struct instant due; /* of story[next] */
};

/* Publish what is due. */
static void tell(struct demo *d, struct telling *t)
{
	while (t->next < array_size(story) && instant_reached(t->due, instant_now())) {
		demo_publish(d, &story[t->next]);
		if (++t->next < array_size(story))
			t->due = instant_after(
					instant_now(), milliseconds(story[t->next].pause_ms));
		else
			t->due = INSTANT_NEVER;
	}
}

/* How the user calls us: as short as it works from here. */
static void own_name(char name[PATH_MAX])
{
	char here[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", name, PATH_MAX - 1);
	size_t prefix;

	name[len > 0 ? len : 0] = '\0';
	if (getcwd(here, sizeof(here)) == NULL)
		return;
	prefix = strlen(here);
	if (prefix > 1 && strncmp(name, here, prefix) == 0 && name[prefix] == '/')
		memmove(name, name + prefix + 1, strlen(name + prefix + 1) + 1);
}

static void draw(struct demo *d, struct watch_frame *frame)
{
	struct str picture = { 0 };

	screen_size(&frame->columns, &frame->rows);
	watch_draw(&d->watch, frame, instant_now(), &picture);
	screen_write(&picture);
	str_finish(&picture);
}

static bool is_stale(struct demo *d)
{
	return d->stale;
}

/* Wait for something to draw, at most a second because ages grow; gather what comes together. */
static enum demo_wait wait_for_news(struct demo *d, struct instant due)
{
	struct instant second = instant_after(instant_now(), seconds(1));
	enum demo_wait outcome = demo_wait(d, instant_earlier(second, due), is_stale);

	if (outcome != DEMO_DONE)
		return outcome;
	return demo_wait(d, instant_after(instant_now(), milliseconds(FRAME_MS)), NULL);
}

static enum demo_wait show(struct demo *d, struct watch_frame *frame)
{
	struct telling t = { 0, instant_now() };
	enum demo_wait outcome;

	do {
		tell(d, &t);
		d->stale = false;
		if (!d->watch.plain)
			draw(d, frame);
		outcome = wait_for_news(d, t.due);
		if (d->key == ' ' && t.next == array_size(story))
			t = (struct telling){ 0, instant_now() };
		if (d->key == 'q')
			outcome = DEMO_INTERRUPTED;
		d->key = 0;
	} while (outcome == DEMO_DONE || outcome == DEMO_TIMEOUT);
	return outcome;
}

static void print_commands(const struct watch_frame *frame)
{
	struct str text = { 0 };

	str_append_text(&text, "Type in another terminal:\n");
	watch_append_commands(frame, "\n", &text);
	printf("%s\ntime          host    service  state         took  output\n", str_text(&text));
	fflush(stdout);
	str_finish(&text);
}

static void print_end(const struct demo *d)
{
	if (d->watch.took_count > 0)
		printf("%" PRIu64 " results applied, median %.1f ms from publish to applied.\n",
				d->watch.applied, (double)watch_median(&d->watch).ns / 1e6);
}

int demo_live(struct demo *d)
{
	char name[PATH_MAX];
	struct watch_frame frame = {
		.port = d->world.port, .folder = d->world.folder, .belfry = name
	};
	struct str diagnosis = { 0 };
	struct screen screen = { 0 };
	enum demo_wait outcome;

	own_name(name);
	d->watch.plain = !isatty(STDOUT_FILENO);
	if (d->watch.plain) {
		print_commands(&frame);
	} else {
		screen_open(&screen);
		d->keys = screen.has_keys ? STDIN_FILENO : -1;
	}
	outcome = show(d, &frame);
	screen_close(&screen);
	print_end(d);
	if (outcome == DEMO_INTERRUPTED)
		return EXIT_DONE;
	processes_diagnose(&d->processes, &d->world, &diagnosis);
	fprintf(stderr, "belfry demo: %s", str_text(&diagnosis));
	str_finish(&diagnosis);
	return EXIT_REFUSED;
}
