/* SPDX-License-Identifier: MIT */
/*
 * That names are as they are survives a power cut. To sync a file says nothing of its name: that
 * is its folder's, and the folder's own name is in the one above.
 */
#ifndef COMMON_FOLDER_H
#define COMMON_FOLDER_H

/* The names in the folder at `path`. 0 or -errno. */
int folder_sync(const char *path);

/* The folder's own name: what is in the one above. 0 or -errno. */
int folder_sync_parent(const char *path);

#endif
