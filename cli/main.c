/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "cli/verbs.h"

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN);
	return verbs_run(argc, argv);
}
