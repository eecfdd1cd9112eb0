#pragma once
/* The prepared statements of a connection: a cache by text and parameter types. */
#include "store/postgres/connection.h"

void statements_init(struct postgres_connection *connection);
void statements_release(struct postgres_connection *connection);
/* The session has ended, and its statements with it. */
void statements_forget(struct postgres_connection *connection);
void statement_forget(struct prepared *prepared);
