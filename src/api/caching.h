#pragma once
/* Cache-Control of reads: what the collection declares, and careful words where it declares nothing. */
#include "api/request.h"

void caching_say(struct request *request);
