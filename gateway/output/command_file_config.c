/* SPDX-License-Identifier: MIT */
#include "common/mem.h"
#include "gateway/output/command_file.h"

#define O(type, field) SETTING_FIELD(struct command_file_config, type, field)

static const struct setting_choice core_words[] = {
	{ "auto", CORE_AUTO },
	{ "nagios", CORE_NAGIOS },
	{ "naemon", CORE_NAEMON },
	{ "icinga", CORE_ICINGA },
	{ NULL, 0 },
};
static const struct setting_choice deliveries[] = {
	{ "confirmed", DELIVERY_CONFIRMED },
	{ "pipe", DELIVERY_PIPE },
	{ NULL, 0 },
};

/* clang-format off */
const struct setting command_file_settings[] = {
{ "path",          SETTING_TEXT,   O(char *, path),             1, 4000,      NULL, SETTING_REQUIRED,
  "The core's command pipe (command_file in nagios.cfg).", NULL },
{ "core",          SETTING_CHOICE, O(int, core),                0, 0,         "auto", 0,
  "Whose pipe it is: nagios, naemon or icinga, which read texts and times differently. auto: by the names of pipe, folder and owner, else nagios; the log says which.", core_words },
{ "delivery",      SETTING_CHOICE, O(int, delivery),            0, 0,         "confirmed", 0,
  "confirmed: batches in files that the core removes when it has applied them; it does nothing else while it applies one. pipe: lines straight into the pipe, without confirmation.", deliveries },
{ "batch_dir",     SETTING_TEXT,   O(char *, batch_dir),        1, 3500,      NULL, 0,
  "Folder of the batch files, writable for gateway and core. Default: batches in state_dir.", NULL },
{ "replay_window", SETTING_DURATION, O(uint64_t, replay_window), 0, 3600,     NULL, 0,
  "What was delivered this long before the core went away is handed over again when it is back. Default: 10s for Icinga, which forgets a second of results at each reload, 0 for the others. journal_keep must not be shorter.", NULL },
OBJECTS_SETTING(struct command_file_config, objects),
SINK_SETTINGS(struct command_file_config, "2000", 100000),
{ 0 },
};
/* clang-format on */

void command_file_check(struct output_config *output, const char *state_dir, struct str *problem)
{
	struct command_file_config *o = container_of(output, struct command_file_config, output);
	struct str folder = { 0 };

	o->replay_window_set = settings_line_of(command_file_settings, &output->lines,
					       "replay_window") > 0;
	if (o->batch_dir == NULL) {
		str_printf(&folder, "%s/batches", state_dir);
		o->batch_dir = str_take(&folder);
	}
	if (o->path != NULL && o->path[0] != '/')
		str_printf(problem, "path %s is not absolute; write it from / on", o->path);
	else if (o->batch_dir[0] != '/')
		str_printf(problem,
				"batch_dir %s is not absolute; the core has its own idea of "
				"where it is",
				o->batch_dir);
	else if (o->objects != NULL && o->objects[0] != '/')
		str_printf(problem, "objects %s is not absolute; write it from / on", o->objects);
	else if (strpbrk(o->batch_dir, ";\n\r") != NULL)
		str_append_text(problem, "batch_dir holds a ; which ends a command's argument; "
					 "take another folder");
}
