/* SPDX-License-Identifier: MIT */
/*
 * The folder of check results (check_result_path) of Nagios and Naemon as an output: the core looks
 * into it whenever it runs, so that results may wait there for a core that is away, and needs no
 * command pipe. It looks every check_result_reaper_frequency, by default each 10 seconds.
 *
 *     batch ─▶ cXXXXXX ─▶ progress ─▶ cXXXXXX.ok ─▶ (core applies every record) ─▶ unlink ─▶ done
 *
 * One file is out at a time, because the core takes files in the order of the folder and not of
 * their times. It removes a file that it has applied, and one that is older than its
 * max_check_result_file_age, unread. So the file is made young again long before that, and a
 * removal of one that had become too old is no confirmation: the results go there again.
 */
#ifndef GATEWAY_OUTPUT_CHECK_RESULTS_H
#define GATEWAY_OUTPUT_CHECK_RESULTS_H

#include "gateway/output/sink.h"

struct check_results_config {
	struct output_config output;
	char *path;
	uint64_t max_file_age; /* seconds */
};

extern const struct sink_class check_results_class;

#endif
