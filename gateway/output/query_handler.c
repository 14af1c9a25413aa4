/* SPDX-License-Identifier: MIT */
#include "gateway/output/query_handler.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/result/encode.h"
#include "gateway/result/encode_command.h"

enum {
	RETRY_MS = 200,	       /* a missing socket is looked for this often */
	WRONG_CORE_MS = 10000, /* and one that takes no commands */
	PATIENCE_MS = 5000,    /* with an answer, before that is said */
	MAX_REPLY = 1024,
};

#define O(type, field) SETTING_FIELD(struct query_handler_config, type, field)

/* clang-format off */
static const struct setting settings[] = {
{ "path",          SETTING_TEXT,   O(char *, path),             1, 107,       NULL, SETTING_REQUIRED,
  "Naemon's socket (query_socket in naemon.cfg).", NULL },
SINK_SETTINGS(struct query_handler_config, "500", 100000),
{ 0 },
};
/* clang-format on */

static const char no_socket[] = "is not there; the core creates it when it starts: is it running?";
static const char nobody[] = "has nobody behind it; is the core running?";
static const char denied[] = "may not be used by the gateway's user; add the user to the socket's "
			     "group";
static const char stranger[] =
		"is served by a user who is neither root, nor ours, nor the owner of its folder";
static const char silent[] = "is not answered; is the core busy, stopped or hanging?";
static const char no_handler[] = "takes no commands, as that of Nagios; use an output of the type "
				 "command_file with the core's command_file";
static const char strange[] = "gives answers that are none; is it query_socket of naemon.cfg?";
static const char unwell[] = "answers that the core is overloaded or in trouble; trying again";
static const char failed[] = "cannot be connected to";

struct query_handler {
	struct sink sink;
	const struct query_handler_config *config;
	struct sink_env env;
	int fd;			   /* -1: not connected */
	const struct batch *batch; /* borrowed from submit() to done */
	size_t at;		   /* the item that is on its way, or the next */
	struct str query;	   /* empty: nothing is on its way */
	size_t sent;		   /* bytes of it */
	char reply[MAX_REPLY];
	size_t replied;
	struct instant retry_at, asked_at;
	const char *problem;
	bool was_open;
};

static void check(struct output_config *output, const char *state_dir, struct str *problem)
{
	struct query_handler_config *o = container_of(output, struct query_handler_config, output);

	(void)state_dir;
	if (o->path != NULL && o->path[0] != '/')
		str_printf(problem, "path %s is not absolute; write it from / on", o->path);
}

static struct sink *create(const struct output_config *output, const struct sink_env *env)
{
	struct query_handler *q = xcalloc(1, sizeof(*q));

	q->sink.class = &query_handler_class;
	q->config = (const void *)output; /* begins with it */
	q->env = *env;
	q->fd = -1;
	return &q->sink;
}

static struct query_handler *of(struct sink *s)
{
	return container_of(s, struct query_handler, sink);
}

static const struct query_handler *of_const(const struct sink *s)
{
	return (const struct query_handler *)(const void *)s; /* its first member */
}

static void disconnect(struct query_handler *q)
{
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
	q->sent = q->replied = 0;
	str_clear(&q->query);
}

static void destroy(struct sink *s)
{
	struct query_handler *q = of(s);

	disconnect(q);
	str_finish(&q->query);
	free(q);
}

static enum sink_leftover resume(struct sink *s, const struct progress *left)
{
	(void)s;
	(void)left; /* nothing lies about: what was not confirmed is sent again */
	return LEFTOVER_NONE;
}

static void encode(struct sink *s, struct str *into, const struct check_result *result,
		struct wall_time received)
{
	struct query_handler *q = of(s);

	if (encode_naemon(into, result, received, q->config->output.max_output, 0))
		count_up(&q->env.counters->cut, 1);
}

static const char *encode_one_command(struct sink *s, struct str *into,
		const struct command *command, struct wall_time received)
{
	(void)s;
	return encode_command_nagios(into, command, received);
}

static void submit(struct sink *s, struct batch *batch)
{
	struct query_handler *q = of(s);

	q->batch = batch;
	q->at = 0;
}

/* --- the connection ------------------------------------------------------------------------ */

