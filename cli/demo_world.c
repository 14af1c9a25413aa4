/* SPDX-License-Identifier: MIT */
#include "cli/demo_world.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/net.h"

const struct demo_object demo_objects[] = {
	{ "web1", NULL },
	{ "web1", "Disk" },
	{ "web1", "HTTP" },
	{ "web1", "Load" },
	{ "mail1", NULL },
	{ "mail1", "Queue" },
	{ "mail1", "SMTP" },
	{ NULL, NULL },
};

static const char broker_conf[] = "# belfry demo\n"
				  "listener @PORT@ 127.0.0.1\n"
				  "allow_anonymous true\n";

static const char gateway_conf[] = "# belfry demo\n"
				   "broker     mqtt://127.0.0.1:@PORT@\n"
				   "client_id  belfry-gateway\n"
				   "state_dir  @DIR@/gateway\n"
				   "\n"
				   "output nagios command_file\n"
				   "path   @DIR@/nagios.cmd\n"
				   "\n"
				   "route  nagios/#\n"
				   "to     nagios\n";

/* A core that checks nothing itself and tells nobody: everything it knows comes in. */
static const char nagios_cfg[] = "# belfry demo\n"
				 "cfg_file=@DIR@/objects.cfg\n"
				 "log_file=@DIR@/nagios.log\n"
				 "status_file=@DIR@/status.dat\n"
				 "status_update_interval=1\n"
				 "command_file=@DIR@/nagios.cmd\n"
				 "query_socket=@DIR@/nagios.qh\n"
				 "lock_file=@DIR@/nagios.lock\n"
				 "temp_file=@DIR@/nagios.tmp\n"
				 "temp_path=@DIR@/tmp\n"
				 "check_result_path=@DIR@/spool\n"
				 "object_cache_file=@DIR@/objects.cache\n"
				 "precached_object_file=@DIR@/objects.precache\n"
				 "state_retention_file=@DIR@/retention.dat\n"
				 "retain_state_information=0\n"
				 "check_external_commands=1\n"
				 "accept_passive_service_checks=1\n"
				 "accept_passive_host_checks=1\n"
				 "execute_service_checks=0\n"
				 "execute_host_checks=0\n"
				 "check_service_freshness=0\n"
				 "check_host_freshness=0\n"
				 "check_for_orphaned_services=0\n"
				 "check_for_orphaned_hosts=0\n"
				 "enable_notifications=0\n"
				 "enable_event_handlers=0\n"
				 "enable_flap_detection=0\n"
				 "check_for_updates=0\n"
				 "check_workers=1\n"
				 "# the demo reads these from the log\n"
				 "log_external_commands=1\n"
				 "log_passive_checks=1\n"
				 "log_initial_states=0\n"
				 "log_rotation_method=n\n"
				 "use_syslog=0\n"
				 "illegal_object_name_chars=`~!$%^&*|'\"<>?,()=\n"
				 "illegal_macro_output_chars=`~$&|'\"<>\n";

static const char objects_cfg[] = "define timeperiod {\n"
				  "    timeperiod_name  always\n"
				  "    alias            always\n"
				  "}\n"
				  "define command {\n"
				  "    command_name  never-run\n"
				  "    command_line  /bin/true\n"
				  "}\n"
				  "define contact {\n"
				  "    contact_name                   nobody\n"
				  "    host_notification_period       always\n"
				  "    service_notification_period    always\n"
				  "    host_notification_commands     never-run\n"
				  "    service_notification_commands  never-run\n"
				  "}\n";

static const char host_cfg[] = "define host {\n"
			       "    host_name               @HOST@\n"
			       "    address                 127.0.0.1\n"
			       "    check_command           never-run\n"
			       "    active_checks_enabled   0\n"
			       "    passive_checks_enabled  1\n"
			       "    max_check_attempts      1\n"
			       "    check_period            always\n"
			       "    notification_period     always\n"
			       "    contacts                nobody\n"
			       "}\n";

static const char service_cfg[] = "define service {\n"
				  "    host_name               @HOST@\n"
				  "    service_description     @SERVICE@\n"
				  "    check_command           never-run\n"
				  "    active_checks_enabled   0\n"
				  "    passive_checks_enabled  1\n"
				  "    max_check_attempts      1\n"
				  "    check_interval          5\n"
				  "    retry_interval          1\n"
				  "    check_period            always\n"
				  "    notification_period     always\n"
				  "    contacts                nobody\n"
				  "}\n";

