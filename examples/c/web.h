/* The product's web server: SCIM at /scim/v2, and the table of people at /people. */
#ifndef WEB_H
#define WEB_H

#include "people.h"

struct web;

/* Listens on 127.0.0.1; port 0 takes any. Whoever has the token may provision. */
struct web *web_start(const scimdb_store *db, struct people *people, int port, const char *token);
int web_port(const struct web *web);
void web_stop(struct web *web);

#endif