/* Say what is wrong once; NULL: nothing. */
static void say(struct query_handler *q, const char *problem, int error)
{
	if (problem != NULL && q->problem != problem)
		log_warn_errno(error, "output \"%s\": %s %s; waiting", q->config->output.name,
				q->config->path, problem);
	if (problem == NULL && (q->problem != NULL || !q->was_open))
		log_info("output \"%s\": %s is open, the core answers", q->config->output.name,
				q->config->path);
	q->was_open |= problem == NULL;
	q->problem = problem;
	*q->env.problem = problem;
	q->env.counters->connected = problem == NULL;
}

static void give_up(struct query_handler *q, const char *problem, int error, struct instant now)
{
	disconnect(q);
	say(q, problem, error);
	q->retry_at = instant_after(
			now, milliseconds(problem == no_handler ? WRONG_CORE_MS : RETRY_MS));
}

static const char *problem_of(int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
		return no_socket;
	case ECONNREFUSED:
	case ECONNRESET:
	case EPIPE:
		return nobody;
	case EACCES:
	case EPERM:
		return denied;
	case EAGAIN:
		return silent;
	default:
		return failed;
	}
}

static bool peer_is_right(const struct query_handler *q)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);
	const char *slash = strrchr(q->config->path, '/');
	AUTO_FREE char *folder = span_dup_text(
			span_of(q->config->path, (size_t)(slash - q->config->path) + 1));
	struct stat st;

	if (getsockopt(q->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	return peer.uid == 0 || peer.uid == geteuid() ||
	       (stat(folder, &st) == 0 && st.st_uid == peer.uid);
}

/* Keep it connected, batch or not, so that the operator hears of a core that is away. */
static bool keep_connected(struct query_handler *q, struct instant now)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (q->fd >= 0)
		return true;
	if (!instant_reached(q->retry_at, now))
		return false;
	strcpy(address.sun_path, q->config->path); /* the setting's bound is its size */
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || connect(q->fd, (void *)&address, sizeof(address)) < 0) {
		give_up(q, problem_of(errno), errno, now);
		return false;
	}
	if (!peer_is_right(q)) {
		give_up(q, stranger, 0, now);
		return false;
	}
	/* Whether it takes commands is not known before it has answered one. */
	if (q->problem != no_handler && q->problem != strange && q->problem != unwell)
		say(q, NULL, 0);
	return true;
}

/* --- question and answer ------------------------------------------------------------------- */

static void ask(struct query_handler *q, struct instant now)
{
	const struct batch_item *item = &q->batch->items[q->at];
	struct span line = span_of(q->batch->text.text + item->at, item->len - 1);

	str_append_text(&q->query, "@command run ");
	str_append(&q->query, line);
	str_append_byte(&q->query, '\0');
	q->sent = q->replied = 0;
	q->asked_at = now;
}

static bool is_of_service(struct span command)
{
	return memmem(command.data, command.len, "_SERVICE_", 9) != NULL ||
	       memmem(command.data, command.len, "_SVC_", 5) != NULL;
}

/* A result or command that the core does not take: because of its object, as far as can be told, or
 * not. */
static void refuse(struct query_handler *q, struct span reason)
{
	const struct batch_item *item = &q->batch->items[q->at];
	struct span line = span_of(q->batch->text.text + item->at, item->len);
	struct rejection r = { .reject = REJECT_REFUSED, .detail = reason };
	struct span command;

	span_cut(&line, ' ');
	command = span_cut(&line, ';');
	r.host = span_cut(&line, ';');
	if (is_of_service(command))
		r.service = span_cut(&line, ';');
	/* What names no object is the only value of ours that can be invalid. */
	if (span_equal_text(reason, "Invalid value"))
		r.reject = r.service.len > 0 ? REJECT_UNKNOWN_SERVICE : REJECT_UNKNOWN_HOST;
	else if (!span_starts_with(command, (struct span)SPAN("PROCESS_")))
		r.reject = REJECT_BAD_COMMAND;
	q->env.refuse(q->env.owner, q->at, &r);
}

static void answered(struct query_handler *q)
{
	str_clear(&q->query);
	q->sent = q->replied = 0;
	q->at++;
	if (q->problem != NULL)
		say(q, NULL, 0);
}

