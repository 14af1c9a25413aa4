/* SPDX-License-Identifier: MIT */
/*
 * A command_file sink whose core the test plays: it reads the pipe and removes files. setup() and
 * teardown() are a test's, whose state is the fixture.
 */
#ifndef TESTS_UNIT_GATEWAY_COMMAND_FILE_RIG_H
#define TESTS_UNIT_GATEWAY_COMMAND_FILE_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/mem.h"
#include "gateway/output/command_file.h"
#include "gateway/output/fifo.h"
#include "tests/unit/unit.h"

struct fixture {
	char root[64];
	char pipe[96], folder[96], progress_path[96];
	struct command_file_config config;
	struct output_counters counters;
	_Atomic(const char *) problem;
	struct progress_file *progress;
	struct sink *sink;
	struct batch batch;
	struct instant now;
	int core; /* reading end, -1: the core is not running */
	char command[5000];
};

static inline void remove_file(struct fixture *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	assert_int_equal(unlink(path), 0);
}

static inline void start_core(struct fixture *f)
{
	if (mkfifo(f->pipe, 0660) < 0)
		assert_int_equal(errno, EEXIST);
	f->core = open(f->pipe, O_RDONLY | O_NONBLOCK);
	assert_true(f->core >= 0);
}

static inline void stop_core(struct fixture *f)
{
	close(f->core);
	f->core = -1;
}

static inline void make_sink(struct fixture *f)
{
	struct sink_env env = { .journal = 0x1234,
		.progress = f->progress,
		.counters = &f->counters,
		.problem = &f->problem };

	f->sink = command_file_class.create(&f->config.output, &env);
}

static inline int setup(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct log_config quiet = { .destinations = LOG_TO_NONE };

	log_open(&quiet);
	signal(SIGPIPE, SIG_IGN);
	strcpy(f->root, "/tmp/belfry-sink-XXXXXX");
	assert_non_null(mkdtemp(f->root));
	snprintf(f->pipe, sizeof(f->pipe), "%s/nagios.cmd", f->root);
	snprintf(f->folder, sizeof(f->folder), "%s/batches", f->root);
	snprintf(f->progress_path, sizeof(f->progress_path), "%s/progress", f->root);
	f->config = (struct command_file_config){
		.output = { .name = xstrdup("nagios"), .max_output = 8192, .batch_results = 100 },
		.path = f->pipe,
		.batch_dir = f->folder,
	};
	f->core = -1;
	f->now = (struct instant){ 1000000000 };
	assert_int_equal(progress_open(f->progress_path, 0x1234, &f->progress), 0);
	make_sink(f);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;
	char command[128];

	command_file_class.destroy(f->sink);
	progress_close(f->progress);
	str_finish(&f->batch.text);
	free(f->config.output.name);
	if (f->core >= 0)
		close(f->core);
	snprintf(command, sizeof(command), "rm -r %s", f->root);
	assert_int_equal(system(command), 0);
	free(f);
	return 0;
}

static inline enum sink_state step(struct fixture *f)
{
	return command_file_class.step(f->sink, f->now);
}

static inline enum sink_state step_after(struct fixture *f, int64_t ms)
{
	f->now = instant_after(f->now, milliseconds(ms));
	return step(f);
}

static inline void submit(struct fixture *f, uint64_t first, uint64_t last, const char *text)
{
	str_clear(&f->batch.text);
	str_append_text(&f->batch.text, text);
	f->batch.first = first;
	f->batch.last = last;
	f->batch.results = 1;
	command_file_class.submit(f->sink, &f->batch);
}

/* What the core finds in the pipe; "" when there is nothing. */
static inline const char *read_pipe(struct fixture *f)
{
	ssize_t n = read(f->core, f->command, sizeof(f->command) - 1);

	f->command[n > 0 ? n : 0] = '\0';
	return f->command;
}

static const char file_name[] = "nagios-00001234-5-9";

static inline bool file_exists(struct fixture *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, file_name);
	return access(path, F_OK) == 0;
}

static inline void core_applies(struct fixture *f)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, file_name);
	assert_int_equal(unlink(path), 0);
}

static inline bool commanded(struct fixture *f)
{
	char expected[200];

	snprintf(expected, sizeof(expected), "] PROCESS_FILE;%s/%s;1\n", f->folder, file_name);
	return strstr(read_pipe(f), expected) != NULL && f->command[0] == '[';
}

#endif
