#pragma once
/* What the engine and its migrations share: where the database lies, and who may change it. */
#include "store/store.h"

/* "sqlite:data/handbook.db" -> FOLDER/data/handbook.db, from malloc. */
char *sqlite_database_path(const struct store_options *options);
/* The lock of the data folder, which is made; ERR_CONFLICT where another process has it. */
enum err sqlite_lock_folder(const char *data_folder, int *ret_fd, struct buf *ret_detail) MUST_USE;
