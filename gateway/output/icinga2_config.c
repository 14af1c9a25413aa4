/* SPDX-License-Identifier: MIT */
#include "common/mem.h"
#include "common/secret.h"
#include "gateway/output/icinga2.h"
#include "gateway/output/icinga2_access.h"

#define O(type, field) SETTING_FIELD(struct icinga2_config, type, field)

/* clang-format off */
const struct setting icinga2_settings[] = {
{ "url",           SETTING_TEXT,     O(char *, url),             1, 1024,      NULL, SETTING_REQUIRED,
  "Icinga's API (object ApiListener): https://HOST[:PORT]. The name has to be in its certificate.", NULL },
{ "user",          SETTING_TEXT,     O(char *, user),            1, 255,       NULL, 0,
  "Name of the ApiUser. It needs the permissions status/query and actions/process-check-result.", NULL },
{ "password_file", SETTING_TEXT,     O(char *, password_file),   1, 4096,      NULL, 0,
  "File whose first line is the password of the ApiUser.", NULL },
{ "cafile",        SETTING_TEXT,     O(char *, cafile),          1, 4096,      NULL, SETTING_REQUIRED,
  "Certificate authorities that may have signed Icinga's certificate, in PEM form: /var/lib/icinga2/ca/ca.crt of its master.", NULL },
{ "certfile",      SETTING_TEXT,     O(char *, certfile),        1, 4096,      NULL, 0,
  "The gateway's own certificate, instead of user and password: that of an ApiUser with client_cn.", NULL },
{ "keyfile",       SETTING_TEXT,     O(char *, keyfile),         1, 4096,      NULL, 0,
  "The private key of certfile.", NULL },
{ "connections",   SETTING_NUMBER,   O(uint64_t, connections),   1, ICINGA2_MAX_CONNECTIONS, "2", 0,
  "Connections to Icinga. The results of one host or service all take the same one.", NULL },
{ "pipeline",      SETTING_NUMBER,   O(uint64_t, pipeline),      1, 1000,      "16", 0,
  "Requests that may be on the way on each connection without an answer.", NULL },
{ "check_source",  SETTING_TEXT,     O(char *, check_source),    1, 255,       NULL, 0,
  "What Icinga shows as the source of a result that names none itself.", NULL },
{ "timeout",       SETTING_DURATION, O(uint64_t, timeout),       1, 3600,      "30s", 0,
  "How long Icinga may take to be connected to, and to answer.", NULL },
{ "replay_window", SETTING_DURATION, O(uint64_t, replay_window), 1, 300,       "10s", 0,
  "When Icinga was reloaded or restarted: how much of what it took before is handed over again. The journal keeps it as long.", NULL },
SINK_SETTINGS(struct icinga2_config, "1000", 100000),
{ 0 },
};
/* clang-format on */

void icinga2_check(struct output_config *output, const char *state_dir, struct str *problem)
{
	const struct icinga2_config *c = container_of(output, struct icinga2_config, output);
	const char *const files[] = { c->password_file, c->cafile, c->certfile, c->keyfile };
	struct icinga2_access access = { 0 };

	(void)state_dir;
	for (size_t i = 0; i < array_size(files); i++)
		secret_digest(files[i], &output->files);
	if (c->url == NULL || c->cafile == NULL)
		return; /* said already */
	if ((c->certfile == NULL) != (c->keyfile == NULL))
		str_append_text(problem, "certfile and keyfile go together; add the other one");
	else if (c->user == NULL && c->certfile == NULL)
		str_append_text(problem, "has nobody to log in as; add user and password_file, or "
					 "certfile and keyfile");
	else if ((c->user == NULL) != (c->password_file == NULL))
		str_append_text(problem, "user and password_file go together; add the other one");
	else if (c->user != NULL && strchr(c->user, ':') != NULL)
		str_append_text(problem, "user holds a colon, which ends a user's name");
	else
		icinga2_access_load(&access, c, problem);
	icinga2_access_finish(&access);
}
