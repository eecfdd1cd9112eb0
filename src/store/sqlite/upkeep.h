#pragma once
/*
 * What the writer does between groups: it checkpoints the write-ahead log when
 * it has grown, and forgets commits and stored answers that are too old, a
 * slice at a time.
 */
#include "store/sqlite/writer.h"

enum { UPKEEP_PAUSE_NS = 1000000000 };

void upkeep(struct writer *writer);
