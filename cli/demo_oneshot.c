/* SPDX-License-Identifier: MIT */
/*
 * belfry demo --oneshot: publish one result of each kind, wait for each, and compare what Nagios
 * says in the end with what was published.
 */
#include <inttypes.h>
#include <stdio.h>

#include "cli/demo.h"
#include "cli/nagios_status.h"
#include "cli/result.h"
#include "cli/verbs.h"

enum { APPLY_SECONDS = 10, STATUS_SECONDS = 10 };

struct expected {
	struct demo_result result;
	const char *state; /* in status.dat */
	const char *output, *long_output, *perfdata;
};

/* clang-format off */
static const struct expected results[] = {
	{ { 0, "nagios/web1", "{\"state\":\"up\",\"output\":\"PING ok\"}" },
	  "0", "PING ok", "", "" },
	{ { 0, "nagios/web1/Load", "{\"state\":\"OK\",\"output\":\"load 0.4\",\"perfdata\":{\"load1\":0.4}}" },
	  "0", "load 0.4", "", "load1=0.4" },
	{ { 0, "nagios/web1/HTTP", "{\"state\":\"warning\",\"output\":\"answered after 2.1 s\"}" },
	  "1", "answered after 2.1 s", "", "" },
	{ { 0, "nagios/web1/Disk", "{\"code\":2,\"reason\":\"disk full\"}" },
	  "2", "disk full", "", "" },
	{ { 0, "nagios/mail1", "{\"state\":\"down\",\"output\":\"no answer to ping\"}" },
	  "1", "no answer to ping", "", "" },
	{ { 0, "nagios/mail1/Queue", "{\"return_code\":\"3\",\"output\":\"cannot read the queue\"}" },
	  "3", "cannot read the queue", "", "" },
	{ { 0, "nagios/mail1/SMTP", "{\"state\":\"CRITICAL\",\"output\":\"SMTP refused | time=0.012s;0.1;0.5\\nline 2\\nline 3\"}" },
	  "2", "SMTP refused", "line 2\\nline 3", "time=0.012s;0.1;0.5" },
};
/* clang-format on */

static bool is_applied(struct demo *d)
{
	return d->watch.applied >= d->published;
}

static int fail(struct demo *d, const char *what)
{
	struct str text = { 0 };

	processes_diagnose(&d->processes, &d->world, &text);
	fprintf(stderr, "belfry demo: %s\n%s", what, str_text(&text));
	str_finish(&text);
	return EXIT_REFUSED;
}

static bool read_whole(const char *path, struct str *into)
{
	FILE *f = fopen(path, "re");
	char buffer[16384];
	size_t n;

	str_clear(into);
	if (f == NULL)
		return false;
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		str_append(into, span_of(buffer, n));
	fclose(f);
	return true;
}

/* Does status.dat say what was published? */
static bool is_as_published(struct span status_dat, const struct expected *e)
{
	struct str host = { 0 }, service = { 0 };
	struct nagios_status s;
	bool ok = result_topic_read(span_of_text(e->result.topic), "nagios", &host, &service) &&
		  nagios_status_find(status_dat, str_span(&host), str_span(&service), &s) &&
		  span_equal_text(s.state, e->state) && span_equal_text(s.output, e->output) &&
		  span_equal_text(s.long_output, e->long_output) &&
		  span_equal_text(s.perfdata, e->perfdata);

	str_finish(&host);
	str_finish(&service);
	return ok;
}

/* The first result that status.dat does not have as it was published; NULL: it has all. */
static const struct expected *find_difference(const struct demo *d)
{
	AUTO_FREE char *path = world_path(&d->world, "status.dat");
	const struct expected *different = NULL;
	struct str text = { 0 };

	read_whole(path, &text);
	for (size_t i = 0; i < array_size(results) && different == NULL; i++) {
		if (!is_as_published(str_span(&text), &results[i]))
			different = &results[i];
	}
	str_finish(&text);
	return different;
}

static bool status_is_right(struct demo *d)
{
	return find_difference(d) == NULL;
}

static int missing(struct demo *d, const struct demo_result *r)
{
	struct str text = { 0 };
	int code;

	if (d->died)
		str_printf(&text, "%s was not applied", r->topic);
	else
		str_printf(&text, "%s was not applied within %d s", r->topic, APPLY_SECONDS);
	code = fail(d, str_text(&text));
	str_finish(&text);
	return code;
}

static int different(struct demo *d)
{
	const struct expected *e = find_difference(d);
	struct str text = { 0 };
	int code;

	str_printf(&text, "status.dat does not show %s %s within %d s",
			e != NULL ? e->result.topic : "?", e != NULL ? e->result.payload : "",
			STATUS_SECONDS);
	code = fail(d, str_text(&text));
	str_finish(&text);
	return code;
}

/* Publish each, when the one before was applied. */
static int publish_all(struct demo *d)
{
	for (size_t i = 0; i < array_size(results); i++) {
		struct instant deadline = instant_after(instant_now(), seconds(APPLY_SECONDS));

		demo_publish(d, &results[i].result);
		switch (demo_wait(d, deadline, is_applied)) {
		case DEMO_DONE:
			break;
		case DEMO_INTERRUPTED:
			return EXIT_REFUSED;
		case DEMO_TIMEOUT:
		case DEMO_DIED:
			return missing(d, &results[i].result);
		}
	}
	return EXIT_DONE;
}

int demo_oneshot(struct demo *d)
{
	enum demo_wait outcome;

	puts("\ntime          host    service  state         took  output");
	if (publish_all(d) != EXIT_DONE)
		return EXIT_REFUSED;
	/* Nagios writes the file once a second. */
	d->polling = true;
	outcome = demo_wait(
			d, instant_after(instant_now(), seconds(STATUS_SECONDS)), status_is_right);
	if (outcome == DEMO_TIMEOUT || outcome == DEMO_DIED)
		return different(d);
	if (outcome == DEMO_INTERRUPTED)
		return EXIT_REFUSED;
	printf("\n%zu results published, %" PRIu64 " applied by Nagios, median %.1f ms; its "
	       "status.dat shows each as published.\n",
			array_size(results), d->watch.applied,
			(double)watch_median(&d->watch).ns / 1e6);
	return EXIT_DONE;
}
