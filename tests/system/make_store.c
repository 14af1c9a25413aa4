/* SPDX-License-Identifier: MIT */
/*
 * make_store FOLDER SESSIONS MESSAGES [dangling]: a store for the tests of `belfry store`.
 */
#include <errno.h>
#include <sys/stat.h>

#include "tests/store_maker.h"

int main(int argc, char **argv)
{
	int result;

	if (argc < 4) {
		fprintf(stderr, "usage: %s FOLDER SESSIONS MESSAGES [dangling]\n", argv[0]);
		return 2;
	}
	result = mkdir(argv[1], 0700) < 0 && errno != EEXIST ? -errno : 0;
	if (result == 0)
		result = make_store(argv[1], strtoull(argv[2], NULL, 10),
				strtoull(argv[3], NULL, 10), argc > 4);
	if (result < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-result));
	return result < 0;
}
