/* SPDX-License-Identifier: MIT */
#include "gateway/service.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"
#include "common/notify.h"
#include "gateway/reload.h"
#include "gateway/supervise.h"

enum {
	/* Descriptors that a gateway may want at once; more than it does want. */
	DESCRIPTORS = 24,
	DESCRIPTORS_OF_BROKER = 6,
	DESCRIPTORS_OF_OUTPUT = 8,

	LAST_WORD_MS = 2000, /* for brokers that have heard "reloading", see wait_for_last_word() */
	LOOK_MS = 10,
};

struct service {
	struct config *config;
	struct gateway *gateway; /* NULL: none could be started */
	struct supervise supervise;
	bool was_reloaded;
	int lock_fd;	 /* one service per state_dir */
	sigset_t waited; /* signals of the main thread */
};

/* --- the process ---------------------------------------------------------------------------- */

static bool lock_state_dir(struct service *s)
{
	const char *dir = s->config->state_dir;
	struct str path = { 0 };
	bool ok = true;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		log_error_errno(errno, "state_dir %s: cannot be created", dir);
		return false;
	}
	str_printf(&path, "%s/lock", dir);
	s->lock_fd = open(str_text(&path), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock_fd < 0) {
		log_error_errno(errno, "state_dir %s: cannot be written", dir);
		ok = false;
	} else if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("state_dir %s: is in use by another belfry-gateway; each needs its own",
				dir);
		ok = false;
	}
	str_finish(&path);
	return ok;
}

static void nothing(int signal)
{
	(void)signal;
}

/*
 * Threads inherit that SIGTERM, SIGINT and SIGHUP wait for the main thread. SIGUSR1 ends a
 * connect that blocks (intake_stop), so its handler does nothing and restarts nothing.
 */
static void prepare_signals(struct service *s)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, interrupt = { .sa_handler = nothing };

	sigemptyset(&s->waited);
	sigaddset(&s->waited, SIGTERM);
	sigaddset(&s->waited, SIGINT);
	sigaddset(&s->waited, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &s->waited, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGUSR1, &interrupt, NULL);
}

static struct gateway *begin(const struct config *config)
{
	struct gateway *g = gateway_create(config);

	if (g != NULL && gateway_start(g))
		return g;
	gateway_destroy(g);
	return NULL;
}

/* --- reload --------------------------------------------------------------------------------- */

static bool add_error(struct settings_report *report, const char *file, const char *what)
{
	str_printf(&report->text, "%s: %s\n", file, what);
	report->errors++;
	return false;
}

/* Are there as many as the new gateway needs? While the old one still has its own, to be safe. */
static bool descriptors_suffice(const struct config *c, struct settings_report *report)
{
	size_t wanted = DESCRIPTORS + c->broker_count * DESCRIPTORS_OF_BROKER +
			c->output_count * DESCRIPTORS_OF_OUTPUT;
	int *fds = xcalloc(wanted, sizeof(*fds));
	size_t n = 0;

	while (n < wanted && (fds[n] = eventfd(0, EFD_CLOEXEC)) >= 0)
		n++;
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
	free(fds);
	return n == wanted ||
	       add_error(report, c->file,
			       "there are too few descriptors left for another gateway; raise the "
			       "limit (ulimit -n, LimitNOFILE=)");
}

/* The log is opened anew in any case: a program may have moved its file away. */
static bool reopen_log(const struct config *c, struct settings_report *report)
{
	struct settings_line line = {
		.file = c->file, .number = config_line(c, "log_dest"), .report = report
	};
	int r = log_open(&c->log);

	return r == 0 || settings_error(&line, span_of_text("log_dest"), "%s cannot be opened: %s",
					 c->log.file, strerror(-r));
}

static void log_report(const struct settings_report *report)
{
	log_lines(LOG_TYPE_ERROR, "reload", str_span(&report->text));
	log_error("reload: %u error%s; everything stays as it was", report->errors,
			report->errors == 1 ? "" : "s");
}

