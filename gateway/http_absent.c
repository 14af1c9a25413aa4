/* SPDX-License-Identifier: MIT */
#include "common/log.h"
#include "gateway/http.h"

bool http_is_available(void)
{
	return false;
}

struct http *http_start(const struct http_env *env)
{
	(void)env;
	log_error("http_listen: this belfry-gateway was built without libmicrohttpd");
	return NULL;
}

void http_stop(struct http *h)
{
	(void)h;
}
