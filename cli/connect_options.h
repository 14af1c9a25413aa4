/* SPDX-License-Identifier: MIT */
/*
 * The options that say which broker a verb talks to, and as whom: the same for every verb.
 *
 *     struct watch { struct connect_options connect; ... };
 *     static const struct setting watch_options[] = {
 *             CONNECT_ROWS(struct watch, connect.), ... { 0 } };
 */
#ifndef CLI_CONNECT_OPTIONS_H
#define CLI_CONNECT_OPTIONS_H

#include "cli/link.h"
#include "cli/options.h"

struct connect_options {
	char *broker, *password_file, *cafile, *certfile, *keyfile;
	uint64_t timeout; /* seconds */

	/* Of connect_options_check(). */
	struct url url;
	char *password;
	struct tls_context *tls; /* NULL: of no mqtts:// broker */
};

#define BROKER_HELP                                                                                \
	"mqtt://[USER@]HOST[:PORT], mqtts://... or unix:[USER@]/PATH. Default: the environment's " \
	"BELFRY_BROKER, else mqtt://127.0.0.1:1883."

/* clang-format off */
#define CONNECT_ROWS(T, at) \
{ "password-file",  SETTING_TEXT,     SETTING_FIELD(T, char *, at password_file),   1, 4096,     NULL, 0, \
  "File whose first line is the password of USER.", NULL }, \
{ "cafile",         SETTING_TEXT,     SETTING_FIELD(T, char *, at cafile),          1, 4096,     NULL, 0, \
  "Authorities that may have signed the certificate of a mqtts:// broker. Default: those of the system.", NULL }, \
{ "certfile",       SETTING_TEXT,     SETTING_FIELD(T, char *, at certfile),        1, 4096,     NULL, 0, \
  "Our own certificate, for brokers that ask for one; needs --keyfile.", NULL }, \
{ "keyfile",        SETTING_TEXT,     SETTING_FIELD(T, char *, at keyfile),         1, 4096,     NULL, 0, \
  "The private key of --certfile.", NULL }, \
{ "timeout",        SETTING_DURATION, SETTING_FIELD(T, uint64_t, at timeout),       1, 3600,     "10s", 0, \
  "How long to wait for the connection, and then for each answer.", NULL }
/* clang-format on */

/*
 * Work out url and password, and look whether the files are there. False after an error was
 * printed. Either way connect_options_finish() follows.
 */
bool connect_options_check(const struct verb *verb, struct connect_options *o);
void connect_options_finish(struct connect_options *o);

/* What link_open() wants. Borrows from `o` and the verb's name. */
struct link_config connect_options_link(const struct verb *verb, const struct connect_options *o);

/*
 * Names and addresses block inside libmosquitto: between these two the program ends by itself,
 * with EXIT_UNREACHABLE and a sentence, when the timeout has passed.
 */
void connect_watchdog_start(const struct verb *verb, const struct connect_options *o);
/* The same for a verb with an answer of its own: `line` on stdout, and `code`. */
void connect_watchdog_start_with(const char *line, int code, const struct connect_options *o);
void connect_watchdog_stop(void);

#endif
