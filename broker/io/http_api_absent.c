/* SPDX-License-Identifier: MIT */
#include "broker/io/http_api.h"

bool http_api_is_available(void)
{
	return false;
}

struct http_api *http_api_create(struct reactor *r, struct sys *sys)
{
	(void)r;
	(void)sys;
	log_error("http_api: this broker was built without libmicrohttpd");
	return NULL;
}

void http_api_destroy(struct http_api *h)
{
	(void)h;
}

void http_api_admit(struct http_api *h, int fd)
{
	(void)h;
	close(fd);
}
