/* SPDX-License-Identifier: MIT */
/*
 * What a daemon does with itself.
 */
#ifndef COMMON_PROCESS_H
#define COMMON_PROCESS_H

/* Write the process id and a newline; the file is replaced. Returns 0 or -errno. */
int pid_file_write(const char *path);

#endif