/* One gateway instead of the other. Both cannot be there at once: the journal is one. */
static void replace(struct service *s, struct config *fresh)
{
	struct config *unwanted = s->config;

	reload_tell_changes(s->config, fresh);
	s->was_reloaded = true;
	gateway_stop(s->gateway, "reloading");
	gateway_destroy(s->gateway);
	s->gateway = begin(fresh);
	if (s->gateway != NULL) {
		s->config = fresh;
		log_notice("reload: the new configuration is in effect");
	} else {
		unwanted = fresh;
		log_error("reload: with the new configuration the gateway does not start; going "
			  "back "
			  "to the one before");
		log_open(&s->config->log);
		s->gateway = begin(s->config);
	}
	config_destroy(unwanted);
}

static void reload(struct service *s)
{
	struct settings_report report = { 0 };
	struct config *fresh;

	notify_reloading(instant_now());
	fresh = config_load_again(s->config, &report);
	if (fresh == NULL || !descriptors_suffice(fresh, &report) || !reopen_log(fresh, &report)) {
		log_report(&report);
		config_destroy(fresh);
	} else if (reload_changes_nothing(s->config, fresh)) {
		log_notice("reload: nothing has changed");
		config_destroy(fresh);
	} else {
		replace(s, fresh);
	}
	str_finish(&report.text);
	notify("READY=1");
}

/* --- running -------------------------------------------------------------------------------- */

/* The next signal, 0 when the watchdog is to be looked after first. */
static int wait_for_signal(const struct service *s)
{
	struct instant due = supervise_due(&s->supervise);
	struct duration left = instant_between(instant_now(), due);
	struct timespec timeout = { 0 };
	int signal;

	if (due.ns == INSTANT_NEVER.ns)
		signal = sigwaitinfo(&s->waited, NULL);
	else if (left.ns <= 0)
		return 0;
	else {
		timeout.tv_sec = left.ns / 1000000000;
		timeout.tv_nsec = left.ns % 1000000000;
		signal = sigtimedwait(&s->waited, NULL, &timeout);
	}
	return signal > 0 ? signal : 0;
}

/*
 * The status at a broker that the gateway has not come back to since a reload would say "reloading"
 * for ever: whoever ends it within that moment waits until it is back, or the broker seems away.
 */
static void wait_for_last_word(const struct service *s)
{
	struct instant end = instant_after(instant_now(), milliseconds(LAST_WORD_MS));

	while (s->was_reloaded && !gateway_is_connected(s->gateway) &&
			!instant_reached(end, instant_now()))
		poll(NULL, 0, LOOK_MS);
}

/* False when not even the gateway from before a reload could be started again. */
static bool run(struct service *s)
{
	int signal = 0;

	while (s->gateway != NULL) {
		supervise_turn(&s->supervise, s->gateway, instant_now());
		signal = wait_for_signal(s);
		if (signal == SIGTERM || signal == SIGINT)
			break;
		if (signal == SIGHUP)
			reload(s);
	}
	if (s->gateway == NULL)
		return false;
	log_notice("%s: ending", signal == SIGTERM ? "SIGTERM" : "SIGINT");
	wait_for_last_word(s);
	return true;
}

static bool start(struct service *s)
{
	prepare_signals(s);
	umask(022); /* what is private is created with its own mode; batch files are for the core */
	log_notice("belfry-gateway " BELFRY_VERSION " starting, configuration %s", s->config->file);
	if (!lock_state_dir(s))
		return false;
	s->gateway = begin(s->config);
	return s->gateway != NULL;
}

int service_run(struct config *config)
{
	struct service s = { .config = config, .lock_fd = -1 };
	bool ok;

	mosquitto_lib_init();
	ok = start(&s);
	if (ok) {
		notify("READY=1");
		supervise_init(&s.supervise, instant_now());
		ok = run(&s);
	}
	notify("STOPPING=1");
	gateway_destroy(s.gateway);
	mosquitto_lib_cleanup();
	if (s.lock_fd >= 0)
		close(s.lock_fd);
	config_destroy(s.config);
	return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
