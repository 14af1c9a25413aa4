/* SPDX-License-Identifier: MIT */
/*
 * belfry demo: the whole way, for real, in a scratch folder.
 *
 *     demo ── publishes ──▶ belfry-broker ──▶ belfry-gateway ──▶ Nagios
 *       ▲                        │                                 │
 *       └── sees what others ────┘                                 │
 *       └────────── sees it applied, in nagios.log ────────────────┘
 *
 * How long a result took is from its publish to the line in Nagios' log. For what the demo
 * publishes that is from the call; for what others publish, from the moment at which the broker
 * passes it on to the demo, which is some 0.1 ms after they sent it.
 */
#include "cli/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "cli/options.h"

enum { START_SECONDS = 10, POLL_MS = 20 };

#define D(type, field) SETTING_FIELD(struct demo, type, field)

/* clang-format off */
static const struct setting demo_options[] = {
{ "oneshot", SETTING_BOOL, D(bool, oneshot), 0, 0, "false", 0,
  "Publish a few results, show that Nagios has applied each, and end: 0 when all were, 1 when not.", NULL },
{ "keep",    SETTING_BOOL, D(bool, keep),    0, 0, "false", 0,
  "Leave the scratch folder when ending, to look at its files.", NULL },
{ 0 },
};
/* clang-format on */

/* --- what happens -------------------------------------------------------------------------- */

static void on_message(void *owner, struct span topic, struct span payload)
{
	static const struct span status = SPAN("belfry/gateway/"), reject = SPAN("belfry/reject/");
	struct demo *d = owner;

	if (span_starts_with(topic, status)) {
		AUTO_FREE char *text = span_dup_text(payload);

		d->gateway_online = strstr(text, "\"state\":\"online\"") != NULL;
	} else if (span_starts_with(topic, reject)) {
		watch_rejected(&d->watch, span_from(topic, reject.len), payload);
	} else {
		watch_published(&d->watch, topic, instant_now());
	}
}

static void on_applied(void *owner, const struct nagios_applied *applied)
{
	struct demo *d = owner;

	watch_applied(&d->watch, applied, instant_now());
}

void demo_publish(struct demo *d, const struct demo_result *r)
{
	d->published++;
	watch_published(&d->watch, span_of_text(r->topic), instant_now());
	demo_client_publish(d->client, r->topic, span_of_text(r->payload));
}

static void read_signals(struct demo *d)
{
	struct signalfd_siginfo info;

	while (read(d->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGCHLD && info.ssi_signo != SIGWINCH)
			d->interrupted = true;
	}
	if (processes_reap(&d->processes))
		d->died = true;
}

static void read_keys(struct demo *d)
{
	unsigned char c;

	if (read(d->keys, &c, 1) == 1)
		d->key = c;
	else
		d->keys = -1;
}

static void turn(struct demo *d, int timeout_ms)
{
	struct pollfd fds[] = {
		{ d->signals, POLLIN, 0 },
		demo_client_interest(d->client),
		{ d->log.notify, POLLIN, 0 },
		{ d->keys, POLLIN, 0 },
	};

	if (poll(fds, array_size(fds), timeout_ms) > 0)
		d->stale = true;
	else
		fds[1].revents = fds[2].revents = fds[3].revents = fds[0].revents = 0;
	/* First what was published, then what was applied: a result is never applied before. */
	demo_client_turn(d->client, fds[1].revents);
	if (fds[2].revents != 0)
		nagios_log_read(&d->log, on_applied, d);
	if (fds[3].revents != 0)
		read_keys(d);
	if (fds[0].revents != 0)
		read_signals(d);
}

enum demo_wait demo_wait(struct demo *d, struct instant deadline, bool (*is_done)(struct demo *d))
{
	for (;;) {
		struct duration left = instant_between(instant_now(), deadline);
		int64_t ms = duration_milliseconds(left) + 1;

		if (d->interrupted)
			return DEMO_INTERRUPTED;
		if (d->died)
			return DEMO_DIED;
		if (is_done != NULL && is_done(d))
			return DEMO_DONE;
		if (left.ns <= 0)
			return DEMO_TIMEOUT;
		if (d->polling && ms > POLL_MS)
			ms = POLL_MS;
		turn(d, ms > 1000 ? 1000 : (int)ms);
	}
}

/* --- starting and ending ------------------------------------------------------------------- */

static bool broker_is_up(struct demo *d)
{
	if (d->client == NULL)
		d->client = demo_client_open(d->world.port, on_message, d);
	return demo_client_is_ready(d->client);
}

/* Nagios reads its command pipe. */
static bool nagios_is_up(struct demo *d)
{
	AUTO_FREE char *log = world_path(&d->world, "nagios.log");
	AUTO_FREE char *pipe = world_path(&d->world, "nagios.cmd");
	AUTO_CLOSE int fd = open(pipe, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISFIFO(status.st_mode))
		return false;
	return d->log.notify >= 0 || nagios_log_open(&d->log, log) == 0;
}

static bool gateway_is_up(struct demo *d)
{
	return d->gateway_online;
}

static int complain(const struct demo *d, enum demo_wait why, const char *what)
{
	struct str text = { 0 };

	if (why == DEMO_INTERRUPTED)
		return EXIT_REFUSED;
	processes_diagnose(&d->processes, &d->world, &text);
	fprintf(stderr, "belfry demo: %s\n%s", what, str_text(&text));
	str_finish(&text);
	return EXIT_REFUSED;
}

