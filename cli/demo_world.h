/* SPDX-License-Identifier: MIT */
/*
 * The scratch folder of the demo: the configuration of broker, gateway and a private Nagios Core,
 * and everything they write. Nothing outside of it is touched.
 *
 *     broker.conf  gateway.conf  nagios.cfg  objects.cfg      written by world_create()
 *     broker.log   gateway.log   nagios.out                   what the programs print
 *     nagios.log   status.dat    nagios.cmd  gateway/ ...     theirs
 */
#ifndef CLI_DEMO_WORLD_H
#define CLI_DEMO_WORLD_H

#include "common/str.h"

/* What the private Nagios knows, hosts before their services. Ended by a NULL host. */
struct demo_object {
	const char *host;
	const char *service; /* NULL: the host itself */
};

extern const struct demo_object demo_objects[];

/* Zeroed memory is valid and empty. */
struct world {
	char *folder;
	uint16_t port; /* of the broker, on 127.0.0.1 */
};

/*
 * Make the folder in $TMPDIR, or in /tmp, choose a port (1883 when it is free) and write the
 * configuration. False with a sentence in *problem.
 */
bool world_create(struct world *w, struct str *problem);

/* "FOLDER/NAME"; the caller frees it. */
char *world_path(const struct world *w, const char *name);

/* Remove the folder with all there is in it. */
void world_remove(struct world *w);

/* Forget the folder and leave it where it is. */
void world_finish(struct world *w);

#endif