/* Append `template` with its @MARK@s filled in. */
static void fill_in(struct str *into, const char *template, const struct world *w,
		const struct demo_object *object)
{
	struct span rest = span_of_text(template);
	struct span word;

	while (rest.data != NULL) {
		str_append(into, span_cut(&rest, '@'));
		if (rest.data == NULL)
			break;
		word = span_cut(&rest, '@');
		if (span_equal_text(word, "DIR"))
			str_append_text(into, w->folder);
		else if (span_equal_text(word, "PORT"))
			str_printf(into, "%u", w->port);
		else if (span_equal_text(word, "HOST"))
			str_append_text(into, object->host);
		else if (span_equal_text(word, "SERVICE"))
			str_append_text(into, object->service);
	}
}

static bool say_errno(struct str *problem, const char *what, int error)
{
	str_printf(problem, "%s: %s", what, strerror(error));
	return false;
}

static bool write_file(const struct world *w, const char *name, const struct str *text,
		struct str *problem)
{
	AUTO_FREE char *path = world_path(w, name);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return say_errno(problem, path, errno);
	if (write(fd, text->text, text->len) != (ssize_t)text->len)
		return say_errno(problem, path, errno);
	return true;
}

static bool write_filled(
		const struct world *w, const char *name, const char *template, struct str *problem)
{
	struct str text = { 0 };
	bool ok;

	fill_in(&text, template, w, NULL);
	ok = write_file(w, name, &text, problem);
	str_finish(&text);
	return ok;
}

static bool write_objects(const struct world *w, struct str *problem)
{
	struct str text = { 0 };
	bool ok;

	str_append_text(&text, objects_cfg);
	for (const struct demo_object *o = demo_objects; o->host != NULL; o++)
		fill_in(&text, o->service == NULL ? host_cfg : service_cfg, w, o);
	ok = write_file(w, "objects.cfg", &text, problem);
	str_finish(&text);
	return ok;
}

static bool make_folder(const struct world *w, const char *name, struct str *problem)
{
	AUTO_FREE char *path = world_path(w, name);

	return mkdir(path, 0700) == 0 || say_errno(problem, path, errno);
}

/* A port that nobody listens on now; 0 with a sentence in *problem. */
static uint16_t choose_port(struct str *problem)
{
	static const uint16_t wanted[] = { 1883, 0 };
	char failed[NET_ADDRESS_TEXT];
	int fds[NET_MAX_ADDRESSES];
	int count = 0;

	for (size_t i = 0; i < array_size(wanted); i++) {
		struct net_place place = { .host = "127.0.0.1", .port = wanted[i] };
		struct sockaddr_in address = { 0 };
		socklen_t size = sizeof(address);

		count = net_listen(&place, fds, failed);
		if (count <= 0)
			continue;
		if (getsockname(fds[0], (struct sockaddr *)&address, &size) < 0)
			address.sin_port = 0;
		for (int f = 0; f < count; f++)
			close(fds[f]);
		return ntohs(address.sin_port);
	}
	say_errno(problem, "no port of 127.0.0.1 to listen on", -count);
	return 0;
}

static char *make_scratch(struct str *problem)
{
	const char *parents[] = { getenv("TMPDIR"), "/tmp" };

	for (size_t i = 0; i < array_size(parents); i++) {
		struct str path = { 0 };

		if (parents[i] == NULL || parents[i][0] != '/')
			continue;
		str_printf(&path, "%s/belfry-demo-XXXXXX", parents[i]);
		if (mkdtemp(path.text) != NULL)
			return str_take(&path);
		str_clear(problem);
		say_errno(problem, parents[i], errno);
		str_finish(&path);
	}
	return NULL;
}

bool world_create(struct world *w, struct str *problem)
{
	*w = (struct world){ .folder = make_scratch(problem) };
	if (w->folder == NULL)
		return false;
	str_clear(problem);
	w->port = choose_port(problem);
	return w->port != 0 && make_folder(w, "tmp", problem) && make_folder(w, "spool", problem) &&
	       write_filled(w, "broker.conf", broker_conf, problem) &&
	       write_filled(w, "gateway.conf", gateway_conf, problem) &&
	       write_filled(w, "nagios.cfg", nagios_cfg, problem) && write_objects(w, problem);
}

char *world_path(const struct world *w, const char *name)
{
	struct str path = { 0 };

	str_printf(&path, "%s/%s", w->folder, name);
	return str_take(&path);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	remove(path); /* what cannot be removed keeps its folder; the caller looks */
	return 0;
}

void world_remove(struct world *w)
{
	if (w->folder != NULL)
		nftw(w->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	world_finish(w);
}

void world_finish(struct world *w)
{
	free(w->folder);
	*w = (struct world){ 0 };
}