static bool start_one(struct demo *d, enum demo_program which, bool (*is_up)(struct demo *d))
{
	struct instant deadline = instant_after(instant_now(), seconds(START_SECONDS));
	struct str problem = { 0 };
	enum demo_wait outcome = DEMO_DIED;

	if (processes_start(&d->processes, which, &d->world, &problem)) {
		outcome = demo_wait(d, deadline, is_up);
		if (outcome != DEMO_DONE)
			str_printf(&problem,
					outcome == DEMO_TIMEOUT ? "%s did not get ready within %d s"
								: "%s did not start",
					demo_program_names[which], START_SECONDS);
	}
	if (outcome != DEMO_DONE)
		complain(d, outcome, str_text(&problem));
	str_finish(&problem);
	return outcome == DEMO_DONE;
}

/*
 * Nagios refuses to run as root, and nothing here needs it: become nobody for good. The terminal
 * and the programs are open already.
 */
static bool give_up_root(struct str *problem)
{
	const struct passwd *nobody;

	if (geteuid() != 0)
		return true;
	nobody = getpwnam("nobody");
	if (nobody == NULL) {
		str_append_text(problem, "there is no user nobody to run as; start it as an "
					 "ordinary user");
		return false;
	}
	if (setgroups(0, NULL) == 0 &&
			setresgid(nobody->pw_gid, nobody->pw_gid, nobody->pw_gid) == 0 &&
			setresuid(nobody->pw_uid, nobody->pw_uid, nobody->pw_uid) == 0)
		return true;
	str_printf(problem, "cannot become the user nobody: %s; start it as an ordinary user",
			strerror(errno));
	return false;
}

static void catch_signals(struct demo *d)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static bool prepare(struct demo *d)
{
	bool was_root = geteuid() == 0;
	struct str problem = { 0 };
	bool ok = processes_find(&d->processes, &problem) && give_up_root(&problem) &&
		  world_create(&d->world, &problem);

	if (ok) {
		catch_signals(d);
		printf("belfry demo: broker on 127.0.0.1:%u, gateway and a private Nagios, all in "
		       "%s%s\n",
				d->world.port, d->world.folder,
				was_root ? "\n(started as root, so everything runs as the user "
					   "nobody)"
					 : "");
		fflush(stdout);
	} else {
		fprintf(stderr, "belfry demo: %s\n", str_text(&problem));
	}
	str_finish(&problem);
	return ok;
}

static void clean_up(struct demo *d)
{
	struct stat status;
	char *folder;

	demo_client_close(d->client);
	nagios_log_close(&d->log);
	processes_stop(&d->processes);
	watch_finish(&d->watch);
	close_fd_at(&d->signals);
	if (d->world.folder == NULL)
		return;
	folder = world_path(&d->world, "");
	if (d->keep)
		world_finish(&d->world);
	else
		world_remove(&d->world);
	if (stat(folder, &status) == 0)
		printf("The programs are stopped; their files stay in %s\n", folder);
	else
		printf("The programs are stopped and their folder is removed.\n");
	free(folder);
}

static int run(struct demo *d)
{
	if (!prepare(d) || !start_one(d, DEMO_BROKER, broker_is_up) ||
			!start_one(d, DEMO_NAGIOS, nagios_is_up) ||
			!start_one(d, DEMO_GATEWAY, gateway_is_up))
		return d->interrupted ? EXIT_DONE : EXIT_REFUSED;
	d->polling = false;
	return d->oneshot ? demo_oneshot(d) : demo_live(d);
}

static int demo_run(int argc, char **argv)
{
	struct demo d = { .signals = -1, .keys = -1, .polling = true };
	int command, code;

	switch (options_read(&demo_verb, &d, argc, argv, &command)) {
	case OPTIONS_HELP:
		return EXIT_DONE;
	case OPTIONS_WRONG:
		return EXIT_USAGE;
	case OPTIONS_READ:
		break;
	}
	if (command < argc)
		return options_complain(&demo_verb, "'%s': unexpected word", argv[command]);
	d.log = (struct nagios_log){ .notify = -1, .file = -1 };
	processes_init(&d.processes);
	watch_init(&d.watch, true, isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL);
	code = run(&d);
	clean_up(&d);
	return code;
}

const struct verb demo_verb = {
	.name = "demo",
	.summary = "broker, gateway and a private Nagios in a scratch folder, live",
	.usage = "[--oneshot] [--keep]",
	.about = "Runs belfry-broker, belfry-gateway and a Nagios Core of its own in a new folder "
		 "in\n"
		 "$TMPDIR or /tmp, publishes a small story and shows how Nagios applies it, with "
		 "the\n"
		 "time that each result took. Publish your own meanwhile: the commands to type "
		 "are\n"
		 "shown. Ctrl-C ends everything and removes the folder.\n"
		 "\n"
		 "Needs no rights: started as root it becomes the user nobody. The broker listens "
		 "on\n"
		 "127.0.0.1 only, on port 1883 when that is free.\n"
		 "\n"
		 "The time is from publish to the line in Nagios' log that says it is being "
		 "applied.\n"
		 "For what others publish it starts when the broker passes it on to the demo, "
		 "about\n"
		 "0.1 ms later than they sent it.\n"
		 "\n"
		 "Exit codes: 0 done; 1 something did not start, ended, or was not applied.\n",
	.options = demo_options,
	.run = demo_run,
};
