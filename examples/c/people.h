/* The product's own table of people, beside its SCIM endpoint. */
#ifndef PEOPLE_H
#define PEOPLE_H

#include <scimdb.h>

struct people;

/* Makes the table from the users of a store, and keeps a copy of it in a file. */
struct people *people_open(const scimdb_store *db, const char *file);

/* Takes over what the store now says of a user, who may be gone. Any thread may call it, and in any order: the store is
   asked while the table is locked, so what was committed last is what stays. */
void people_refresh(struct people *people, const char *id);

/* The table as a JSON array, sorted by userName: to be freed. */
char *people_json(struct people *people);

void people_close(struct people *people);

#endif
