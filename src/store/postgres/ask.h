#pragma once
/* The engine's side of store/ask.h. */
#include "store/ask.h"

enum err postgres_ask_blocking(const struct store_options *options, struct str statement,
    int64_t timeout_ms, const struct ask_rows *rows, struct buf *ret_detail) MUST_USE;
enum err postgres_ask_write(
    struct tx *tx, struct str statement, int64_t *ret_changed, struct buf *ret_detail) MUST_USE;