/* False when the connection is of no more use. */
static bool take_reply(struct query_handler *q, struct span reply, struct instant now)
{
	struct span code = span_cut(&reply, ':');
	uint64_t number = 0;

	reply = span_trim(reply);
	if (!span_to_uint(code, 599, &number) || number < 200) {
		give_up(q, strange, 0, now);
	} else if (number == 404) {
		give_up(q, no_handler, 0, now);
	} else if (number >= 500) {
		give_up(q, unwell, 0, now);
	} else {
		if (number >= 300)
			refuse(q, reply);
		answered(q);
		return true;
	}
	return false;
}

/* What is left of the question. False when it has to be waited for. */
static bool send_query(struct query_handler *q, struct instant now)
{
	while (q->sent < q->query.len) {
		ssize_t n = send(q->fd, q->query.text + q->sent, q->query.len - q->sent,
				MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			give_up(q, problem_of(errno), errno, now);
			return false;
		}
		q->sent += (size_t)n;
	}
	return true;
}

/* True when an answer was taken. */
static bool receive_reply(struct query_handler *q, struct instant now)
{
	ssize_t n = recv(q->fd, q->reply + q->replied, sizeof(q->reply) - q->replied, 0);
	int error = errno;
	struct span got;

	if (n < 0 && (error == EAGAIN || error == EINTR))
		return false;
	q->replied += n > 0 ? (size_t)n : 0;
	got = span_of(q->reply, q->replied);
	/* A 404 ends with the connection instead of a NUL. */
	if (span_find(got, '\0') < got.len || (n <= 0 && got.len > 0)) {
		bool is_open = take_reply(q, span_first(got, span_find(got, '\0')), now);

		if (is_open && n <= 0)
			give_up(q, nobody, 0, now);
		return is_open;
	}
	if (n <= 0)
		give_up(q, nobody, 0, now);
	else if (q->replied == sizeof(q->reply))
		give_up(q, strange, 0, now);
	return false;
}

static enum sink_state step(struct sink *s, struct instant now)
{
	struct query_handler *q = of(s);
	bool going = keep_connected(q, now);

	while (going && q->batch != NULL && q->at < q->batch->results) {
		if (q->batch->items[q->at].len == 0) {
			q->at++;
			continue;
		}
		if (q->query.len == 0)
			ask(q, now);
		going = send_query(q, now) && receive_reply(q, now) && q->fd >= 0;
	}
	if (q->query.len > 0 &&
			instant_reached(instant_after(q->asked_at, milliseconds(PATIENCE_MS)), now))
		say(q, silent, 0);
	if (q->batch == NULL)
		return SINK_IDLE;
	if (q->at < q->batch->results)
		return SINK_BUSY;
	q->batch = NULL;
	return SINK_DONE;
}

static size_t descriptors(struct sink *s, struct pollfd *fds)
{
	struct query_handler *q = of(s);

	if (q->fd < 0)
		return 0;
	fds[0] = (struct pollfd){ q->fd, q->sent < q->query.len ? POLLOUT : POLLIN, 0 };
	return 1;
}

static void polled(struct sink *s, const struct pollfd *fds, size_t n)
{
	struct query_handler *q = of(s);

	/* With nothing asked, all it can say is that it goes. */
	if (n > 0 && fds[0].fd == q->fd && fds[0].revents != 0 && q->query.len == 0)
		give_up(q, nobody, 0, instant_now());
}

static struct instant deadline(const struct sink *s)
{
	const struct query_handler *q = of_const(s);

	if (q->fd < 0)
		return q->retry_at;
	return q->query.len > 0 && q->problem != silent
			       ? instant_after(q->asked_at, milliseconds(PATIENCE_MS))
			       : INSTANT_NEVER;
}

const struct sink_class query_handler_class = {
	.type = "query_handler",
	.help = "The query handler of Naemon, which answers each result.",
	.settings = settings,
	.config_size = sizeof(struct query_handler_config),
	.check = check,
	.create = create,
	.destroy = destroy,
	.resume = resume,
	.encode = encode,
	.encode_command = encode_one_command,
	.submit = submit,
	.step = step,
	.descriptors = descriptors,
	.polled = polled,
	.deadline = deadline,
};
