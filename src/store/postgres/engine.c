#include "store/engine.h"

const struct store_engine postgres_engine = { .name = "postgres", .scheme = "postgres", .dialect = SQL_POSTGRES };
