#pragma once
/* Forgetting what is too old, a slice at a time, by one node at a time. */
#include "store/postgres/connection.h"

#define UPKEEP_EVERY_US INT64_C(60000000)

enum err upkeep_blocking(struct postgres_connection *connection) MUST_USE;
